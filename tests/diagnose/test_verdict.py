"""The contract's table of verdicts: every state, by need, by what is proven of the host, and by expectation."""

from __future__ import annotations

import pytest
from factories import check, finding, outcome, report

from portcheck.diagnose import diagnose
from portcheck.diagnose.verdict import Offered, judge
from portcheck.model import Expected, Need, Severity, State, Verdict
from portcheck.report.verdicts import exit_code

PROVEN, UNPROVEN = Offered(frozenset({"gc"})), Offered()
VERDICTS = """
    state       required  conditional  optional  unproven  expected-closed
    ok          pass      pass         pass      pass      fail
    open        pass      pass         pass      pass      fail
    refused     fail      warn         warn      skip      pass
    filtered    fail      warn         warn      skip      pass
    rejected    fail      warn         warn      skip      pass
    unreachable fail      warn         warn      skip      pass
    mute        fail      warn         warn      fail      fail
    reset       fail      warn         warn      fail      fail
    mismatch    fail      warn         warn      fail      fail
    unresolved  fail      warn         warn      fail      unknown
    skipped     skip      skip         skip      skip      skip
    error       unknown   unknown      unknown   unknown   unknown
"""
ROWS = [line.split() for line in VERDICTS.strip().splitlines()[1:]]


def verdict(state: str, offered: Offered, service: str = "gc", **fields: object) -> Verdict:
    return judge(outcome(check(service, **fields), state), offered).verdict


def test_the_table_knows_every_state() -> None:
    assert {row[0] for row in ROWS} == set(State)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_state_has_the_verdict_of_the_contract(row: list[str]) -> None:
    state, required, conditional, optional, unproven, closed = row
    assert verdict(state, PROVEN, need=Need.REQUIRED) == required
    assert verdict(state, PROVEN, need=Need.CONDITIONAL) == conditional
    assert verdict(state, PROVEN, need=Need.OPTIONAL) == optional
    assert verdict(state, UNPROVEN, need=Need.REQUIRED) == unproven
    assert verdict(state, PROVEN, expected=Expected.CLOSED) == closed


@pytest.mark.parametrize("service", ["ldap", "kerberos/tcp", "kpasswd/udp", "smb", "rpc", "ldap-ping"])
def test_what_every_controller_has_needs_no_proof(service: str) -> None:
    assert verdict("filtered", UNPROVEN, service) is Verdict.FAIL


@pytest.mark.parametrize(
    ("service", "role"), [("dns/udp", "dns"), ("time", "time"), ("adws", "adws"), ("gc-tls", "gc")]
)
def test_silence_hurts_only_where_the_role_is_proven(service: str, role: str) -> None:
    assert verdict("filtered", UNPROVEN, service) is Verdict.SKIP
    assert verdict("filtered", Offered(frozenset({role})), service) is Verdict.FAIL


def test_unproven_silence_gives_the_reason_of_the_contract_and_keeps_what_was_seen() -> None:
    seen = judge(outcome("gc", State.FILTERED), UNPROVEN)
    assert seen.reason.startswith("not offered here, or filtered (")
    assert "no answer" in seen.reason
    assert judge(outcome("gc", State.REFUSED), UNPROVEN).reason.startswith("not offered here (")


def test_silence_of_an_unknown_datagram_service_proves_nothing() -> None:
    assert verdict("filtered", UNPROVEN, "udp/udp", port=4000) is Verdict.SKIP
    assert verdict("refused", UNPROVEN, "udp/udp", port=4000) is Verdict.FAIL


def test_a_fault_of_this_machine_is_not_taken_for_a_service_that_is_not_there() -> None:
    seen = outcome("gc", State.UNREACHABLE, facts={"local_fault": True})
    assert judge(seen, UNPROVEN).verdict is Verdict.FAIL


def test_a_fault_of_this_machine_does_not_prove_a_port_closed() -> None:
    seen = outcome(check("smb", expected=Expected.CLOSED), State.UNREACHABLE, facts={"local_fault": True})
    assert judge(seen, UNPROVEN).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({"clock_skew_s": 299.9}, Verdict.PASS),
        ({"clock_skew_s": -299.9}, Verdict.PASS),
        ({"clock_skew_s": 300.1}, Verdict.WARN),
        ({"clock_skew_s": -300.1}, Verdict.WARN),
        ({"clock_skew_s": "soon"}, Verdict.PASS),
        ({"certificate_expired": True}, Verdict.WARN),
        ({"hosts_domain": False}, Verdict.WARN),
        ({"hosts_domain": True}, Verdict.PASS),
        ({"paused": True}, Verdict.WARN),
        ({"synchronized": False}, Verdict.WARN),
    ],
    ids=str,
)
def test_what_works_with_a_fault_is_a_warning(facts: dict[str, object], verdict: Verdict) -> None:
    assert judge(outcome("ldap", State.OK, facts=facts), UNPROVEN).verdict is verdict


def test_a_server_without_a_certificate_is_no_blocked_path() -> None:
    assert judge(outcome("ldaps", State.RESET, facts={"no_certificate": True}), UNPROVEN).verdict is Verdict.WARN
    assert judge(outcome("ldap", State.RESET, facts={"no_certificate": True}), UNPROVEN).verdict is Verdict.FAIL


def test_a_skipped_check_tells_why_it_was_skipped() -> None:
    def skipped(need: Need = Need.REQUIRED, **facts: object) -> Verdict:
        return judge(outcome(check("rpc-samr", need=need), State.SKIPPED, facts=facts), UNPROVEN).verdict

    assert skipped() is Verdict.SKIP
    assert skipped(unfinished=True) is Verdict.UNKNOWN
    assert skipped(interface_missing=True) is Verdict.FAIL
    assert skipped(Need.OPTIONAL, interface_missing=True) is Verdict.WARN


@pytest.mark.parametrize(
    ("verdicts", "fail", "warn", "never"),
    [
        ((), 0, 0, 0),
        ((Verdict.PASS, Verdict.SKIP), 0, 0, 0),
        ((Verdict.PASS, Verdict.WARN), 0, 1, 0),
        ((Verdict.WARN, Verdict.FAIL), 1, 1, 0),
        ((Verdict.PASS, Verdict.UNKNOWN), 1, 1, 0),  # what could not be asked is not "as expected"
    ],
)
def test_the_exit_code_follows_the_level_asked_for(
    verdicts: tuple[Verdict, ...], fail: int, warn: int, never: int
) -> None:
    seen = report(*(outcome(verdict=verdict) for verdict in verdicts))
    assert [exit_code(seen, level) for level in ("fail", "warn", "never")] == [fail, warn, never]


NAMED, LISTED = Offered(named=True), Offered(frozenset({"unproven"}))


@pytest.mark.parametrize(
    ("service", "need", "expected"),
    [
        ("mim-service", Need.REQUIRED, Verdict.FAIL),
        ("mim-sts", Need.CONDITIONAL, Verdict.WARN),
        ("mssql", Need.REQUIRED, Verdict.FAIL),
        ("rpc", Need.CONDITIONAL, Verdict.WARN),
        ("http", Need.CONDITIONAL, Verdict.SKIP),
        ("https", Need.REQUIRED, Verdict.FAIL),
        ("tcp/tcp", Need.OPTIONAL, Verdict.SKIP),
    ],
)
def test_a_machine_that_is_named_has_what_its_role_says(service: str, need: Need, expected: Verdict) -> None:
    for state in ("filtered", "refused"):
        assert verdict(state, NAMED, service, need=need) is expected


def test_a_listed_endpoint_is_there_so_its_silence_hurts_by_need() -> None:
    assert verdict("filtered", LISTED, "https") is Verdict.FAIL
    assert verdict("refused", LISTED, "http", need=Need.CONDITIONAL) is Verdict.WARN


def test_an_answer_signed_by_a_stranger_is_of_no_use_to_who_verifies() -> None:
    signed = {"tls_intercepted": True, "certificate_trusted": False}
    for need, expected in ((Need.REQUIRED, Verdict.FAIL), (Need.CONDITIONAL, Verdict.WARN)):
        seen = outcome(check("https", need=need), State.OK, facts=signed)
        assert judge(seen, LISTED).verdict is expected


@pytest.mark.parametrize("facts", [{"unproven": True}, {"addresses_failed": ["192.0.2.1"]}])
def test_an_answer_with_a_doubt_is_a_warning(facts: dict[str, object]) -> None:
    assert judge(outcome(check("http"), State.OK, facts=facts), LISTED).verdict is Verdict.WARN


@pytest.mark.parametrize(
    ("severity", "fail", "warn"), [(Severity.ERROR, 1, 1), (Severity.WARNING, 0, 1), (Severity.INFO, 0, 0)]
)
def test_what_no_port_shows_counts_as_well(severity: Severity, fail: int, warn: int) -> None:
    """A missing SRV record, a resolver that says nothing: no check fails, and nothing works."""
    seen = report(outcome(verdict=Verdict.PASS), findings=(finding(severity=severity),))
    assert [exit_code(seen, level) for level in ("fail", "warn", "never")] == [fail, warn, 0]


def test_a_read_only_controller_may_have_no_password_service() -> None:
    assert verdict("filtered", Offered(frozenset({"rodc", "kdc"})), "kpasswd/tcp") is Verdict.SKIP
    assert verdict("filtered", Offered(frozenset({"rodc", "kdc"})), "kerberos/tcp") is Verdict.FAIL
    assert verdict("filtered", Offered(frozenset({"writable", "kdc"})), "kpasswd/tcp") is Verdict.FAIL


@pytest.mark.parametrize(
    ("service", "need", "verdict"),
    [
        ("rpc-dfsr/tcp", Need.CONDITIONAL, Verdict.SKIP),
        ("rpc-cert/tcp", Need.REQUIRED, Verdict.FAIL),
        ("rpc-lsarpc/tcp", Need.CONDITIONAL, Verdict.WARN),
        ("rpc-lsarpc/tcp", Need.REQUIRED, Verdict.FAIL),
    ],
)
def test_an_interface_that_nothing_promises_may_be_missing_and_one_that_is_needed_may_not(
    service: str, need: Need, verdict: Verdict
) -> None:
    missing = outcome(check(service, need=need), State.SKIPPED, facts={"interface_missing": True})
    judged = judge(missing, Offered(frozenset({"gc"})))
    assert judged.verdict is verdict
    told = {finding.code for finding in diagnose(report(outcome("ldap/tcp"), judged))}
    assert ("rpc-interface-missing" in told) is (verdict is not Verdict.SKIP)
