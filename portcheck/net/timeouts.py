"""How long to wait for whom, and how often to try."""

from __future__ import annotations

from portcheck.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait and fresh sockets to try."""

    connect_s: float = 4.0
    answer_s: float = 10.0
    attempts: int = 3
