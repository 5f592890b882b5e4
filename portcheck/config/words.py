"""What a complaint is made of: the error itself, foreign text made fit to print, and the nearest valid word."""

from __future__ import annotations

from collections.abc import Collection

SHOWN = 60
"""Characters of foreign text in a message; the rest is cut."""

LISTED = 40
"""Words that a complaint lists; of more their number is told."""

HUGE = 10**18
"""Above this an integer is not printed: beyond 4300 digits Python itself refuses to."""

KINDS = {bool: "a truth value", int: "a number", float: "a number", list: "an array", dict: "a table"}


class ConfigError(Exception):
    """One line: where, what, and what to do about it."""


def printable(text: str, limit: int = SHOWN) -> str:
    """`text` on one line, without control characters or anything else a terminal would act on, and not too long."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)


def shown(value: object) -> str:
    """A value as its writer knows it: text in quotes, numbers and truth values as TOML spells them, else its kind."""
    match value:
        case str():
            return f"'{printable(value)}'"
        case bool():
            return "true" if value else "false"
        case int() if abs(value) > HUGE:
            return "a huge number"
        case int() | float():
            return str(value)
        case _:
            return KINDS.get(type(value), "a date or time")


def nearest(word: str, known: Collection[str]) -> str:
    """The end of a complaint about an unknown word: the one it was meant to be, or those there are."""
    from difflib import get_close_matches  # only a mistake needs it

    close = get_close_matches(word[:SHOWN].lower(), sorted(known), n=1)
    if close:
        return f"; did you mean '{close[0]}'?"
    if not known:
        return ""
    more = f" and {len(known) - LISTED} more" if len(known) > LISTED else ""
    return f"; known: {', '.join(map(printable, sorted(known)[:LISTED]))}{more}"
