"""Each fact that spoils a good answer, each doubt about a silence: verdicts by table, one line each."""

from __future__ import annotations

import pytest
from factories import check, outcome, report

from portcheck.diagnose.verdict import Offered, judge, settle
from portcheck.model import Expected, Need, Outcome, State, Verdict
from portcheck.report.verdicts import exit_code

CONTROLLER = Offered(frozenset({"gc", "kdc", "dns", "time", "adws"}))
NOBODY = Offered()


def verdict(seen: Outcome, offered: Offered = CONTROLLER) -> Verdict:
    return judge(seen, offered).verdict


SPOILT: list[tuple[str, dict[str, object], Verdict]] = [
    ("ldap", {}, Verdict.PASS),
    ("ldap", {"signed_in": True}, Verdict.PASS),
    ("ldap", {"signed_in": False}, Verdict.FAIL),
    ("ldap", {"rights_missing": [{"need": "required", "right": "read"}]}, Verdict.FAIL),
    ("ldap", {"rights_missing": [{"need": "optional"}, {"need": "required"}]}, Verdict.FAIL),
    ("ldap", {"rights_missing": [{"need": "optional"}]}, Verdict.WARN),
    ("ldap", {"rights_missing": ["of another version"]}, Verdict.WARN),
    ("ldap", {"rights_missing": []}, Verdict.PASS),
    ("ldap", {"domain_sid_told": "differs"}, Verdict.FAIL),
    ("ldap", {"domain_sid_told": "not told"}, Verdict.PASS),
    ("ldap", {"domain_sid_told": "matches"}, Verdict.PASS),
    ("ldaps", {"tls_intercepted": True}, Verdict.FAIL),
    ("ldaps", {"tls_intercepted": False}, Verdict.PASS),
    ("ldaps", {"certificate_expired": True}, Verdict.WARN),
    ("ldaps", {"certificate_name_matches": False}, Verdict.WARN),
    ("ldaps", {"certificate_name_matches": True}, Verdict.PASS),
    ("ldaps", {"certificate_distrust": "not yet valid"}, Verdict.WARN),
    ("ldaps", {"certificate_distrust": "expired"}, Verdict.WARN),
    ("ldaps", {"certificate_distrust": "purpose"}, Verdict.WARN),
    ("ldaps", {"certificate_distrust": "weak"}, Verdict.WARN),
    ("ldaps", {"certificate_distrust": "other"}, Verdict.WARN),
    ("ldaps", {"certificate_distrust": "issuer"}, Verdict.PASS),  # may be this machine's lack
    ("ldaps", {"tls_version": "SSLv3"}, Verdict.WARN),
    ("ldaps", {"tls_version": "TLSv1"}, Verdict.WARN),
    ("ldaps", {"tls_version": "TLSv1.1"}, Verdict.WARN),
    ("ldaps", {"tls_version": "TLSv1.2"}, Verdict.PASS),
    ("ldap", {"certificate_expired": True, "start_tls_result": 0}, Verdict.PASS),  # in clear it needs none
    ("ldap", {"certificate_name_matches": False, "start_tls_result": 0}, Verdict.PASS),
    ("ldap", {"hosts_domain": False}, Verdict.WARN),
    ("ldap", {"wrong_forest": True}, Verdict.WARN),
    ("ldap", {"wrong_forest": False}, Verdict.PASS),
    ("ldap-ping", {"paused": True}, Verdict.WARN),
    ("kerberos/udp", {"fragments_lost": "to"}, Verdict.WARN),
    ("kerberos/udp", {"fragments_lost": ""}, Verdict.PASS),
    ("time", {"synchronized": False}, Verdict.WARN),
    ("http", {"unproven": True}, Verdict.WARN),
    ("ldap", {"idle_lost_s": 240.0}, Verdict.WARN),
    ("ldap", {"idle_lost_s": 0.0}, Verdict.WARN),  # lost at once
    ("ldap", {"idle_held_s": 900.0}, Verdict.PASS),
    ("dns/udp", {"edns_trouble": "dropped"}, Verdict.WARN),
    ("dns/udp", {"edns_trouble": ""}, Verdict.PASS),
    ("sign-in", {"look_ended": "no answer"}, Verdict.WARN),
    ("https", {"addresses_failed": ["192.0.2.1"]}, Verdict.WARN),
    ("https", {"addresses_failed": []}, Verdict.PASS),
    ("https", {"tunnel_lost_s": 0.0}, Verdict.WARN),
    ("kerberos/tcp", {"clock_skew_s": 301}, Verdict.WARN),
    ("kerberos/tcp", {"clock_skew_s": -301}, Verdict.WARN),
    ("kerberos/tcp", {"clock_skew_s": 300}, Verdict.PASS),
]


@pytest.mark.parametrize(("service", "facts", "expected"), SPOILT, ids=str)
def test_what_an_answer_tells_beside_itself(service: str, facts: dict[str, object], expected: Verdict) -> None:
    asked = check(service) if service != "sign-in" else check("sign-in/tcp", port=389)
    assert verdict(outcome(asked, State.OK, facts=facts)) is expected


@pytest.mark.parametrize("state", [State.OK, State.REFUSED, State.FILTERED])
def test_a_sign_in_that_failed_fails_whatever_the_port_did(state: State) -> None:
    assert verdict(outcome("ldap", state, facts={"signed_in": False}), NOBODY) is Verdict.FAIL


@pytest.mark.parametrize(
    ("service", "state", "facts", "offered", "expected"),
    [
        ("ldaps", State.RESET, {"no_certificate": True}, CONTROLLER, Verdict.WARN),
        ("ldaps", State.RESET, {"no_certificate": False}, CONTROLLER, Verdict.FAIL),
        ("gc-tls", State.RESET, {}, CONTROLLER, Verdict.FAIL),
        ("kpasswd/udp", State.FILTERED, {"udp_unproven": True}, CONTROLLER, Verdict.WARN),
        ("gc", State.FILTERED, {}, NOBODY, Verdict.SKIP),
        ("gc", State.REFUSED, {}, NOBODY, Verdict.SKIP),
        ("gc", State.FILTERED, {"local_fault": True}, NOBODY, Verdict.FAIL),
        ("gc", State.MUTE, {}, NOBODY, Verdict.FAIL),
        ("ldap", State.FILTERED, {}, Offered(controller=False), Verdict.SKIP),  # it speaks like none
        ("gc", State.FILTERED, {}, Offered(controller=False, services=frozenset({"gc"})), Verdict.FAIL),
        ("ldap", State.FILTERED, {}, Offered(controller=False, services=frozenset({"ldap"})), Verdict.FAIL),
        ("kpasswd/tcp", State.FILTERED, {}, Offered(frozenset({"rodc"})), Verdict.SKIP),
        (
            "kpasswd/tcp",
            State.FILTERED,
            {},
            Offered(frozenset({"rodc"}), services=frozenset({"kpasswd"})),
            Verdict.FAIL,
        ),
        ("udp/udp", State.FILTERED, {}, CONTROLLER, Verdict.SKIP),
        ("udp/udp", State.REFUSED, {}, CONTROLLER, Verdict.FAIL),
        ("udp/udp", State.REJECTED, {}, CONTROLLER, Verdict.FAIL),
        ("tcp/tcp", State.FILTERED, {}, CONTROLLER, Verdict.FAIL),
    ],
    ids=lambda value: "controller" if value is CONTROLLER else str(value),
)
def test_what_did_not_answer(
    service: str, state: State, facts: dict[str, object], offered: Offered, expected: Verdict
) -> None:
    asked = check(service, port=4000) if service in {"udp/udp", "tcp/tcp"} else check(service)
    assert verdict(outcome(asked, state, facts=facts), offered) is expected


@pytest.mark.parametrize("state", State)
def test_of_a_port_that_should_be_closed_nothing_is_said_that_was_not_seen(state: State) -> None:
    closed = check("smb", expected=Expected.CLOSED)
    seen = verdict(outcome(closed, state, facts={"local_fault": True}))
    assert seen is Verdict.UNKNOWN


TCP = outcome("kpasswd/tcp", facts={"kerberos_error": 24})
KDC = outcome("kerberos/udp")
PING = outcome("ldap-ping")
SILENT = outcome("kpasswd/udp", State.FILTERED, facts={"source_ports": [40001, 40002]})


def weighed(*outcomes: Outcome) -> Outcome:
    """The last one, settled beside the others."""
    return settle(outcomes, {o.check.id: CONTROLLER for o in outcomes})[-1]


@pytest.mark.parametrize(
    ("beside", "expected"),
    [
        ((TCP, KDC), Verdict.FAIL),
        ((TCP, KDC, PING), Verdict.FAIL),
        ((TCP, PING), Verdict.WARN),  # a datagram passes, and the KDC's was not asked for
        ((TCP, PING, outcome("kerberos/udp", State.FILTERED)), Verdict.WARN),
        ((TCP, outcome("kerberos/udp", State.FILTERED)), Verdict.FAIL),  # no datagram is answered at all
        ((TCP,), Verdict.FAIL),
        ((outcome("kpasswd/tcp", facts={"kpasswd_result": 3}), KDC), Verdict.FAIL),
        ((outcome("kpasswd/tcp"), KDC), Verdict.WARN),  # answered, but not in the protocol
        ((outcome("kpasswd/tcp", State.FILTERED), KDC, PING), Verdict.FAIL),  # blocked over TCP as well
        (
            (outcome(check("kpasswd/tcp", "dc2.alpha.test"), facts={"kerberos_error": 24}), PING),
            Verdict.FAIL,
        ),  # another host
        ((outcome("ldap/tcp"), PING), Verdict.FAIL),  # no twin: another port's TCP says nothing
    ],
    ids=str,
)
def test_a_silent_datagram_port_beside_what_else_the_host_said(beside: tuple[Outcome, ...], expected: Verdict) -> None:
    assert weighed(*beside, SILENT).verdict is expected


@pytest.mark.parametrize(("ports", "expected"), [([1], Verdict.WARN), ([1, 2], Verdict.FAIL), (None, Verdict.FAIL)])
def test_one_source_port_is_not_enough_for_a_silence(ports: list[int] | None, expected: Verdict) -> None:
    facts: dict[str, object] = {} if ports is None else {"source_ports": ports}
    twin = outcome("kerberos/tcp", facts={"kerberos_error": 24})
    seen = weighed(twin, outcome("kerberos/udp", State.FILTERED, facts=facts))
    assert seen.verdict is expected
    assert ("that it is blocked is not proven" in seen.reason) is (expected is Verdict.WARN)


def test_another_datagram_port_needs_no_kdc_to_be_called_blocked() -> None:
    silent = outcome("kerberos/udp", State.FILTERED, facts={"source_ports": [40001, 40002]})
    assert weighed(outcome("kerberos/tcp"), PING, silent).verdict is Verdict.FAIL


def test_a_silent_tcp_port_is_not_weighed_as_a_datagram() -> None:
    silent = outcome("ldap/tcp", State.FILTERED, facts={"source_ports": [40001]})
    assert weighed(outcome("ldap/tcp", State.OK), silent).verdict is Verdict.FAIL


@pytest.mark.parametrize(("need", "expected"), [(Need.REQUIRED, 1), (Need.CONDITIONAL, 0), (Need.OPTIONAL, 0)])
def test_only_what_is_needed_and_could_not_be_asked_spoils_the_exit_code(need: Need, expected: int) -> None:
    seen = report(outcome("smb/tcp"), outcome(check("ldap", need=need), State.ERROR, verdict=Verdict.UNKNOWN))
    assert [exit_code(seen, level) for level in ("fail", "warn", "never")] == [expected, expected, 0]
