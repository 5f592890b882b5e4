"""Bytes to frozen dataclasses and back: no sockets, no clock, standard library only."""


class WireError(ValueError):
    """The peer's bytes are not what the protocol allows: truncated, foreign, or contradicting themselves."""
