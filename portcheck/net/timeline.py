"""What happened during one check, in order: the evidence, and how far the exchange came."""

from __future__ import annotations

import time
from dataclasses import field
from datetime import UTC, datetime

from portcheck.frozen import dataclass
from portcheck.model import Facts, Stage, Trace, utc
from portcheck.net.lag import missed_s

UNANSWERED = "source_ports_unanswered"
"""The fact that names this machine's ports from which it was asked in vain."""
LONGEST = 60  # a check that needs more steps than this has said enough

REPEATED = ("answered_on_attempt", "resent", "syn_resent", "retransmits")
"""Facts that say that a first try was lost."""


def repeated(facts: Facts) -> bool:
    """Did it take more than one try?"""
    return any(isinstance(count := facts.get(key), int) and count > 0 for key in REPEATED)


@dataclass(slots=True)
class Timeline:
    """One check's clock, counters and timeline."""

    started: float = field(default_factory=time.monotonic)
    began: float = field(default_factory=time.time)  # Unix seconds, by this machine's clock
    stage: Stage = Stage.CONNECT
    attempts: int = 0
    answers: int = 0
    latency_ms: float | None = None
    answered_at: float | None = None  # Unix seconds: when the latest answer came, for comparing clocks
    steps: list[Trace] = field(default_factory=list)
    facts: Facts = field(default_factory=dict)
    head: bytes = b""  # the first bytes of the latest answer, for naming a foreign protocol
    missed_s: float = field(default_factory=missed_s)  # as it was at the start

    @property
    def away_s(self) -> float:
        """So many seconds this program looked at nothing meanwhile: busy, stopped, asleep, or its clock was set."""
        set_s = abs((time.time() - self.began) - (time.monotonic() - self.started))
        return missed_s() - self.missed_s + set_s

    def tried(self, port: int) -> None:
        """From this local port something was asked, whatever came of it."""
        self._noted("source_ports", port)

    def unanswered(self, port: int) -> None:
        """A try from this local port had no answer."""
        self.tried(port)
        self._noted(UNANSWERED, port)

    def _noted(self, key: str, port: int) -> None:
        ports = self.facts.setdefault(key, [])
        if isinstance(ports, list) and port not in ports and len(ports) < LONGEST:
            ports.append(port)

    def elapsed_ms(self) -> float:
        return round((time.monotonic() - self.started) * 1000, 1)

    def started_at(self) -> str:
        """When the first try began: UTC, ISO 8601 with milliseconds and Z."""
        return utc.written(datetime.fromtimestamp(self.began, UTC), "milliseconds")

    def adopt(self, other: Timeline) -> None:
        """What happened beside this on the way to the answer becomes part of it; both clocks started together."""
        self.stage, self.head, self.latency_ms, self.answered_at = (
            other.stage, other.head, other.latency_ms, other.answered_at,
        )  # fmt: skip
        self.attempts += other.attempts
        self.answers += other.answers
        self.facts |= other.facts
        self.steps = sorted((*self.steps, *other.steps), key=lambda step: step.at_ms)[:LONGEST]

    def note(self, event: str, detail: str) -> None:
        if len(self.steps) < LONGEST:
            self.steps.append(Trace(self.elapsed_ms(), event, detail))
