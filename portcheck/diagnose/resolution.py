"""The rows of a forest's fact `resolution`: where programs on this machine find a name, and where DNS says it is."""

from __future__ import annotations

from collections.abc import Mapping

from portcheck.diagnose.reader import printable
from portcheck.diagnose.view import ForestFacts

Row = Mapping[str, object]


def rows(f: ForestFacts) -> list[Row]:
    told = f.forest.facts.get("resolution")
    return [row for row in told if isinstance(row, dict)] if isinstance(told, list) else []


def addresses_in(row: Row, key: str) -> list[str]:
    told = row.get(key)
    return [printable(str(address)) for address in told] if isinstance(told, list) else []


def answered_by(row: Row) -> dict[str, str]:
    """By what name the host at an address calls itself."""
    told = row.get("answered_by")
    return {str(at): printable(str(who)) for at, who in told.items()} if isinstance(told, dict) else {}


def by_turns(row: Row) -> list[str]:
    """Addresses of a name that programs got, and that DNS gave another time."""
    return addresses_in(row, "dns_by_turns")
