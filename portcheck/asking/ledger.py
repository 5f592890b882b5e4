"""What one forest's run planned and saw, and of which host: the only place where that is written down."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import field

from portcheck.asking.knowledge import HostState, without_port
from portcheck.diagnose.verdict import judge, settle, weighed
from portcheck.frozen import dataclass
from portcheck.model import Check, Outcome, State
from portcheck.model.events import Landed, Notify, Planned, unheard


@dataclass(slots=True)
class Ledger:
    """Grows while the run goes on, so that an interrupted run keeps what it has. Keys are the checks' ids."""

    notify: Notify
    planned: dict[str, Check] = field(default_factory=dict)  # in the order in which they are reported
    outcomes: dict[str, Outcome] = field(default_factory=dict)  # as seen; judged when the run settles
    _place: dict[str, int] = field(default_factory=dict)  # in the report, by the check's id
    _whose: dict[str, HostState] = field(default_factory=dict)
    _of_host: dict[int, dict[str, None]] = field(default_factory=dict)  # ids of its checks, by the host's identity
    _began: dict[str, float] = field(default_factory=dict)  # monotonic seconds
    _told: dict[int, tuple[Outcome, ...]] = field(default_factory=dict)  # of a host, until something lands there

    def own(self, host: HostState, checks: Iterable[Check]) -> tuple[Check, ...]:
        """Those that are this host's. A controller may be a machine around the forest too: it is asked once."""
        mine = tuple(check for check in checks if host.controls or check.id not in self._whose)
        for check in mine:
            self._belongs(check.id, host)
        return mine

    def plan(self, checks: tuple[Check, ...]) -> tuple[Check, ...]:
        """They will be asked."""
        self.planned.update((check.id, check) for check in checks)
        for check in checks:
            self._place.setdefault(check.id, len(self._place))
        self.notify(Planned(checks))
        return checks

    def land(self, host: HostState, outcome: Outcome) -> Outcome:
        """What a check ended in, for now: a second look may land something better in its place."""
        host.hear(outcome)
        key = outcome.check.id
        if key not in self._whose:
            self._belongs(key, host)
        before = self.outcomes.get(key)
        judged = None if self.notify is unheard else self._judged(host, outcome)
        self.outcomes[key] = outcome
        self._told.pop(id(host), None)
        self._began.setdefault(key, time.monotonic() - outcome.elapsed_ms / 1000)
        if judged is not None and (before is None or _shown(self._judged(host, before)) != _shown(judged)):
            self.notify(Landed(judged))  # more evidence for the same is nothing new on the screen
        return outcome

    def _judged(self, host: HostState, outcome: Outcome) -> Outcome:
        """By what is known of the host by now: what is shown while the run goes on is no harder than its end."""
        if outcome.state is State.FILTERED and outcome.check.transport == "udp":
            outcome = weighed(outcome, self.of(host))
        return judge(outcome, host.offered)

    def add(self, host: HostState, outcome: Outcome) -> None:
        """An outcome that no profile planned."""
        self.planned[outcome.check.id] = outcome.check
        self.land(host, outcome)

    def has(self, check: Check) -> bool:
        """Whether it has landed, as itself or as what it turned out to be."""
        return check.id in self.outcomes or check.id not in self.planned

    def replace(self, host: HostState, check: Check, outcome: Outcome) -> None:
        """The check turned out to be another: its port is known by now. It keeps its place in the report."""
        self.planned.pop(check.id, None)
        if check.id in self._place:
            self._place[outcome.check.id] = self._place[check.id]
        self.outcomes.pop(check.id, None)
        self._told.pop(id(self._whose.get(check.id)), None)
        self.add(host, outcome)

    def _turn(self, key: str) -> tuple[tuple[int, str], int]:
        """Where in the report; what no profile planned comes last."""
        return self._whose[key].turn(), self._place.get(key, len(self._place) + len(self.planned))

    def whose(self, outcome: Outcome) -> HostState:
        return self._whose[outcome.check.id]

    def of(self, host: HostState) -> tuple[Outcome, ...]:
        told = self._told.get(id(host))
        if told is None:
            known = self.outcomes
            told = tuple(known[key] for key in self._of_host.get(id(host), ()) if key in known)
            self._told[id(host)] = told
        return told

    def planned_of(self, host: HostState) -> tuple[Check, ...]:
        return tuple(self.planned[key] for key in self._of_host.get(id(host), ()) if key in self.planned)

    def _belongs(self, key: str, host: HostState) -> None:
        if (before := self._whose.get(key)) is not None:
            self._of_host[id(before)].pop(key, None)
            self._told.pop(id(before), None)
        self._whose[key] = host
        self._told.pop(id(host), None)
        self._of_host.setdefault(id(host), {})[key] = None

    def elapsed_ms(self, outcome: Outcome) -> float:
        """How long ago the check began."""
        now = time.monotonic()
        return round((now - self._began.get(outcome.check.id, now)) * 1000, 1)

    def settled(self) -> tuple[Outcome, ...]:
        """Everything in the order it was planned, judged with all that is known at the end."""
        seen = dict(self.outcomes)  # the asking may still go on in its own thread
        mappers = {(o.check.host, o.check.address): o for o in reversed(seen.values()) if o.check.service == "rpc"}
        found = []
        for key, check in sorted(self.planned.items(), key=lambda row: self._turn(row[0])):
            outcome = seen.get(key, _left(check))
            if outcome.facts.get("mapper_silent"):  # the second look may have seen more of it
                outcome = without_port(check, mappers.get((check.host, check.address)))
            found.append(self._whose[key].in_hindsight(outcome))
        return settle(found, {outcome.check.id: self._whose[outcome.check.id].offered for outcome in found})


def _left(check: Check) -> Outcome:
    return Outcome(check, State.SKIPPED, "the run ended before it was answered", facts={"unfinished": True})


def _shown(outcome: Outcome) -> tuple[object, ...]:
    return outcome.state, outcome.verdict, outcome.reason
