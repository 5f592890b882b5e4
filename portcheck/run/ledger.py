"""What one forest's run planned and saw, and of which host: the only place where that is written down."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from portcheck.diagnose.verdict import judge, settle
from portcheck.model import Check, Outcome, State, Verdict
from portcheck.model.events import Landed, Notify, Planned
from portcheck.run.knowledge import HostState, without_port


@dataclass(slots=True)
class Ledger:
    """Grows while the run goes on, so that an interrupted run keeps what it has. Keys are the checks' ids."""

    notify: Notify
    planned: dict[str, Check] = field(default_factory=dict)  # in the order in which they are reported
    outcomes: dict[str, Outcome] = field(default_factory=dict)  # as seen; judged when the run settles
    _whose: dict[str, HostState] = field(default_factory=dict)
    _began: dict[str, float] = field(default_factory=dict)  # monotonic seconds

    def plan(self, host: HostState, checks: Iterable[Check], only: Callable[[Check], bool]) -> tuple[Check, ...]:
        """Those of the checks that are new. A controller may be a machine around the forest too: it is asked once."""
        mine = tuple(check for check in checks if host.controls or check.id not in self._whose)
        self._whose.update((check.id, host) for check in mine)
        mine = tuple(check for check in mine if only(check))
        self.planned.update((check.id, check) for check in mine)
        self.notify(Planned(mine))
        return mine

    def land(self, host: HostState, outcome: Outcome) -> Outcome:
        """What a check ended in, for now: a second look may land something better in its place."""
        host.hear(outcome)
        key = outcome.check.id
        self._whose.setdefault(key, host)
        before, judged = self.outcomes.get(key), judge(outcome, host.offered)
        self.outcomes[key] = outcome
        self._began.setdefault(key, time.monotonic() - outcome.elapsed_ms / 1000)
        if before is None or _shown(judge(before, host.offered)) != _shown(judged):
            self.notify(Landed(judged))  # more evidence for the same is nothing new on the screen
        return outcome

    def add(self, host: HostState, outcome: Outcome) -> None:
        """An outcome that no profile planned."""
        self.planned[outcome.check.id] = outcome.check
        self.land(host, outcome)

    def replace(self, host: HostState, check: Check, outcome: Outcome) -> None:
        """The check turned out to be another: its port is known by now. It keeps its place in the report."""
        rows = ((key, known) for key, known in self.planned.items() if key != outcome.check.id)
        self.planned = {known.id: known for known in (outcome.check if key == check.id else c for key, c in rows)}
        self.outcomes.pop(check.id, None)
        self.add(host, outcome)

    def whose(self, outcome: Outcome) -> HostState:
        return self._whose[outcome.check.id]

    def of(self, host: HostState) -> tuple[Outcome, ...]:
        return tuple(o for key, o in self.outcomes.items() if self._whose.get(key) is host)

    def elapsed_ms(self, outcome: Outcome) -> float:
        """How long ago the check began."""
        now = time.monotonic()
        return round((now - self._began.get(outcome.check.id, now)) * 1000, 1)

    def settled(self) -> tuple[Outcome, ...]:
        """Everything in the order it was planned, judged with all that is known at the end."""
        mappers = {(o.check.host, o.check.address): o for o in self.outcomes.values() if o.check.service == "rpc"}
        found = []
        for key, check in sorted(self.planned.items(), key=lambda row: self._whose[row[0]].turn()):
            outcome = self.outcomes.get(key, _left(check))
            if outcome.facts.get("mapper_silent"):  # the second look may have seen more of it
                outcome = without_port(check, mappers.get((check.host, check.address)))
            found.append(self._whose[key].in_hindsight(outcome))
        return settle(found, {outcome.check.id: self._whose[outcome.check.id].offered for outcome in found})


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """The ledger of one host: what the second look reads and writes."""

    ledger: Ledger
    host: HostState

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        return self.ledger.of(self.host)

    def land(self, outcome: Outcome) -> None:
        self.ledger.land(self.host, outcome)

    def matters(self, outcome: Outcome) -> bool:
        """Does its verdict hurt?"""
        return judge(outcome, self.host.offered).verdict in {Verdict.FAIL, Verdict.WARN}

    def elapsed_ms(self, outcome: Outcome) -> float:
        return self.ledger.elapsed_ms(outcome)


def _left(check: Check) -> Outcome:
    return Outcome(check, State.SKIPPED, "the run ended before it was answered", facts={"unfinished": True})


def _shown(outcome: Outcome) -> tuple[object, ...]:
    return outcome.state, outcome.verdict, outcome.reason
