"""What a check has to do with earlier runs of its plan: held against the last one before it is printed, kept after.

Trouble with the history is one line on stderr; the report goes on without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from portcheck.config import ConfigError, FailOn
from portcheck.exitcodes import NOT_AS_EXPECTED, NOT_DONE, OK
from portcheck.model import Comparison, Report

if TYPE_CHECKING:
    from portcheck.run.runner import Order

DONE = frozenset({OK, NOT_AS_EXPECTED})


@dataclass(slots=True)
class Memory:
    """The history as one check sees it; `wanted` is false for `--no-history` and `history_keep = 0`."""

    order: Order
    wanted: bool
    say: Callable[[str], None]
    answered: bool = True  # whether the last run could be asked for

    def compared(self, report: Report) -> Report:
        """The report with what changed since the last run of its plan, and the exit code `--fail-on changed` asks."""
        found = self._against_last(report) if self.wanted and report.exit_code in DONE else None
        report = replace(report, compared=found)
        if self.order.settings.fail_on is not FailOn.CHANGED or report.exit_code not in DONE:
            return report
        if found is None:
            if self.answered:
                self.say("nothing to compare with yet: this is the first whole run of this plan")
            return replace(report, exit_code=OK if self.answered else NOT_DONE)
        return replace(report, exit_code=OK if found.same else NOT_AS_EXPECTED)

    def _against_last(self, report: Report) -> Comparison | None:
        from portcheck.history import runs
        from portcheck.history.database import HistoryError, work
        from portcheck.history.plans import fingerprint
        from portcheck.history.state_dir import database_file
        from portcheck.report.compare import compare
        from portcheck.report.to_json import StoreError

        plan = fingerprint(self.order)
        try:
            base = work(database_file(), lambda database: runs.base_of(database, plan), self.say, create=False)
        except (HistoryError, StoreError) as error:
            self.answered = False
            self.say(f"the last run cannot be read: {error}")
            return None
        return compare(base.report, report) if base else None

    def keep(self, report: Report) -> None:
        """Add the run to the history."""
        if not self.wanted:
            return
        from portcheck.history import runs
        from portcheck.history.database import HistoryError, work
        from portcheck.history.plans import fingerprint, label
        from portcheck.history.state_dir import database_file

        plan, words, settings = fingerprint(self.order), label(self.order), self.order.settings
        try:
            work(
                database_file(),
                lambda database: runs.keep(database, report, plan, words, settings.history_keep, settings.history_days),
                self.say,
                create=True,
            )
        except HistoryError as error:
            self.say(f"this run is not in the history: {error}")


def memory(order: Order, say: Callable[[str], None], *, history: bool, on_change: bool = False) -> Memory:
    """Refuses what asks for changes where there is nothing to compare with, before anything is sent."""
    wanted = history and order.settings.history_keep > 0
    if order.settings.fail_on is FailOn.CHANGED and not wanted:
        raise ConfigError("--fail-on changed compares with the last run, so it needs the history")
    if on_change and not wanted:
        raise ConfigError("--notify on-change compares with the last run, so it needs the history")
    return Memory(order, wanted, say)
