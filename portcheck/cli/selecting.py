"""Flags that several commands read alike."""

from __future__ import annotations

from portcheck.config import ConfigError


def families(*, four: bool, six: bool) -> tuple[str, ...]:
    """The address records to ask for, by `-4` and `-6`."""
    if four and six:
        raise ConfigError("-4 and -6 exclude each other; leave both out for both families")
    return ("A",) if four else ("AAAA",) if six else ("A", "AAAA")
