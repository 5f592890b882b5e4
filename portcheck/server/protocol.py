"""How one service speaks: its answers, how its stream is cut into questions, when it says no more, and what TLS."""

from __future__ import annotations

import ssl
from collections.abc import Callable

from portcheck.frozen import dataclass

Answering = Callable[[bytes], bytes]
Frame = Callable[[bytes], int | None]

LONGEST = 1 << 17  # bytes of one question
PATIENCE_S = 15.0  # for a whole conversation


def never(_: bytes) -> bool:
    return False


def datagram(_: bytes) -> None:
    return None


@dataclass(frozen=True, slots=True)
class ProtocolHandler:
    """`tls` from the first byte on; `upgrade` after a question that `upgrades`."""

    answer: Answering  # WireError where a real server stays silent or hangs up
    frame: Frame = datagram
    tls: ssl.SSLContext | None = None
    upgrade: ssl.SSLContext | None = None
    upgrades: Callable[[bytes], bool] = never
    ends: Callable[[bytes], bool] = never  # an answer after which the server hangs up
    once: Callable[[bytes], bool] = never  # a question whose repetition is answered by hanging up
    deaf_to: frozenset[int] = frozenset()  # source ports that get a reset, or silence
    greeting: bytes = b""  # said unasked
    longest: int = LONGEST
    patience_s: float = PATIENCE_S
