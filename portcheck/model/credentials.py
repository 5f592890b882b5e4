"""An account to sign in with. Its password is shown by nothing: not by repr, not by a traceback, not by a report."""

from __future__ import annotations

from dataclasses import field, replace
from enum import StrEnum

from portcheck.frozen import dataclass


class Method(StrEnum):
    """How the account proves itself."""

    SIMPLE = "simple"  # the password itself, only ever through verified TLS
    NTLM = "ntlm"  # a proof of the password
    KERBEROS = "kerberos"  # a ticket from this user's cache


class Secret:
    """A text that is never shown by accident."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def out_of(self, said: str) -> str:
        """What somebody said who was told it: without it."""
        return said.replace(self._text, "(not shown)") if self._text else said

    def __repr__(self) -> str:
        return "Secret(…)"


@dataclass(frozen=True, slots=True)
class Credentials:
    """For one forest. `user` as AD takes it: name@domain, DOMAIN\\name or a DN; empty: whoever has the ticket."""

    user: str
    method: Method = Method.SIMPLE
    password: Secret = field(default_factory=lambda: Secret(""))
    ous: tuple[str, ...] = ()  # where the account is to create users and reset passwords

    def of_domain(self, domain: str) -> Credentials:
        """A bare name is one of this domain."""
        bare = self.user and not any(sign in self.user for sign in "@\\=")
        return replace(self, user=f"{self.user}@{domain}") if bare and domain else self
