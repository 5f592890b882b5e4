"""Two runs of different plans are compared by what both asked; the rest is said, and is no change."""

from __future__ import annotations

from pathlib import Path

import pytest
from factories import check, controller, finding, outcome, report

from portcheck.cli.app import run
from portcheck.model import ForestReport, Report, State
from portcheck.report import to_json
from portcheck.report.compare import compare
from portcheck.report.same_plan import common

WHOLE = report(outcome("ldap/tcp"), outcome("kpasswd/tcp"), outcome("kpasswd/udp"))
PART = report(outcome("ldap/tcp"))
OTHER = report(outcome(check("ldap/tcp", "dc1.bravo.test")))


def changes(before: Report, after: Report) -> tuple[object, ...]:
    runs = common(before, after)
    compared = compare(runs.before, runs.after)
    return compared.same, len(compared.changes), len(compared.findings), len(compared.controllers)


def test_services_that_one_run_left_out_are_no_changes() -> None:
    assert changes(WHOLE, PART) == (True, 0, 0, 0)
    assert common(WHOLE, PART).notes == (
        "alpha.test: asked in the first run only (--profile, --only, --skip): kpasswd/tcp, kpasswd/udp.",
    )
    assert "in the second run only" in common(PART, WHOLE).notes[0]


def test_what_both_asked_is_still_compared() -> None:
    broken = report(outcome("ldap/tcp", State.FILTERED))
    assert changes(WHOLE, broken) == (False, 1, 0, 0)


def test_runs_of_one_plan_are_left_as_they_are() -> None:
    after = report(outcome("ldap/tcp"), outcome("kpasswd/tcp", State.FILTERED), outcome("kpasswd/udp", State.SKIPPED))
    runs = common(WHOLE, after)
    assert (runs.before, runs.after, runs.notes) == (WHOLE, after, ())


def test_a_controller_that_dns_no_longer_tells_is_a_change_and_no_other_plan() -> None:
    both = report(outcome("ldap/tcp"), outcome(check("ldap/tcp", "dc2.alpha.test")))
    assert common(both, PART).notes == ()
    assert changes(both, PART) == (False, 1, 0, 1)


def test_a_forest_of_which_nothing_was_found_is_a_change_and_no_other_plan() -> None:
    lost = report(forests=(ForestReport("alpha.test", ("mim",), problem="no name server answers"),))
    assert common(WHOLE, lost).notes == ()
    assert not changes(WHOLE, lost)[0]


def test_controllers_that_were_named_by_the_user_are_another_plan() -> None:
    both = report(outcome("ldap/tcp"), outcome(check("ldap/tcp", "dc2.alpha.test")))
    forest = ForestReport("alpha.test", ("mim",), domain_controllers=(controller(source="explicit"),))
    named = report(outcome("ldap/tcp"), forests=(forest,))
    assert changes(both, named) == (True, 0, 0, 0)
    assert "dc2.alpha.test" in common(both, named).notes[0]


def test_a_finding_that_rests_on_what_only_one_run_asked_goes_with_it() -> None:
    kpasswd, ldap = outcome("kpasswd/tcp", State.FILTERED), outcome("ldap/tcp")
    found = finding(checks=(kpasswd.check.id,))
    named = finding("srv-missing")  # rests on DNS, which both asked
    assert changes(report(kpasswd, ldap, findings=(found,)), PART) == (True, 0, 0, 0)
    assert changes(report(kpasswd, ldap, findings=(found, named)), PART) == (False, 0, 1, 0)


def test_a_forest_that_only_one_run_asked_is_no_change() -> None:
    two = report(*WHOLE.outcomes, *OTHER.outcomes, findings=(finding(forest="bravo.test"),))
    assert changes(two, WHOLE) == (True, 0, 0, 0)
    assert common(two, WHOLE).notes == ("Asked in the first run only: bravo.test.",)


@pytest.mark.parametrize(("after", "code"), [(PART, 0), (OTHER, 2)], ids=["something in common", "nothing"])
def test_diff_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str], after: Report, code: int) -> None:
    names = []
    for name, one in (("a.json", WHOLE), ("b.json", after)):
        to_json.save(tmp_path / name, one)
        names.append(str(tmp_path / name))
    assert run(["diff", *names]) == code
    said = capsys.readouterr()
    words = " ".join((said.out + said.err).split())
    assert ("nothing changed: 1 check" in words) is (code == 0)
    assert ("The two runs asked different things" in words) is (code == 0)
    assert ("nothing was asked in both runs" in words) is (code == 2)
    assert "in the first run only" in words
