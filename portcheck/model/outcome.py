"""An outcome: what one check saw on the wire (state), and what that means for the profiles (verdict)."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum

from portcheck.frozen import dataclass
from portcheck.model.check import Check

Facts = dict[str, object]
"""What an answer told: JSON values only; keys are snake_case with the unit in the name (`clock_skew_s`)."""


class State(StrEnum):
    """What was seen on the wire."""

    OK = "ok"
    OPEN = "open"
    REFUSED = "refused"
    FILTERED = "filtered"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"
    MUTE = "mute"
    RESET = "reset"
    MISMATCH = "mismatch"
    UNRESOLVED = "unresolved"
    SKIPPED = "skipped"
    ERROR = "error"


class Verdict(StrEnum):
    """What the state means for the profile."""

    PASS = "pass"  # noqa: S105
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"
    UNKNOWN = "unknown"


class Stage(StrEnum):
    """How far the exchange came."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    TLS = "tls"
    REQUEST = "request"
    ANSWER = "answer"


GOOD = frozenset({State.OK, State.OPEN})
"""The service is there."""

BLOCKED = frozenset({State.FILTERED, State.REJECTED, State.UNREACHABLE})
"""The path or a device in it stood in the way; the service itself was never heard."""

FAULTY = frozenset({Verdict.FAIL, Verdict.WARN})
"""Not as the profile expects."""


@dataclass(frozen=True, slots=True)
class Trace:
    """One step in a check's timeline."""

    at_ms: float
    event: str  # sent, received, connected, refused, icmp, timeout, closed, note …
    detail: str


@dataclass(frozen=True, slots=True)
class BlockedAt:
    """Where the path ends: a device said no (`by`), or the silence begins at hop `hop` or beyond it.

    `suspects`: who may be dropping it, nearest first; None stands for a device without a name. The last router heard is
    one of them: it says that a packet's time is up before its own filter sees the packet.
    """

    by: str | None = None
    after: str | None = None
    hop: int | None = None
    suspects: tuple[str | None, ...] = ()

    @property
    def last_heard(self) -> str:
        """Where a silence begins, in words that clear nobody; empty where that is not known."""
        if self.after is None:
            return "" if self.hop is None else f"no router heard beyond hop {self.hop}"
        hop = "" if self.hop is None else f" (hop {self.hop})"
        return f"last heard: {self.after}{hop}; it or something beyond drops it"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one check saw, and what that means for the profiles."""

    check: Check
    state: State
    reason: str
    verdict: Verdict = Verdict.UNKNOWN
    stage: Stage | None = None
    attempts: int = 0  # connections tried or datagrams sent
    answers: int = 0  # replies of any kind: connections accepted, datagrams, refusals, ICMP
    latency_ms: float | None = None
    elapsed_ms: float = 0.0
    facts: Facts = field(default_factory=dict)
    evidence: tuple[Trace, ...] = ()
    blocked_at: BlockedAt | None = None
    started_at: str = ""  # UTC, ISO 8601 with milliseconds and Z; empty: nothing was sent, or not known
