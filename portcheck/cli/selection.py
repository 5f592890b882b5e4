"""Flags that several commands read alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from portcheck.config import ConfigError, family, parse_duration
from portcheck.net.platform.machine import is_own

T = TypeVar("T")


def families(*, four: bool, six: bool, source: str | None = None) -> tuple[str, ...]:
    """The address records to ask for, by `-4`, `-6` and the address to send from."""
    if four and six:
        raise ConfigError("-4 and -6 exclude each other; leave both out for both families")
    wanted = ("A",) if four else ("AAAA",) if six else ("A", "AAAA")
    if source is None:
        return wanted
    if family(source) not in wanted:
        raise ConfigError(f"{'-4' if four else '-6'}: --source-ip {source} is of the other family")
    if not is_own(source):
        raise ConfigError(f"--source-ip: {source} is not an address of this machine")
    return ("AAAA",) if ":" in source else ("A",)


def given(**values: object) -> dict[str, Any]:
    """Those that the user gave."""
    return {key: value for key, value in values.items() if value is not None}


def duration(flag: str, text: str | None) -> float | None:
    return None if text is None else flagged(flag, parse_duration, text)


def flagged(flag: str, parse: Callable[[str], T], text: str) -> T:
    """The value of a flag; what is wrong with it is said with the flag's name."""
    try:
        return parse(text)
    except ConfigError as error:
        raise ConfigError(f"{flag}: {error}") from None
