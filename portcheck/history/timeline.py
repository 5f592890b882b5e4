"""Each check's course over the runs that are kept: when it last changed and to what, and how it stood at each run."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from portcheck.frozen import dataclass
from portcheck.history.runs import Kept

RUNS_SHOWN = 24


@dataclass(frozen=True, slots=True)
class Course:
    """One check: its verdicts at the runs shown, oldest first, and its last change. None: not asked."""

    id: str
    verdicts: tuple[str | None, ...]
    state: str | None
    verdict: str | None
    state_before: str | None
    since: str  # when it came to be as it is: UTC, ISO 8601
    run: int  # and with which run
    changed: bool  # False: it has been so since the first run

    @property
    def forest(self) -> str:
        return self.id.partition("/")[0]


@dataclass(frozen=True, slots=True)
class _Step:
    key: str
    run: int
    at: str
    first: bool
    id: str
    state: str | None
    verdict: str | None
    state_before: str | None
    verdict_before: str | None


def courses(database: sqlite3.Connection, plan: str, kept: Sequence[Kept]) -> tuple[Course, ...]:
    """Every check of the plan, in the order of their names; `kept`: the list of all runs."""
    numbers = [run.id for run in kept if run.plan == plan and run.complete][-RUNS_SHOWN:]
    rows = database.execute(
        "SELECT key, run, at, first, id, state, verdict, state_before, verdict_before FROM change WHERE plan = ?"
        " ORDER BY key, run",
        (plan,),
    )
    steps = (_Step(*row) for row in rows)
    return tuple(_course(list(own), numbers) for _, own in groupby(steps, key=lambda step: step.key))


def _course(steps: list[_Step], runs: Iterable[int]) -> Course:
    last = steps[-1]
    return Course(
        id=last.id,
        verdicts=tuple(_verdicts(steps, runs)),
        state=last.state,
        verdict=last.verdict,
        state_before=last.state_before,
        since=last.at,
        run=last.run,
        changed=not last.first,
    )


def _verdicts(steps: list[_Step], runs: Iterable[int]) -> Iterator[str | None]:
    """How the check stood at each run: the last step up to it."""
    stands, left = steps[0].verdict_before, list(steps)
    for run in runs:
        while left and left[0].run <= run:
            stands = left.pop(0).verdict
        yield stands
