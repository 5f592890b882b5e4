"""What a child process may know: this program's environment without the secrets that were given to it alone."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, MutableMapping

SECRET = re.compile(r"PORTCHECK_(PASSWORD|NOTIFY)(_.*)?", re.IGNORECASE | re.DOTALL)
"""Passwords by forest, and the notices' URLs, which hold some."""


def without_secrets(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not SECRET.fullmatch(name)}


def forget_secrets(environ: MutableMapping[str, str] = os.environ) -> None:
    """Before foreign code runs that may start processes of its own, and after the secrets have been read."""
    for name in [name for name in environ if SECRET.fullmatch(name)]:
        del environ[name]
