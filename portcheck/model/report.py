"""A report: a whole run, its forests, findings, and what changed since an earlier one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from enum import StrEnum

from portcheck.frozen import dataclass
from portcheck.model.outcome import Facts, Outcome, State, Verdict
from portcheck.model.request import Request

NUMBER = re.compile(r"[0-9]{1,5}")


class Severity(StrEnum):
    """How much a finding hurts."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Turn(StrEnum):
    """What became of a finding or a controller between two runs."""

    APPEARED = "appeared"
    GONE = "gone"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class SrvRecord:
    """One row of an SRV answer (RFC 2782). A row that is no such row has a last word and no numbers."""

    host: str  # as it came: it may be no host's name
    port: int | None = None
    priority: int | None = None
    weight: int | None = None

    @classmethod
    def of(cls, answer: str) -> SrvRecord:
        """Of `0 100 389 dc1.alpha.test`."""
        *numbers, host = answer.split(" ")
        if len(numbers) != 3 or not all(NUMBER.fullmatch(number) for number in numbers):
            return cls(host)
        priority, weight, port = map(int, numbers)
        return cls(host, port, priority, weight)

    @property
    def offered(self) -> bool:
        """`.` means that there is no such service."""
        return self.host not in {"", "."}


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
    answered_from: str = ""  # the address of the server whose answer this is
    authoritative: bool | None = None  # its AA flag (RFC 1035, 4.1.1); None: not known
    ttl_s: int | None = None  # of the answer's rows

    @property
    def denied(self) -> bool:
        """The server said that there is no such record. All else but an answer leaves that open."""
        return self.status in {"nxdomain", "nodata"}

    @property
    def srv(self) -> tuple[SrvRecord, ...]:
        """The rows of an SRV answer, in its order; of any other record, none."""
        return tuple(map(SrvRecord.of, self.answers)) if self.record == "SRV" else ()


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


OVERDUE = "the deadline came before the run was done"
"""The `problem` of a forest that the time of the run was too short for."""


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
    asks: tuple[Request, ...] = ()  # what `fix` asks for, as values


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
    name: str = ""  # what the user calls this place, where it is not the host's name

    @property
    def called(self) -> str:
        """What this place goes by among others."""
        return self.name or self.host


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
