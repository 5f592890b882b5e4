"""What a check has to do with earlier runs of its plan: held against the last one before it is printed, kept after.

Trouble with the history is one line on stderr; the report goes on without it.
"""

from __future__ import annotations

from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING

from portcheck.config import ConfigError, FailOn
from portcheck.exitcodes import NOT_AS_EXPECTED, NOT_DONE, OK
from portcheck.frozen import dataclass
from portcheck.model import Comparison, Report

if TYPE_CHECKING:
    from portcheck.run.runner import Order

DONE = frozenset({OK, NOT_AS_EXPECTED})
UNLOADED = (ImportError, MemoryError, OSError)  # no memory or descriptor is left for what the history takes


@dataclass(slots=True)
class Memory:
    """The history as one check sees it; `wanted` is false for `--no-history` and `history_keep = 0`."""

    order: Order
    wanted: bool
    answered: bool = True  # whether the last run could be asked for
    _lines: list[str] = field(default_factory=list)

    def said(self) -> list[str]:
        """What the user is to hear of it since this was last asked, a line each."""
        lines, self._lines = self._lines, []
        return lines

    def compared(self, report: Report) -> Report:
        """The report with what changed since the last run of its plan, and the exit code `--fail-on changed` asks."""
        found = self._held_against_last(report) if self.wanted and report.exit_code in DONE else None
        report = replace(report, compared=found)
        if self.order.settings.fail_on is not FailOn.CHANGED or report.exit_code not in DONE:
            return report
        if found is None:
            if self.answered:
                self._lines.append("nothing to compare with yet: this is the first whole run of this plan")
            return replace(report, exit_code=OK if self.answered else NOT_DONE)
        return replace(report, exit_code=OK if found.same else NOT_AS_EXPECTED)

    def _held_against_last(self, report: Report) -> Comparison | None:
        try:
            return self._against_last(report)
        except UNLOADED as error:
            self.answered = self.wanted = False
            self._lines.append(f"the history cannot be used: {_why(error)}")
            return None

    def _against_last(self, report: Report) -> Comparison | None:
        from portcheck.history import runs
        from portcheck.history.database import HistoryError, work_here
        from portcheck.history.plans import fingerprint
        from portcheck.report.compare import compare
        from portcheck.report.to_json import StoreError

        plan = fingerprint(self.order)
        try:
            if self.order.settings.fail_on is FailOn.CHANGED:  # the next run must find this one
                work_here(runs.prove_writable, self._lines, create=True)
            base = work_here(partial(runs.base_of, plan=plan), self._lines, create=False)
        except HistoryError as error:
            self.answered = self.wanted = False
            self._lines.append(f"the history cannot be used: {error}")
            return None
        except StoreError as error:
            self.answered = False
            self._lines.append(f"the last run cannot be read: {error}")
            return None
        return compare(base.report, report) if base else None

    def keep(self, report: Report) -> bool:
        """Add the run to the history. False where the disk is full: what else is to be written may be lost too."""
        if not self.wanted:
            return True
        try:
            return self._kept(report)
        except UNLOADED as error:
            self._lines.append(f"this run is not in the history: {_why(error)}")
            return True

    def _kept(self, report: Report) -> bool:
        from portcheck.history import runs
        from portcheck.history.database import HistoryError, work_here
        from portcheck.history.plans import fingerprint, label

        plan, words, settings = fingerprint(self.order), label(self.order), self.order.settings
        try:
            adding = partial(
                runs.keep,
                report=report,
                plan=plan,
                label=words,
                keep_runs=settings.history_keep,
                days=settings.history_days,
            )
            work_here(adding, self._lines, create=True)
        except HistoryError as error:
            self._lines.append(f"this run is not in the history: {error}")
            return not error.full
        return True


def _why(error: BaseException) -> str:
    return "not enough memory" if isinstance(error, MemoryError) else getattr(error, "strerror", None) or str(error)


def memory(order: Order, *, history: bool, on_change: bool = False) -> Memory:
    """Refuses what asks for changes where there is nothing to compare with, before anything is sent."""
    wanted = history and order.settings.history_keep > 0
    if order.settings.fail_on is FailOn.CHANGED and not wanted:
        raise ConfigError("--fail-on changed compares with the last run, so it needs the history")
    if on_change and not wanted:
        raise ConfigError("--notify on-change compares with the last run, so it needs the history")
    return Memory(order, wanted)
