"""The nouns every other part speaks in: forests, checks, what was seen, what it means, and the report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

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


class Severity(StrEnum):
    """How much a finding hurts."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Need(StrEnum):
    """How badly a profile needs a service."""

    REQUIRED = "required"
    CONDITIONAL = "conditional"
    OPTIONAL = "optional"


class Stage(StrEnum):
    """How far the exchange came."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    TLS = "tls"
    REQUEST = "request"
    ANSWER = "answer"


class Turn(StrEnum):
    """What became of a finding or a controller between two runs."""

    APPEARED = "appeared"
    GONE = "gone"
    CHANGED = "changed"


class Expected(StrEnum):
    """What the user expects of a port."""

    OPEN = "open"
    CLOSED = "closed"


GOOD = frozenset({State.OK, State.OPEN})
"""The service is there."""

BLOCKED = frozenset({State.FILTERED, State.REJECTED, State.UNREACHABLE})
"""The path or a device in it stood in the way; the service itself was never heard."""


@dataclass(frozen=True, slots=True)
class Check:
    """One question to one service on one address: at most one connection at a time."""

    forest: str
    host: str
    address: str | None  # None: the name has no address
    service: str
    transport: str  # "tcp" | "udp"
    port: int | None  # None: not known until the endpoint mapper answers
    need: Need = Need.REQUIRED
    expected: Expected = Expected.OPEN
    purpose: str = ""  # what the service is for, in a few words
    operations: tuple[str, ...] = ()  # what the profiles do through it
    profiles: tuple[str, ...] = ()  # the profiles that ask for it
    why: str = ""
    source: str = ""  # the document behind `need`
    domain: str = ""  # the AD domain the host is asked about

    @property
    def id(self) -> str:
        """Stable across runs: forest/host/address/service/transport/port."""
        port = "dynamic" if self.port is None else str(self.port)
        return "/".join((self.forest, self.host, self.address or "-", self.service, self.transport, port))

    @property
    def key(self) -> str:
        """As `id`, but the same where the endpoint mapper gives a port anew: what two runs are matched by."""
        stable = self.id.rpartition("/")[0]
        return stable if self.service.startswith("rpc-") else self.id

    @property
    def required(self) -> bool:
        return self.need is Need.REQUIRED

    @property
    def name(self) -> str:
        """Service and transport, as profiles and rules name it: `kpasswd/udp`."""
        return f"{self.service}/{self.transport}"


@dataclass(frozen=True, slots=True)
class Trace:
    """One step in a check's timeline."""

    at_ms: float
    event: str  # sent, received, connected, refused, icmp, timeout, closed, note …
    detail: str


@dataclass(frozen=True, slots=True)
class BlockedAt:
    """Where the path ends: a device said no (`by`), or the silence begins between hop `hop` and the next."""

    by: str | None = None
    after: str | None = None
    hop: int | None = None


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


@dataclass(frozen=True, slots=True)
class Lookup:
    """One DNS question of the discovery and what came back."""

    name: str
    record: str  # SRV, A, AAAA, NS
    server: str  # "system" or the server asked
    status: str  # ok, nxdomain, nodata, servfail, refused, timeout, error …
    answers: tuple[str, ...] = ()  # SRV: "priority weight port target"; A/AAAA: addresses
    elapsed_ms: float = 0.0
    required: bool = True  # missing is a fault, not just a fact


@dataclass(frozen=True, slots=True)
class DomainController:
    """A host of a forest at one of its addresses."""

    host: str
    address: str | None
    source: str  # srv, explicit, argument, dns-server
    site: str | None = None
    roles: tuple[str, ...] = ()  # pdc gc kdc writable rodc time adws dns ldap closest
    facts: Facts = field(default_factory=dict)
    domain: str = ""


@dataclass(frozen=True, slots=True)
class ForestReport:
    """One forest of a run: its controllers and what DNS said."""

    name: str
    profiles: tuple[str, ...]
    domain_controllers: tuple[DomainController, ...] = ()
    lookups: tuple[Lookup, ...] = ()
    problem: str | None = None  # why nothing could be asked, if so
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong (or well), with what follows from it and what to do."""

    code: str
    severity: Severity
    forest: str
    title: str
    explanation: str
    hosts: tuple[str, ...] = ()
    evidence: str = ""  # the proof in one line
    breaks: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()  # catalogued error names users will see
    fix: str = ""
    checks: tuple[str, ...] = ()  # ids of the outcomes that prove it


@dataclass(frozen=True, slots=True)
class Change:
    """One check that is not as it was in an earlier run; a state of None: it was not asked then, or is not now."""

    check: str  # id
    before: State | None
    after: State | None
    verdict_before: Verdict | None = None
    verdict_after: Verdict | None = None


@dataclass(frozen=True, slots=True)
class FindingChange:
    """A finding that was not there, is there no longer, or is now of other hosts or another severity."""

    turn: Turn
    forest: str
    code: str
    title: str  # as it is now; of one that is gone, as it was
    severity: Severity
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ControllerChange:
    """A host that was not among the forest's, or is no longer."""

    turn: Turn
    forest: str
    host: str
    address: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed since an earlier run of the same plan."""

    since: str  # when the earlier run started: UTC, ISO 8601
    changes: tuple[Change, ...] = ()
    findings: tuple[FindingChange, ...] = ()
    controllers: tuple[ControllerChange, ...] = ()
    left_out: int = 0  # checks that one of the runs did not finish: nothing can be said of them

    @property
    def same(self) -> bool:
        return not (self.changes or self.findings or self.controllers)


@dataclass(frozen=True, slots=True)
class Vantage:
    """The machine the questions came from."""

    host: str
    platform: str
    addresses: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()  # evidence this platform could not give


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run: collect once, judge and render as often as needed."""

    started: str  # UTC, ISO 8601 with milliseconds and Z
    duration_s: float
    vantage: Vantage
    forests: tuple[ForestReport, ...]
    outcomes: tuple[Outcome, ...]
    findings: tuple[Finding, ...] = ()
    exit_code: int = 0
    tool_version: str = ""
    interrupted: bool = False
    compared: Comparison | None = None

    def of_forest(self, name: str) -> tuple[Outcome, ...]:
        return tuple(o for o in self.outcomes if o.check.forest == name)


def count_by(words: Iterable[str]) -> Mapping[str, int]:
    """How often each word occurs, in the order of first appearance."""
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return counts
