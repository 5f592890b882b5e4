"""What the live screen knows: events folded into grids and counts, each in constant time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import field

from portcheck.frozen import dataclass
from portcheck.model import Check, Outcome, Verdict
from portcheck.model.events import Event, Finished, ForestFound, Landed, Phase, Planned, Started
from portcheck.render.shared.grid import Cell, Grid, Pending, cell_of

FORETELL_FROM = 0.1
"""Before this share has landed, a guess at the time left is worth nothing."""


@dataclass(slots=True)
class Board:
    now: Callable[[], float] = time.monotonic
    grids: dict[str, Grid] = field(default_factory=dict)
    failing: dict[str, dict[str, Outcome]] = field(default_factory=dict)  # by host, then by the check's id
    planned: int = 0
    landed: int = 0
    running: int = 0
    failed: int = 0
    phase: str = ""
    finished: bool = False
    took_s: float | None = None  # told at the end
    started_at: float | None = None

    def take(self, event: Event) -> None:
        match event:
            case ForestFound(forest, controllers):
                for dc in controllers:
                    self.grid(forest).row(dc.host, dc.address)
            case Planned(checks):
                for check in checks:
                    if self.stands(check) is None:  # what is known stays visible until it is known anew
                        self.put(check, Pending.WAITING)
            case Started(check):
                self.start()
                if self.stands(check) is Pending.WAITING:  # neither what nobody planned, nor what has landed before
                    self.put(check, Pending.RUNNING)
            case Landed(outcome):
                self.start()
                self.put(outcome.check, cell_of(outcome))
                self.note(outcome)
            case Phase(text):
                self.phase = text
            case Finished(duration_s):
                self.finished = True
                self.took_s = duration_s

    def note(self, outcome: Outcome) -> None:
        """What fails so far, by host; it goes when it is good after all."""
        failing = self.failing.setdefault(outcome.check.host, {})
        if cell_of(outcome) is Verdict.FAIL:
            failing[outcome.check.id] = outcome
        else:
            failing.pop(outcome.check.id, None)

    def start(self) -> None:
        if self.started_at is None:
            self.started_at = self.now()

    def grid(self, forest: str) -> Grid:
        return self.grids.setdefault(forest, Grid(forest))

    def stands(self, check: Check) -> Cell | None:
        grid = self.grids.get(check.forest)
        return None if grid is None else grid.get(check)

    def put(self, check: Check, cell: Cell) -> None:
        before = self.grid(check.forest).put(check, cell)
        self.planned += before is None
        self.landed += isinstance(cell, Verdict) - isinstance(before, Verdict)
        self.running += (cell is Pending.RUNNING) - (before is Pending.RUNNING)
        self.failed += (cell is Verdict.FAIL) - (before is Verdict.FAIL)

    def elapsed(self) -> float:
        """Since the first question; of a run that is over, as long as its report says."""
        if self.took_s is not None:
            return self.took_s
        return 0.0 if self.started_at is None else self.now() - self.started_at

    def left(self) -> float | None:
        """Seconds until all have landed if they go on as they did; None while nobody can tell."""
        waiting = self.planned - self.landed
        # Those in flight wait for a patience, not for their turn: their number foretells nothing.
        if not self.planned or self.landed < FORETELL_FROM * self.planned or waiting <= self.running:
            return None
        return self.elapsed() * waiting / self.landed
