"""The mark before what changed in a forest: the worst that it came to."""

from __future__ import annotations

import pytest

from portcheck.model import Change, FindingChange, Severity, State, Turn, Verdict
from portcheck.render.shared.changes import ForestChanges, mark_of
from portcheck.render.shared.marks import SEVERITIES, VERDICTS

RECOVERED = Change("id", State.FILTERED, State.OK, Verdict.FAIL, Verdict.PASS)


@pytest.mark.parametrize(("turn", "well"), [(Turn.APPEARED, False), (Turn.GONE, True)])
def test_a_fault_that_appeared_is_worse_than_checks_that_are_good(turn: Turn, *, well: bool) -> None:
    finding = FindingChange(turn, "alpha.test", "dns-blocked", "alpha.test: nobody is found", Severity.ERROR)
    mark = mark_of(ForestChanges("alpha.test", (finding,), (), (RECOVERED,)))
    assert mark == (VERDICTS[Verdict.PASS] if well else SEVERITIES[Severity.ERROR])
