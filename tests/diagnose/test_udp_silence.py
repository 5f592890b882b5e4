"""A datagram port that keeps silent beside a TCP twin that answers: when that is a block, and when it is not proven."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from factories import outcome

from portcheck.diagnose.verdict import Offered, settle
from portcheck.model import Outcome, State, Verdict

ERROR = {"kerberos_error": 68}
TRIED = {"source_ports": [40001, 40002, 40003]}


def judged(*outcomes: Outcome) -> Outcome:
    """The first of them, all being of one host."""
    return settle(outcomes, {one.check.id: Offered() for one in outcomes})[0]


def silent(name: str = "kpasswd/udp", **facts: Any) -> Outcome:
    return outcome(name, State.FILTERED, facts={**TRIED, **facts})


def test_464_udp_is_blocked_where_tcp_answers_the_same_bytes_and_the_kdc_answers_datagrams() -> None:
    found = judged(silent(), outcome("kpasswd/tcp", facts=ERROR), outcome("kerberos/udp"))
    assert (found.state, found.verdict, found.facts) == (State.FILTERED, Verdict.FAIL, TRIED)


@pytest.mark.parametrize(
    ("beside", "because"),
    [
        ([outcome("kpasswd/tcp", facts=ERROR), silent("kerberos/udp"), outcome("ldap-ping/udp")], "88/udp"),
        ([outcome("kpasswd/tcp", facts=ERROR), outcome("ldap-ping/udp")], "88/udp"),
        ([outcome("kpasswd/tcp"), outcome("kerberos/udp")], "not answered in the protocol"),
    ],
)
def test_464_udp_is_not_proven_to_be_blocked_otherwise(beside: list[Outcome], because: str) -> None:
    found = judged(silent(), *beside)
    assert (found.state, found.verdict) == (State.FILTERED, Verdict.WARN)
    assert because in found.reason
    assert found.facts["udp_unproven"] is True


def test_464_udp_is_blocked_where_it_does_not_come_as_far_as_a_router_on_the_way() -> None:
    lost = silent(lost_before="10.77.100.2", lost_before_hop=2)
    beside = outcome("kpasswd/tcp", facts=ERROR), silent("kerberos/udp"), outcome("ldap-ping/udp")
    assert (found := judged(lost, *beside)).verdict is Verdict.FAIL
    assert "udp_unproven" not in found.facts


def test_one_source_port_proves_nothing_of_any_datagram_service() -> None:
    found = judged(silent("ldap-ping/udp", source_ports=[40001]), outcome("ldap/tcp"))
    assert (found.verdict, "only one source port" in found.reason) == (Verdict.WARN, True)


def test_where_no_datagram_is_answered_at_all_it_is_the_path() -> None:
    tcp, others = outcome("kpasswd/tcp", facts=ERROR), (silent("kerberos/udp"), silent("ldap-ping/udp"))
    assert judged(silent(), tcp, *others).verdict is Verdict.FAIL


@pytest.mark.parametrize("state", [State.FILTERED, State.REFUSED, State.REJECTED])
def test_where_the_tcp_twin_does_not_answer_either_the_port_is_the_fault(state: State) -> None:
    assert judged(silent(), outcome("kpasswd/tcp", state), outcome("kerberos/udp")).verdict is Verdict.FAIL


def test_another_hosts_twin_counts_nothing() -> None:
    mine, other = silent(), outcome("kpasswd/tcp")
    elsewhere = Outcome(check=replace(other.check, host="dc2"), state=State.OK, reason="")
    offered = {o.check.id: Offered() for o in (mine, elsewhere)}
    assert settle((mine, elsewhere), offered)[0].verdict is Verdict.FAIL
