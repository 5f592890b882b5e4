"""What a period was like: per path how often it was good, when it was not, what changed, and what drifts.

Made of the changes that are kept, not of the reports: ten thousand runs are told from a few rows for each path.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby, pairwise

from portcheck.frozen import dataclass
from portcheck.history.runs import Kept, report_of, runs
from portcheck.model import Report, Verdict
from portcheck.report.to_json import StoreError

GOOD = frozenset({Verdict.PASS, Verdict.WARN})
EXPIRING = timedelta(days=45)
DRIFTING_S = 5.0
"""Less is measured by whole-second clocks and slow replies."""


@dataclass(frozen=True, slots=True)
class Outage:
    """Runs in a row in which a path was not as required."""

    first: str  # when it was first seen: UTC, ISO 8601
    last: str
    state: str
    lasts: bool  # it was still so in the newest run


@dataclass(frozen=True, slots=True)
class PathDigest:
    """One check over the period."""

    id: str
    runs: int  # that asked it
    good: int
    outages: tuple[Outage, ...]
    changes: int

    @property
    def availability(self) -> float | None:
        return self.good / self.runs if self.runs else None


@dataclass(frozen=True, slots=True)
class Drift:
    """A clock or a certificate that will be a fault if it goes on so."""

    subject: str
    words: str


@dataclass(frozen=True, slots=True)
class PlanDigest:
    """A plan over the period; only paths that were not good all the time are listed."""

    label: str
    since: str
    until: str
    runs: int
    cut_short: int
    paths: int
    good: float | None  # the share of good answers over all paths
    troubled: tuple[PathDigest, ...]
    drifts: tuple[Drift, ...]


@dataclass(frozen=True, slots=True)
class _Turned:
    key: str
    run: int
    id: str
    state: str | None
    verdict: str | None


def digested(
    database: sqlite3.Connection, since: datetime, until: datetime, after: int | None = None
) -> tuple[PlanDigest, ...]:
    """Every plan that has a run in the period; `after`: or, whatever the clock said, was kept after that run."""
    if after is None:
        mine = [run for run in runs(database) if _within(run.started, since, until)]
    else:
        mine = [run for run in runs(database) if run.id > after]
    plans = dict.fromkeys(run.plan for run in mine)
    return tuple(_plan(database, plan, [run for run in mine if run.plan == plan], until) for plan in plans)


def _within(started: str, since: datetime, until: datetime) -> bool:
    try:
        return since <= datetime.fromisoformat(started) <= until
    except (ValueError, TypeError):  # a time that is none, or has no zone
        return False


def _plan(database: sqlite3.Connection, plan: str, kept: Sequence[Kept], until: datetime) -> PlanDigest:
    done = [run for run in kept if run.complete]
    paths = list(_paths(database, plan, done)) if done else []
    asked, good = sum(path.runs for path in paths), sum(path.good for path in paths)
    return PlanDigest(
        label=kept[-1].label,
        since=kept[0].started,
        until=kept[-1].started,
        runs=len(kept),
        cut_short=len(kept) - len(done),
        paths=len(paths),
        good=good / asked if asked else None,
        troubled=tuple(path for path in paths if path.outages or path.changes),
        drifts=tuple(_drifts(_report(database, done, 0), _report(database, done, -1), until)),
    )


def _paths(database: sqlite3.Connection, plan: str, done: Sequence[Kept]) -> Iterator[PathDigest]:
    rows = database.execute("SELECT key, run, id, state, verdict FROM change WHERE plan = ? ORDER BY key, run", (plan,))
    for _, steps in groupby((_Turned(*row) for row in rows), key=lambda step: step.key):
        yield _path(list(steps), done)


def _path(steps: Sequence[_Turned], done: Sequence[Kept]) -> PathDigest:
    """Each step holds from its run to the one before the next step's."""
    numbers = [run.id for run in done]
    starts = [bisect_left(numbers, step.run) for step in steps]
    spans = [(step, one, other) for step, (one, other) in zip(steps, pairwise([*starts, len(done)]), strict=True)]
    held = [(step, one, other) for step, one, other in spans if other > one and step.verdict is not None]
    asked = [(step, one, other) for step, one, other in held if step.verdict != Verdict.SKIP]
    outages = tuple(
        Outage(done[one].started, done[other - 1].started, step.state or "", lasts=other == len(done))
        for step, one, other in asked
        if step.verdict not in GOOD
    )
    return PathDigest(
        id=steps[-1].id,
        runs=sum(other - one for _, one, other in asked),
        good=sum(other - one for step, one, other in asked if step.verdict in GOOD),
        outages=outages,
        changes=sum(step.run > numbers[0] for step in steps),
    )


def _report(database: sqlite3.Connection, done: Sequence[Kept], place: int) -> Report | None:
    try:
        return report_of(database, done[place].id) if done else None
    except StoreError:
        return None


def _drifts(first: Report | None, last: Report | None, until: datetime) -> Iterator[Drift]:
    if first is None or last is None:
        return
    before, days = _clocks(first), _days(first, last)
    for host, skew in _clocks(last).items():
        moved = skew - before.get(host, skew)
        if abs(skew) > DRIFTING_S and abs(moved) > DRIFTING_S:
            pace = f", {moved / days:+.1f} s a day" if days >= 1 else ""
            yield Drift(host, f"its clock is {skew:+.0f} s from this machine's, {moved:+.0f} s since then{pace}")
    for host, ends in _certificates(last).items():
        left = ends - until
        if left < EXPIRING:
            words = "its certificate has ended" if left < timedelta() else f"its certificate ends in {left.days} days"
            yield Drift(host, f"{words} ({ends.date().isoformat()})")


def _days(first: Report, last: Report) -> float:
    return (datetime.fromisoformat(last.started) - datetime.fromisoformat(first.started)) / timedelta(days=1)


def _clocks(report: Report) -> Mapping[str, float]:
    found: dict[str, float] = {}
    for outcome in report.outcomes:
        skew = outcome.facts.get("clock_skew_s")
        if isinstance(skew, int | float) and not isinstance(skew, bool):
            found.setdefault(outcome.check.host, float(skew))
    return found


def _certificates(report: Report) -> Mapping[str, datetime]:
    found: dict[str, datetime] = {}
    for outcome in report.outcomes:
        told = outcome.facts.get("certificate_not_after")
        if isinstance(told, str):
            try:
                ends = datetime.fromisoformat(told)
            except ValueError:
                continue
            if ends.tzinfo is not None:
                found.setdefault(f"{outcome.check.host} {outcome.check.service}", ends)
    return found
