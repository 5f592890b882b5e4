"""What counts as a difference between two runs, and what must not."""

from __future__ import annotations

from dataclasses import replace

from factories import check, controller, finding, outcome, report
from hypothesis import HealthCheck, given, settings
from strategies import reports

from portcheck.model import Change, Report, Severity, State, Turn, Verdict
from portcheck.report.compare import compare, complete

KPASSWD = check("kpasswd/udp")
DYNAMIC = check("rpc-samr/tcp", port=49153)


def turns(before: Report, after: Report) -> list[tuple[Turn, str]]:
    return [(change.turn, change.code) for change in compare(before, after).findings]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(reports)
def test_a_run_is_the_same_as_itself(run: Report) -> None:
    assert compare(run, run).same


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(reports, reports)
def test_what_appeared_one_way_is_gone_the_other_way(one: Report, other: Report) -> None:
    there, back = compare(one, other), compare(other, one)
    assert {(c.before, c.after) for c in there.changes} == {(c.after, c.before) for c in back.changes}
    assert len(there.changes) == len(back.changes)
    assert there.left_out == back.left_out
    assert {(c.forest, c.host, c.address) for c in there.controllers if c.turn is Turn.GONE} == {
        (c.forest, c.host, c.address) for c in back.controllers if c.turn is Turn.APPEARED
    }


def test_a_blocked_port_is_one_change_with_both_states() -> None:
    before, after = report(outcome(KPASSWD)), report(outcome(KPASSWD, State.FILTERED))
    assert compare(before, after).changes == (Change(KPASSWD.id, State.OK, State.FILTERED, Verdict.PASS, Verdict.FAIL),)


def test_latency_tries_reasons_and_evidence_are_no_difference() -> None:
    before = report(outcome(KPASSWD, State.FILTERED, reason="no answer to 3 tries in 4.0 s", attempts=3))
    after = report(
        outcome(KPASSWD, State.FILTERED, reason="no answer to 6 tries in 4.1 s", attempts=6, latency_ms=9.0),
        duration_s=11.0,
        started="2026-11-23T00:00:00.000Z",
    )
    assert compare(before, after).same
    assert compare(before, after).since == before.started


def test_the_same_state_with_another_verdict_is_a_change() -> None:
    before, after = report(outcome(KPASSWD)), report(outcome(KPASSWD, verdict=Verdict.WARN))
    (change,) = compare(before, after).changes
    assert (change.verdict_before, change.verdict_after) == (Verdict.PASS, Verdict.WARN)


def test_a_dynamic_port_that_moved_is_no_difference_and_one_that_fell_silent_is_one() -> None:
    moved = replace(DYNAMIC, port=50001)
    assert compare(report(outcome(DYNAMIC)), report(outcome(moved))).same
    (change,) = compare(report(outcome(DYNAMIC)), report(outcome(moved, State.FILTERED))).changes
    assert (change.check, change.before, change.after) == (moved.id, State.OK, State.FILTERED)


def test_a_dynamic_port_that_is_no_longer_known_is_one_change_not_two() -> None:
    unknown = replace(DYNAMIC, port=None)
    (change,) = compare(report(outcome(DYNAMIC)), report(outcome(unknown, State.SKIPPED))).changes
    assert (change.before, change.after) == (State.OK, State.SKIPPED)


def test_two_checks_that_share_a_key_are_told_apart_by_their_ports() -> None:
    second = replace(DYNAMIC, port=49154)
    before = report(outcome(DYNAMIC), outcome(second))
    (change,) = compare(before, report(outcome(DYNAMIC), outcome(second, State.FILTERED))).changes
    assert change.check == second.id


def test_a_fixed_port_that_moved_is_another_port() -> None:
    before, after = report(outcome("ldap/tcp")), report(outcome(check("ldap/tcp", port=1389)))
    assert [(c.before, c.after) for c in compare(before, after).changes] == [(None, State.OK), (State.OK, None)]


def test_what_a_run_did_not_finish_is_left_out_and_counted() -> None:
    cut = outcome(KPASSWD, State.SKIPPED, facts={"unfinished": True}, verdict=Verdict.UNKNOWN)
    for before, after in ((cut, outcome(KPASSWD)), (outcome(KPASSWD), cut)):
        compared = compare(report(before), report(after))
        assert (compared.same, compared.left_out) == (True, 1)
    assert not complete(report(cut))
    assert not complete(report(outcome(KPASSWD), interrupted=True))
    assert complete(report(outcome(KPASSWD)))


def test_findings_come_go_and_change_their_hosts_or_severity() -> None:
    before = report(findings=(finding("kpasswd-blocked", hosts=("dc1",)), finding("gc-blocked")))
    after = report(findings=(finding("kpasswd-blocked", hosts=("dc1", "dc2")), finding("time-skew")))
    assert turns(before, after) == [
        (Turn.CHANGED, "kpasswd-blocked"),
        (Turn.APPEARED, "time-skew"),
        (Turn.GONE, "gc-blocked"),
    ]
    worse = report(findings=(finding("time-skew", severity=Severity.WARNING),))
    assert turns(worse, report(findings=(finding("time-skew"),))) == [(Turn.CHANGED, "time-skew")]


def test_a_number_in_a_title_and_the_word_that_all_is_well_are_no_difference() -> None:
    assert compare(
        report(findings=(finding("time-skew", title="1203 s ahead"),)),
        report(findings=(finding("time-skew", title="1207 s ahead"),)),
    ).same
    assert compare(report(), report(findings=(finding("forest-ok", severity=Severity.INFO),))).same


def test_a_controller_that_is_no_longer_advertised_is_gone() -> None:
    run = report(outcome("ldap/tcp"), outcome(check("ldap/tcp", "dc2.alpha.test")))
    (forest,) = run.forests
    fewer = replace(run, forests=(replace(forest, domain_controllers=(controller(),)),))
    (change,) = compare(run, fewer).controllers
    assert (change.turn, change.host) == (Turn.GONE, "dc2.alpha.test")


def test_a_resolver_of_this_machine_that_was_asked_is_no_controller_that_appeared() -> None:
    run = report(outcome("ldap/tcp"))
    (forest,) = run.forests
    beside = replace(
        forest, domain_controllers=(*forest.domain_controllers, controller("10.9.9.53", source="resolver"))
    )
    assert not compare(run, replace(run, forests=(beside,))).controllers
    more = replace(forest, domain_controllers=(*forest.domain_controllers, controller("dc2.alpha.test")))
    assert len(compare(run, replace(run, forests=(more,))).controllers) == 1
