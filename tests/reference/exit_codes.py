"""The table of exit codes, of portcheck/exitcodes.py."""

from __future__ import annotations

from portcheck.exitcodes import EVERY, OWN, PLUGIN

from .markdown import table as rows_of

CODES = sorted({code for own in (EVERY, *OWN.values()) for code in own})


def table() -> str:
    """Commands by codes; an empty cell means what the row of every command says."""
    rows = [("every command", EVERY), *((f"`{name}`", OWN[name]) for name in sorted(OWN, key=lambda n: n == PLUGIN))]
    return rows_of(
        ("command", *map(str, CODES)), ([name, *(meanings.get(code, "") for code in CODES)] for name, meanings in rows)
    )
