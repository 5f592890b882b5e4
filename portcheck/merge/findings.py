"""The merged report with everything that comparing tells, worst first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from portcheck.exitcodes import NOT_AS_EXPECTED, NOT_DONE, OK
from portcheck.frozen import dataclass
from portcheck.merge import differs, places
from portcheck.merge.points import Merged
from portcheck.model import Severity, Verdict

WORST_FIRST = list(Severity)
STALE_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user expects of the places."""

    expected: tuple[str, ...] = ()
    stale_after: timedelta = STALE_AFTER
    now: datetime | None = None  # None: ages are held against the newest report
    clock: datetime | None = None  # this machine's, against which no report can be dated


def explained(merged: Merged, wanted: Wanted) -> Merged:
    found = [
        *differs.compared(merged),
        *places.clocks(merged),
        *places.names(merged),
        *places.stale(merged, wanted.stale_after, wanted.now, wanted.clock),
        *places.missing(wanted.expected, merged),
        *places.untold(merged),
    ]
    return replace(merged, findings=tuple(sorted(found, key=lambda finding: WORST_FIRST.index(finding.severity))))


def exit_code(merged: Merged, fail_on: Iterable[Verdict] = (Verdict.FAIL,)) -> int:
    """As of a check: 1 where any place has a verdict of `fail_on`, or could not be asked at all."""
    wanted = set(fail_on)
    verdicts = {outcome.verdict for cell in merged.cells for outcome in cell.seen.values()}
    errors = any(finding.severity is Severity.ERROR for finding in merged.findings)
    if wanted and (verdicts & wanted or errors or (Verdict.WARN in wanted and merged.findings)):
        return NOT_AS_EXPECTED
    return NOT_DONE if merged.left_out else OK
