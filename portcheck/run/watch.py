"""A run again and again, made for the hour in which a rule is opened: what is good already is left in peace.

Each round asks the checks that are not yet good; every tenth asks everything, and so does one that must be believed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import field, replace
from datetime import UTC, datetime
from typing import TypeVar

from portcheck.frozen import dataclass
from portcheck.model import (
    BLOCKED,
    GOOD,
    Comparison,
    ForestReport,
    Lookup,
    Outcome,
    Report,
    State,
    Verdict,
)
from portcheck.model.target import Selection
from portcheck.net.dns import UNHEARD
from portcheck.report.compare import compare, unfinished
from portcheck.report.verdicts import by_forest
from portcheck.run.attending import pause
from portcheck.run.narrowed import only, pinned, unnamed_server, with_mappers
from portcheck.run.runner import Order, explained

R = TypeVar("R")
WHOLE_EVERY = 10
SHORTEST_PAUSE_S = 1.0
ASLEEP_S = 30.0
"""So much more time on the clock than went by for this process: the machine slept."""
NOT_GOOD = frozenset({Verdict.FAIL, Verdict.WARN, Verdict.UNKNOWN})
EARLIER_TRIES = frozenset({"answered_on_attempt", "resent", "syn_resent", "resets_before_answer"})


@dataclass(frozen=True, slots=True)
class Goal:
    """What the watch waits for; `blocked`: that any of these checks is blocked, else that all is well."""

    blocked: Selection | None = None
    strict: bool = False  # a minor fault is not well

    def reached(self, report: Report) -> bool:
        if self.blocked is not None:
            return any(o.state in BLOCKED for o in report.outcomes if self._names(o))
        bad = NOT_GOOD if self.strict else NOT_GOOD - {Verdict.WARN}
        verdicts = {outcome.verdict for outcome in report.outcomes}
        whole = verdicts | set(by_forest(report).values())  # a finding may tell of what is no check's
        return Verdict.PASS in verdicts and not whole & bad

    def wants(self, outcome: Outcome) -> bool:
        """A check that the goal needs to hear of in every round."""
        return self.blocked is not None and self._names(outcome)

    def _names(self, outcome: Outcome) -> bool:
        check = outcome.check
        return self.blocked is not None and self.blocked.takes(check.service, check.transport, check.port)


@dataclass(frozen=True, slots=True)
class Round:
    """What one round brought; the report is everything that is known, new and old."""

    number: int  # from 0
    at: datetime
    report: Report
    asked: int
    since_last: Comparison | None  # None: the first round
    since_start: Comparison | None
    note: str = ""


@dataclass(slots=True)
class Clock:
    """Two clocks: the wall's goes on while a machine sleeps, the other need not."""

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic
    pause: Callable[[float], bool] = pause  # False: told to end


Steps = Generator[Order | Round, Report | None, R]
"""What the watch wants done: an order asked, whose report is sent back to it; a round told."""


@dataclass(slots=True)
class Watch:
    """`steps` goes on until the goal is reached (True) or the user interrupts (False); `report` is what is known."""

    order: Order
    every_s: float = 30.0
    goal: Goal | None = None
    clock: Clock = field(default_factory=Clock)
    report: Report | None = None
    start: Report | None = None
    _number: int = 0
    _whole: bool = True  # whether the next round asks everything
    _lost: Mapping[str, str] = field(default_factory=dict)  # when a round that is not told yet asked in vain
    _doubtful: bool = False  # a quick round saw something go bad: untold until everything was asked

    def steps(self) -> Steps[bool]:
        while True:
            began = self.clock.steady()
            whole = self._whole or self._number % WHOLE_EVERY == 0 or not self._open()
            if not (yield from self._round(whole=whole)):
                return False
            if self._doubtful:
                self._doubtful, self._whole = False, True
                continue
            if self._is_reached():
                if whole:
                    return True
                self._whole = True  # the goal is believed when everything was asked, with the second look
                continue
            if not self._pause(max(self.every_s - (self.clock.steady() - began), SHORTEST_PAUSE_S)):
                return False

    def _open(self) -> bool:
        """Is anything not yet good, or awaited? Where nothing is, everything is asked in each round."""
        return self.report is None or bool(self._not_yet_good(self.report))

    def _is_reached(self) -> bool:
        return self.goal is not None and self.report is not None and self.goal.reached(self.report)

    def _pause(self, seconds: float) -> bool:
        began = self.clock.wall()
        goes_on = self.clock.pause(seconds)
        if self.clock.wall() - began - seconds > ASLEEP_S:
            self._whole = True
        return goes_on

    def _round(self, *, whole: bool) -> Steps[bool]:
        """One round; False when it was interrupted. What a machine that fell asleep saw in it is worth nothing."""
        wall, steady = self.clock.wall(), self.clock.steady()
        part, note = yield from self._asked(whole=whole)
        slept = (self.clock.wall() - wall) - (self.clock.steady() - steady) > ASLEEP_S
        if slept and not part.interrupted:
            self._whole = True
            if self.report is not None:
                yield self._told(self.report, 0, "this machine slept; everything is asked again")
            return True
        self._whole = not part.outcomes and whole  # nobody was found: look for them again
        if self.report is not None and not whole and _dns_is_back(self.report, part):
            self._whole = True  # it tells now who is there
        known = part if self.report is None else merged(self.report, part, whole=whole)
        if not whole and not part.interrupted and self.report is not None and _worsened(self.report, known):
            self._doubtful = True
            self._lost = {o.check.key: o.started_at for o in part.outcomes if o.state not in GOOD and o.started_at}
            return True
        known = _since_first_lost(known, self._lost)
        self._lost = {}
        yield self._told(known, sum(not unfinished(o) for o in part.outcomes), note)
        return not part.interrupted

    def _asked(self, *, whole: bool) -> Steps[tuple[Report, str]]:
        if self.report is None:
            return (yield from _asking(self.order)), ""
        if not whole:
            pins = pinned(self.report, self._not_yet_good(self.report))
            if not pins:
                return replace(self.report, outcomes=(), interrupted=False), ""
            return (yield from _asking(only(self.order, pins, trace=False))), ""
        part = yield from _asking(self.order)
        lost = [f.name for f in part.forests if not _named(f) and _named(_forest(self.report, f.name))]
        if not lost or part.interrupted:
            return part, ""
        before = replace(self.report, outcomes=tuple(o for o in self.report.outcomes if o.check.forest in lost))
        pins = pinned(before, {o.check.key for o in before.outcomes})
        again = yield from _asking(only(self.order, pins, trace=self.order.settings.trace))
        return _rejoined(part, again), f"DNS named nobody for {', '.join(lost)}: asked those known before"

    def _not_yet_good(self, report: Report) -> set[str]:
        wanted = {o.check.key for o in report.outcomes if o.verdict in NOT_GOOD or (self.goal and self.goal.wants(o))}
        return wanted | with_mappers(report, wanted)

    def _told(self, known: Report, asked: int, note: str) -> Round:
        before, self.report = self.report, known
        self.start = self.start or known
        self._number += 1
        return Round(
            number=self._number - 1,
            at=datetime.fromtimestamp(self.clock.wall(), UTC),
            report=known,
            asked=asked,
            since_last=compare(before, known) if before else None,
            since_start=compare(self.start, known) if before else None,
            note=note,
        )


def _asking(order: Order) -> Steps[Report]:
    report = yield order
    assert report is not None
    return report


def _since_first_lost(known: Report, lost: Mapping[str, str]) -> Report:
    """What is confirmed to be lost began with the first question that was, not with the one that confirmed it."""
    if not lost:
        return known
    outcomes = tuple(
        replace(o, started_at=lost[o.check.key]) if o.state not in GOOD and o.check.key in lost else o
        for o in known.outcomes
    )
    return replace(known, outcomes=outcomes)


def _worsened(before: Report, after: Report) -> bool:
    good = {outcome.check.key for outcome in before.outcomes if outcome.state in GOOD}
    return any(outcome.check.key in good and outcome.state not in GOOD for outcome in after.outcomes)


def _forest(report: Report, name: str) -> ForestReport | None:
    return next((forest for forest in report.forests if forest.name == name), None)


def _named(forest: ForestReport | None) -> bool:
    """DNS or the file told of a controller; a name server taken for one is none."""
    return forest is not None and any(not unnamed_server(dc) for dc in forest.domain_controllers)


def _dns_is_back(before: Report, part: Report) -> set[str]:
    """Forests whose name servers told nothing in the last whole round, and answer now."""
    good = {outcome.check.key for outcome in before.outcomes if outcome.state in GOOD}
    back = {o.check.forest for o in part.outcomes if _answers_names(o) and o.check.key not in good}
    return {forest.name for forest in before.forests if forest.name in back and any(map(_untold, forest.lookups))}


def _answers_names(outcome: Outcome) -> bool:
    return outcome.check.service == "dns" and outcome.state in GOOD


def _untold(lookup: Lookup) -> bool:
    return lookup.status in UNHEARD


def _rejoined(part: Report, again: Report) -> Report:
    """The round with those asked whom DNS did not name; what DNS said stays said."""
    by_name = {forest.name: forest for forest in again.forests}
    guessed = {
        (forest.name, dc.host)
        for forest in part.forests
        if forest.name in by_name
        for dc in forest.domain_controllers
        if unnamed_server(dc)
    }  # known by their names from before
    forests = tuple(
        replace(forest, domain_controllers=by_name[forest.name].domain_controllers, problem=None)
        if forest.name in by_name
        else forest
        for forest in part.forests
    )
    kept = (o for o in part.outcomes if (o.check.forest, o.check.host) not in guessed)
    outcomes = (*kept, *again.outcomes)
    return explained(replace(part, forests=forests, outcomes=outcomes, interrupted=again.interrupted))


def merged(known: Report, part: Report, *, whole: bool) -> Report:
    """Everything that is known, the new words first. A whole round tells who is there; others only how they are."""
    before = {outcome.check.key: outcome for outcome in known.outcomes}
    new = {
        outcome.check.key: _newest(before.get(outcome.check.key), outcome, whole=whole)
        for outcome in part.outcomes
        if not (unfinished(outcome) and outcome.check.key in before)
    }
    kept = before if part.interrupted or not whole else {o.check.key: before[o.check.key] for o in part.outcomes
                                                         if o.check.key in before}  # fmt: skip
    base = part if whole and not part.interrupted else replace(known, forests=_without_silence(known, part))
    return explained(
        replace(
            base,
            started=part.started,
            interrupted=part.interrupted,
            outcomes=tuple({**kept, **new}.values()),
            exit_code=part.exit_code,
        )
    )


def _without_silence(known: Report, part: Report) -> tuple[ForestReport, ...]:
    """A name server that answers again: what it did not tell while it was silent is no fault of its records."""
    back = _dns_is_back(known, part)
    return tuple(
        replace(forest, lookups=tuple(lookup for lookup in forest.lookups if not _untold(lookup)))
        if forest.name in back
        else forest
        for forest in known.forests
    )


def _newest(before: Outcome | None, after: Outcome, *, whole: bool) -> Outcome:
    """A quick round has no second look: where it saw what was seen before, the fuller account stays."""
    if before is not None and before.state not in GOOD and after.state in GOOD:
        # Opened while it was asked: the tries before that are no sign of a path that loses packets.
        return replace(after, facts={key: told for key, told in after.facts.items() if key not in EARLIER_TRIES})
    if whole or before is None:
        return after
    if before.state is after.state:
        return before
    if after.verdict is Verdict.SKIP and after.state is not State.SKIPPED:  # its role is known from the whole round
        return replace(after, verdict=before.verdict)
    return after
