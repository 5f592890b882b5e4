"""From a report: what is a matter for the firewall team becomes a path to ask for, and nothing else does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from portcheck.model import AskedOf, BlockedAt, Expected, Need, Outcome, Report, Request, State, Verdict
from portcheck.render.request import FORMATS, OWN
from portcheck.request import from_report, summary, ticket
from portcheck.request.flow import Asked, Ports
from portcheck.request.from_report import PATH_CODES
from tests.factories import check, finding, outcome, report
from tests.request.requests import rendered
from tests.strategies import reports

ALIVE = outcome("ldap/tcp")


def asked(*outcomes: Outcome, **options: Any) -> Asked:
    made = report(*outcomes)
    return from_report.asked(made, made.outcomes, **options)


def ports(of: Asked) -> list[str]:
    return [str(flow.ports) for flow in of.flows]


@pytest.mark.parametrize("state", [State.FILTERED, State.REJECTED, State.UNREACHABLE])
def test_what_is_blocked_on_a_host_that_lives_is_asked_for(state: State) -> None:
    found = asked(ALIVE, outcome("kpasswd/udp", state))
    assert ports(found) == ["464/udp"]
    assert (found.flows[0].source, found.flows[0].destination) == ("10.77.0.10", "10.77.1.1")
    assert found.flows[0].caveat == ""
    assert str(state) in found.flows[0].evidence


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"source_ports": [50001, 50002], "local_port": 50002}, (50001, 50002)),
        ({"local_port": 50003}, (50003,)),
        ({}, ()),
    ],
)
def test_the_ports_that_were_asked_from_are_told_for_the_firewall_s_log(
    facts: dict[str, object], told: tuple[int, ...]
) -> None:
    assert asked(ALIVE, outcome("kpasswd/tcp", State.REJECTED, facts=facts)).flows[0].source_ports == told


@pytest.mark.parametrize(
    ("address", "told"), [("10.77.0.10", True), (None, True), ("10.77.0.11", False), ([], False), ({}, False)]
)
def test_a_port_that_answered_this_source_is_the_control_whatever_a_saved_run_holds(
    address: object, told: bool
) -> None:
    facts = {} if address is None else {"local_address": address}
    alive = outcome("ldap/tcp", facts=facts)
    flow = asked(alive, outcome("kpasswd/udp", State.FILTERED, facts={"local_address": "10.77.0.10"})).flows[0]
    assert (flow.control is not None) is told


@pytest.mark.parametrize("state", [State.REFUSED, State.MUTE, State.RESET, State.MISMATCH])
def test_what_the_host_itself_does_wrong_is_no_rule_but_is_told(state: State) -> None:
    found = asked(ALIVE, outcome("kpasswd/tcp", state))
    assert found.flows == ()
    assert "464/tcp" in found.left_out[0]


@pytest.mark.parametrize("fact", ["handshake_by_device", "control_port_accepts"])
def test_what_a_device_takes_in_the_place_of_the_host_is_not_said_to_be_beyond_any_rule(fact: str) -> None:
    for by_device in (True, False):
        found = asked(ALIVE, outcome("kpasswd/tcp", State.MUTE, facts={fact: by_device}))
        assert (found.flows, "no rule for this port cures it" in found.left_out[0]) == ((), not by_device)


@pytest.mark.parametrize("state", [State.OK, State.OPEN])
def test_what_is_well_is_not_asked_for(state: State) -> None:
    assert asked(ALIVE, outcome("kpasswd/tcp", state)) == Asked()


@pytest.mark.parametrize("state", [State.SKIPPED, State.ERROR])
def test_what_was_not_tested_is_not_asked_for_and_never_called_open(state: State) -> None:
    two = [outcome(check("kpasswd/tcp", host=f"dc{n}.alpha.test"), state, reason="not a KDC") for n in (1, 2)]
    found = asked(ALIVE, *two)
    paths = "kpasswd 464/tcp to dc1.alpha.test, kpasswd 464/tcp to dc2.alpha.test"
    assert (found.flows, found.questions) == ((), ())
    assert found.left_out == (f"not tested, so nothing is known of the path: {paths} (not a KDC)",)
    assert found.tested
    optional = check("kpasswd/udp", need=Need.OPTIONAL)
    assert asked(ALIVE, outcome(optional, state)) == Asked()


def test_a_run_that_tested_nothing_calls_no_path_open() -> None:
    for found in (asked(), asked(outcome("ldap/tcp", State.SKIPPED)), asked(outcome("ldap/tcp", State.ERROR))):
        made = ticket.ticket(found, "a run")
        assert not found.tested
        for name in OWN:
            assert "no path in it is blocked" not in rendered(name, made).lower(), name
    assert "no path in it is blocked" in rendered("markdown", ticket.ticket(asked(ALIVE), "a run")).lower()


@pytest.mark.parametrize(("state", "says"), [(State.REFUSED, "got there"), (State.MUTE, "what lies between")])
def test_a_refusal_is_the_host_s_word_and_a_mute_port_may_be_a_device_s(state: State, says: str) -> None:
    (told,) = asked(ALIVE, outcome("kpasswd/tcp", state)).left_out
    assert says in told
    assert "open" not in told


def cloud(state: State, **more: Any) -> Asked:
    endpoint = check("https/tcp", host="graph.microsoft.com", address=None, forest="cloud", operations=("photos",))
    made = report(outcome(endpoint, state, reason="no answer"), outcome("ldap/tcp"))
    forests = tuple(replace(f, facts={"kind": "cloud"}) if f.name == "cloud" else f for f in made.forests)
    return from_report.asked(replace(made, forests=forests), made.outcomes, **more)


def test_what_has_a_name_only_is_told_where_it_is_blocked_and_no_question_where_it_works() -> None:
    by_name = "graph.microsoft.com 443/tcp (photos): by name; allow it at the proxy, or by a rule that takes names"
    assert cloud(State.FILTERED).left_out == cloud(State.OK, everything=True).left_out == (by_name,)
    assert cloud(State.OK) == Asked()
    assert cloud(State.UNRESOLVED).questions == ()
    assert "nothing is known of the path: https 443/tcp to graph.microsoft.com" in cloud(State.UNRESOLVED).left_out[0]


def test_silence_that_proves_nothing_is_not_asked_for() -> None:
    found = asked(ALIVE, outcome("adws/tcp", State.FILTERED, verdict=Verdict.SKIP))
    assert found.flows == ()
    assert "adws 9389/tcp" in found.left_out[0]


def test_silence_that_proves_nothing_is_asked_for_where_all_of_the_host_is_silent_and_with_all() -> None:
    unproven = outcome("gc/tcp", State.FILTERED, verdict=Verdict.SKIP)
    closed = asked(outcome("ldap/tcp", State.FILTERED), unproven)
    assert ports(closed) == ["389/tcp", "3268/tcp"]
    assert {bool(flow.caveat) for flow in closed.flows} == {True}
    assert "3268/tcp" in ports(asked(ALIVE, unproven, everything=True))


@pytest.mark.parametrize("everything", [False, True])
def test_what_ought_to_be_closed_is_never_asked_for(everything: bool) -> None:
    closed = check("smb/tcp", expected=Expected.CLOSED)
    for state in (State.OK, State.FILTERED):
        found = asked(ALIVE, outcome(closed, state, verdict=Verdict.FAIL), everything=everything)
        assert "445/tcp" not in ports(found)


def test_what_this_machine_itself_could_not_send_is_a_question() -> None:
    found = asked(ALIVE, outcome("kpasswd/tcp", State.UNREACHABLE, facts={"local_fault": True}))
    assert found.flows == ()
    assert "this machine itself" in found.questions[0]


def test_a_host_that_a_router_cannot_reach_is_a_question() -> None:
    found = asked(outcome("ldap/tcp", State.UNREACHABLE), outcome("kerberos/tcp", State.FILTERED))
    assert found.flows == ()
    assert "Is it up" in found.questions[0]


def test_a_host_that_is_wholly_silent_is_asked_for_with_a_caveat() -> None:
    found = asked(outcome("ldap/tcp", State.FILTERED), outcome("kerberos/tcp", State.FILTERED))
    assert {bool(flow.caveat) for flow in found.flows} == {True}


def test_a_device_that_says_no_is_proof_enough_and_is_named() -> None:
    rejected = outcome("ldap/tcp", State.REJECTED, blocked_at=BlockedAt(by="10.77.100.2"))
    found = asked(rejected)
    assert found.flows[0].caveat == ""
    assert "10.77.100.2" in found.flows[0].evidence


def interface(mapper: State, **more: Any) -> tuple[Outcome, ...]:
    behind = check("rpc-samr/tcp")
    return ALIVE, outcome("rpc/tcp", mapper), outcome(behind, State.SKIPPED, **more)


def test_behind_a_blocked_mapper_the_whole_range_is_asked_for() -> None:
    found = asked(*interface(State.FILTERED, facts={"mapper_silent": True}))
    assert ports(found) == ["135/tcp", "49152-65535/tcp"]
    assert found.flows[1].dynamic


@pytest.mark.parametrize("mapper", [State.REFUSED, State.MUTE, State.RESET])
def test_behind_a_mapper_that_is_sick_nothing_is(mapper: State) -> None:
    assert ports(asked(*interface(mapper, facts={"mapper_silent": True}))) == []


def test_an_interface_that_the_mapper_does_not_know_has_no_port_to_open() -> None:
    found = asked(*interface(State.OK, facts={"interface_missing": True}, verdict=Verdict.FAIL))
    assert ports(found) == []


def test_dynamic_ports_that_were_seen_are_asked_for_as_seen_or_as_they_are_pinned() -> None:
    samr = outcome(check("rpc-samr/tcp", port=49670), State.FILTERED, facts={"port_candidates": [49670, 49671]})
    assert ports(asked(ALIVE, samr)) == ["49670/tcp", "49671/tcp"]
    assert ports(asked(ALIVE, samr, pinned=(Ports("tcp", 50000, 50001),))) == ["50000-50001/tcp"]


def test_with_all_what_works_is_asked_for_too_and_what_is_not_offered_is_not() -> None:
    found = asked(
        ALIVE,
        outcome("kpasswd/udp", State.FILTERED),
        outcome("kerberos/tcp", State.REFUSED),
        outcome("gc/tcp", State.SKIPPED),
        everything=True,
    )
    assert ports(found) == ["389/tcp", "464/udp", "88/tcp"]


def test_the_source_is_the_users_else_the_address_that_this_host_was_asked_from() -> None:
    told = outcome("ldap/tcp", facts={"local_address": "10.9.9.9"})
    assert asked(told, outcome("kpasswd/tcp", State.FILTERED)).flows[0].source == "10.9.9.9"
    given = asked(told, outcome("kpasswd/tcp", State.FILTERED), sources=("10.1.1.1", "10.1.1.2", "fd00::1"))
    assert [flow.source for flow in given.flows] == ["10.1.1.1", "10.1.1.2"]


def test_an_address_of_this_machine_alone_is_in_no_rule() -> None:
    here = outcome(check("kpasswd/tcp", address="127.0.0.1"), State.FILTERED)
    assert asked(here).flows == ()


def test_faults_of_the_path_that_no_port_rule_cures_are_told() -> None:
    made = report(ALIVE, findings=(finding("mtu-black-hole", title="Large packets are lost", fix="Allow ICMP."),))
    found = from_report.asked(made, made.outcomes)
    assert found.flows == ()
    assert "Large packets are lost" in found.left_out[0]


@pytest.mark.parametrize(("facts", "asked_for"), [({"long_datagrams_lost": "from"}, []), ({}, ["389/udp"])])
def test_a_port_that_answers_in_short_is_not_asked_for(facts: dict[str, object], asked_for: list[str]) -> None:
    silent = outcome("ldap-ping/udp", State.FILTERED, facts=facts)
    assert [str(flow.ports) for flow in asked(ALIVE, silent).flows] == asked_for
    assert [str(flow.ports) for flow in asked(ALIVE, silent, everything=True).flows][-1:] == ["389/udp"]


def test_weak_needs_are_left_out_where_the_user_wants_that_and_told() -> None:
    weak = outcome(check("kerberos/udp", need=Need.OPTIONAL), State.FILTERED, verdict=Verdict.WARN)
    found = asked(ALIVE, weak)
    assert [rule.optional for rule in ticket.ticket(found, "a run").rules] == [True]
    firm = ticket.ticket(found, "a run", weakest=Need.CONDITIONAL)
    assert firm.rules == ()
    assert "88/udp" in firm.left_out[0]


@given(reports)
def test_no_report_breaks_it_and_every_format_takes_what_comes_of_it(any_report: Report) -> None:
    for everything in (False, True):
        made = ticket.ticket(from_report.asked(any_report, any_report.outcomes, everything=everything), "a run")
        for name in OWN:
            assert FORMATS[name](made)


@pytest.mark.parametrize("roles", [["gc", "writable"], ["gc", "kdc"]])
def test_a_kdc_that_its_host_says_does_not_run_needs_no_rule(roles: list[str]) -> None:
    found = asked(outcome("ldap-ping/udp", facts={"roles": roles}), outcome("kerberos/tcp", State.FILTERED))
    assert ports(found) == (["88/tcp"] if "kdc" in roles else [])
    assert ["names no KDC" in left for left in found.left_out] == ([] if "kdc" in roles else [True])


def rpc(state: State, port: int = 49667, *, named: list[int] | None = None) -> Outcome:
    behind = outcome(check("rpc-netlogon/tcp", port=port), state)
    return replace(behind, facts={"port_candidates": named or [port]})


@pytest.mark.parametrize("everything", [False, True])
def test_no_rule_is_asked_for_what_a_mapper_invents(everything: bool) -> None:
    mapper = replace(outcome("rpc/tcp"), facts={"towers_too_many": {"rpc-netlogon": 500}})
    found = asked(ALIVE, mapper, rpc(State.FILTERED, 11024, named=[11024, 11025, 11026, 11027]), everything=everything)
    assert not [flow for flow in found.flows if 11024 <= flow.ports.low <= 11027]
    assert any("no rule is asked for what it invents" in words for words in found.left_out)


def test_nor_for_an_old_or_forged_report_that_names_hundreds() -> None:
    found = asked(ALIVE, outcome("rpc/tcp"), rpc(State.FILTERED, 11024, named=list(range(11024, 11524))))
    assert found.flows == ()


def test_nor_for_a_well_known_port_that_a_mapper_names() -> None:
    found = asked(ALIVE, outcome("rpc/tcp"), rpc(State.FILTERED, 22))
    assert found.flows == ()
    assert "below 1024" in found.left_out[0]


def test_ports_that_a_plausible_mapper_names_are_asked_for() -> None:
    """The twin; a static port outside the dynamic range as well."""
    found = asked(ALIVE, outcome("rpc/tcp"), rpc(State.FILTERED, 49667, named=[49667, 5000]))
    assert sorted(ports(found)) == ["49667/tcp", "5000/tcp"]


A_PATH = Request(AskedOf.FIREWALL, tcp=("135",), words="Ask.")


@pytest.mark.parametrize(
    ("code", "ask", "wanted"),
    [
        ("dns-views-differ", Request(AskedOf.DNS, words="Ask."), False),
        ("service-down", Request(AskedOf.AD, words="Ask."), False),
        ("source-ports-filtered", Request(AskedOf.FIREWALL, words="Ask."), False),
        ("blocked-after-burst", Request(AskedOf.FIREWALL, words="Ask."), False),
        ("rpc-mapper-blocked", A_PATH, True),
        ("host-unreachable", Request(AskedOf.FIREWALL, words="Ask."), True),
    ],
)
def test_what_a_finding_explains_without_asking_for_the_path_is_no_rule(code: str, ask: Request, wanted: bool) -> None:
    """Nor are the ports behind its endpoint mapper, which nobody could ask for."""
    silent, behind = outcome("rpc/tcp", State.FILTERED), outcome(check("rpc-samr/tcp", port=None), State.SKIPPED)
    told = finding(code, checks=(silent.check.id,), asks=(ask,))
    made = report(silent, behind, findings=(told,))
    for everything in (False, True):
        found = from_report.asked(made, made.outcomes, everything=everything)
        assert bool(found.flows) is (wanted or everything)
        assert sum(code in words for words in found.left_out) == (not (wanted or everything) or code in PATH_CODES)


def test_what_a_finding_says_of_a_port_that_answers_takes_no_rule_away_from_the_silent_ones() -> None:
    """A name that Kerberos does not know, beside an endpoint mapper that is blocked."""
    mapper, behind = outcome("rpc/tcp", State.FILTERED), outcome(check("rpc-samr/tcp", port=None), State.SKIPPED)
    name = finding("kerberos-name-mismatch", checks=(ALIVE.check.id,), asks=(Request(AskedOf.AD, words="Ask."),))
    blocked = finding("rpc-mapper-blocked", checks=(mapper.check.id,), asks=(A_PATH,))
    made = report(ALIVE, mapper, behind, findings=(name, blocked))
    assert len(from_report.asked(made, made.outcomes).flows) == 2


UNPROVEN = {"udp_unproven": True}


def test_a_silence_that_proves_no_block_is_no_rule_and_the_reason_is_told() -> None:
    silent = outcome("kpasswd/udp", State.FILTERED, verdict=Verdict.WARN, reason="silent; not proven", facts=UNPROVEN)
    found = asked(ALIVE, outcome("kerberos/udp"), silent)
    assert found.flows == ()
    assert "464/udp: silent; not proven; look for it in a capture" in found.left_out[0]
    assert ports(asked(ALIVE, silent, everything=True)) == ["389/tcp", "464/udp"]


def test_beside_a_kdc_that_is_barred_alike_it_is_asked_for_with_a_caveat_and_nothing_is_said_to_fail_for_it() -> None:
    silent = outcome("kpasswd/udp", State.FILTERED, verdict=Verdict.WARN, facts=UNPROVEN)
    barred = outcome(check("kerberos/udp", need=Need.OPTIONAL), State.FILTERED, verdict=Verdict.WARN)
    found = asked(ALIVE, barred, silent)
    assert [(str(flow.ports), bool(flow.caveat)) for flow in found.flows] == [("88/udp", False), ("464/udp", True)]
    assert "fails" not in summary.impact(ticket.ticket(found, "a run"))
    proven = ticket.ticket(asked(ALIVE, barred, replace(silent, facts={})), "a run")
    assert "fails" in summary.impact(proven)
