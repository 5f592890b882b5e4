"""What a sign-in has to know of a controller."""

from __future__ import annotations

from typing import Protocol

from portcheck.model import Facts
from portcheck.model.target import Target


class SignInHost(Protocol):
    """A target, what its LDAP ping told, and the domain that it is asked about."""

    @property
    def place(self) -> Target: ...

    @property
    def ping(self) -> Facts: ...

    @property
    def root(self) -> Facts:
        """What its rootDSE told."""

    @property
    def domain(self) -> str: ...
