"""Text from the network, made safe to print: a peer must not be able to steer the reader's terminal."""

from __future__ import annotations

LIMIT = 256
"""Characters kept; no name, banner or fault of these protocols needs more."""


def printable(data: bytes, encoding: str = "utf-8", limit: int = LIMIT) -> str:
    """The text in `data`, each control or undecodable character shown as a dot."""
    text = data[: 4 * limit].decode(encoding, "replace")[:limit]
    return "".join(c if c.isprintable() and c != "\N{REPLACEMENT CHARACTER}" else "." for c in text)
