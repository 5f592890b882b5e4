"""Text from the network, made safe to print and to keep: a peer steers no terminal with it, and swells no report."""

from __future__ import annotations

LIMIT = 256
"""Characters kept; no name, banner or fault of these protocols needs more."""

MOST = 64
"""Values of a list that are kept; more would be read by nobody."""

DEEPEST = 6
CUT = "…"
UNSHOWN = "?"
"""In place of what a terminal would obey; no dot, or a name would become another name."""


def printable(data: bytes, encoding: str = "utf-8", limit: int = LIMIT) -> str:
    """The text in `data`, each control or undecodable character shown as `?`; cut where it is longer."""
    text = cut(data[: 4 * limit + 4].decode(encoding, "replace"), limit)
    return "".join(c if c.isprintable() and c != "\N{REPLACEMENT CHARACTER}" else UNSHOWN for c in text)


def cut(text: str, limit: int = LIMIT) -> str:
    """At most `limit` characters; the last one says that there were more."""
    return text if len(text) <= limit else text[: limit - 1] + CUT


def bounded(value: object, most: int = MOST, depth: int = 0) -> object:
    """Anything that an answer told, of a size that a report can carry: the one place where facts are cut.

    A list of texts says at its end how many were left out; other lists, and objects, end after `most`.
    """
    match value:
        case str():
            return cut(value)
        case list() | tuple():
            if depth == DEEPEST:
                return []
            kept = [bounded(one, most, depth + 1) for one in value[:most]]
            more = len(value) - most
            return [*kept, f"{CUT} and {more} more"] if more > 0 and all(isinstance(v, str) for v in kept) else kept
        case dict():
            if depth == DEEPEST:
                return {}
            kept_rows = list(value.items())[:most]
            return {cut(str(key)): bounded(one, most, depth + 1) for key, one in kept_rows}
        case _:
            return value


def facts(told: dict[str, object], most: int = MOST) -> dict[str, object]:
    """The facts of an outcome, cut; as many of them as there are, for their names are ours."""
    return {key: bounded(value, most) for key, value in told.items()}
