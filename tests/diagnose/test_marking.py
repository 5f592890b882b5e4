"""A finding marks the checks it is about: what a fault spoils is no pass, and explained anew it is the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
from factories import check, outcome

from portcheck.diagnose import marked
from portcheck.diagnose.verdict import Offered, settle
from portcheck.model import Finding, Need, Outcome, Severity, State, Verdict

SKEWED = outcome(check("kerberos/tcp"), State.OK, verdict=Verdict.WARN, facts={"clock_skew_s": 1200.0})


def told(severity: Severity, *about: Outcome, code: str = "time-skew") -> Finding:
    return Finding(code, severity, "alpha.test", "t", "e.", checks=tuple(o.check.id for o in about))


@pytest.mark.parametrize(
    ("severity", "verdict"),
    [(Severity.ERROR, Verdict.FAIL), (Severity.WARNING, Verdict.WARN), (Severity.INFO, Verdict.PASS)],
)
def test_an_answer_is_marked_by_the_worst_that_is_told_of_it(severity: Severity, verdict: Verdict) -> None:
    good = replace(SKEWED, verdict=Verdict.PASS)
    (seen,) = marked([good], [told(Severity.INFO, good), told(severity, good)])
    assert seen.verdict is verdict
    assert seen.facts.get("marked_by") == (None if severity is Severity.INFO else "time-skew")


def test_what_is_not_needed_or_did_not_answer_keeps_its_verdict() -> None:
    spare = outcome(check("kerberos/udp", need=Need.OPTIONAL), State.OK, verdict=Verdict.PASS)
    silent = outcome(check("ldap/tcp"), State.FILTERED, verdict=Verdict.SKIP)
    other = outcome(check("smb/tcp"), State.OK, verdict=Verdict.PASS)
    seen = marked([spare, silent, other], [told(Severity.ERROR, spare, silent)])
    assert [one.verdict for one in seen] == [Verdict.WARN, Verdict.SKIP, Verdict.PASS]


def test_ldap_in_clear_is_no_worse_for_the_certificate_that_start_tls_shows() -> None:
    clear = outcome(check("ldap/tcp"), State.OK, verdict=Verdict.PASS, facts={"start_tls_result": 0})
    (seen,) = marked([clear], [told(Severity.WARNING, clear, code="certificate-no-san")])
    assert seen == clear
    (late,) = marked([clear], [told(Severity.WARNING, clear)])
    assert late.verdict is Verdict.WARN


def dead(*, far: bool, alive: bool = False) -> tuple[Verdict, ...]:
    states = (State.FILTERED, State.OK if alive else State.FILTERED)
    seen = [outcome(check(name), state) for name, state in zip(("kerberos/tcp", "ldap/tcp"), states, strict=True)]
    judged = settle(seen, {one.check.id: Offered(frozenset({"kdc"}), far=far) for one in seen})
    return tuple(one.verdict for one in judged)


def test_a_dead_controller_of_another_site_is_a_warning_and_one_that_lives_is_not_excused() -> None:
    assert dead(far=True) == (Verdict.WARN, Verdict.WARN)
    assert dead(far=False) == (Verdict.FAIL, Verdict.FAIL)
    assert dead(far=True, alive=True)[0] is Verdict.FAIL


@pytest.mark.parametrize(("seen", "verdict"), [(SKEWED, Verdict.WARN), (replace(SKEWED, facts={}), Verdict.PASS)])
def test_a_mark_is_taken_back_where_its_finding_is_gone(seen: Outcome, verdict: Verdict) -> None:
    good = replace(seen, verdict=verdict)
    before = marked([good], [told(Severity.ERROR, good)])
    assert [one.verdict for one in before] == [Verdict.FAIL]
    assert marked(before, []) == (good,)
