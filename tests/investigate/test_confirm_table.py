"""When silence is asked about again, of whom, how often, and what an answer changes."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from factories import check, outcome
from investigate.held import Held, cased

from portcheck.investigate import confirm
from portcheck.model import Outcome, State
from portcheck.net.timeouts import Timeouts

LOSSY = outcome("kerberos/tcp", facts={"retransmits": 1})


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirm, "ICMP_GAP_S", 0.0001)
    monkeypatch.setattr(confirm, "RATES", (1e6, 1e6, 1e6))


class Host:
    """Asked again, each check ends as its script says, then in silence; `asked` keeps the order."""

    def __init__(self, *outcomes: Outcome, again: Iterable[Outcome] = ()) -> None:
        self.asked: list[str] = []
        self._again = list(again)
        self.case = cased("dc1.alpha.test", "10.77.1.1", Held(*outcomes), self._ask, payload=lambda _: b"")

    async def _ask(self, old: Outcome, _: Timeouts, __: int | None = None, ___: int | None = None, /) -> Outcome:
        self.asked.append(old.check.name)
        found = next((o for o in self._again if o.check.id == old.check.id), None)
        if found is None:
            return outcome(old.check, State.FILTERED)
        self._again.remove(found)
        return found

    async def confirm(self) -> None:
        await confirm.confirm([self.case], (), lambda _: None)

    def __getitem__(self, name: str) -> Outcome:
        return next(o for o in self.case.outcomes if o.check.name == name)


@pytest.mark.parametrize(
    ("state", "facts", "shaky"),
    [
        (State.OK, {}, False),
        (State.OK, {"answered_on_attempt": 2}, True),
        (State.OK, {"resent": 1}, True),
        (State.OK, {"syn_resent": 1}, True),
        (State.OK, {"retransmits": 1}, True),
        (State.OK, {"retransmits": 0}, False),
        (State.OK, {"resent": "1"}, False),
        (State.FILTERED, {"syn_resent": 3}, False),  # silence alone is no sign of loss
        (State.MUTE, {"retransmits": 3}, False),
    ],
    ids=str,
)
def test_only_answers_that_came_late_are_a_sign_of_loss(state: State, facts: dict[str, object], shaky: bool) -> None:
    host = Host(outcome("ldap/tcp", state, facts=facts), outcome("gc/tcp", State.FILTERED))
    assert confirm.shaky([host.case]) is shaky


async def test_without_a_sign_of_trouble_nobody_is_asked_again() -> None:
    host = Host(outcome("ldap/tcp"), outcome("gc/tcp", State.FILTERED))
    await host.confirm()
    assert host.asked == []


async def test_it_is_asked_round_by_round_as_long_as_that_brings_answers() -> None:
    silent = ("ldap/tcp", "gc/tcp", "smb/tcp")
    host = Host(
        LOSSY,
        *(outcome(name, State.FILTERED) for name in silent),
        again=[outcome("ldap/tcp"), outcome("gc/tcp", State.FILTERED), outcome("gc/tcp")],
    )
    await host.confirm()
    assert sorted(host.asked) == sorted(["ldap/tcp", "gc/tcp", "smb/tcp", "gc/tcp", "smb/tcp", "smb/tcp"])
    assert [host[name].state for name in silent] == [State.OK, State.OK, State.FILTERED]


async def test_a_round_that_brings_nothing_is_the_last() -> None:
    host = Host(LOSSY, outcome("gc/tcp", State.FILTERED))
    await host.confirm()
    assert host.asked == ["gc/tcp"]
    assert [step.detail for step in host["gc/tcp"].evidence] == ["asked again, slowly: still no answer"]


async def test_a_dead_host_beside_a_lossy_path_is_left_alone() -> None:
    dead, lossy = Host(outcome("gc/tcp", State.FILTERED)), Host(LOSSY)
    await confirm.confirm([dead.case, lossy.case], (), lambda _: None)
    assert dead.asked == []


async def test_a_conversation_that_hangs_again_is_no_improvement() -> None:
    hanging = outcome("ldap/tcp", State.MUTE, facts={"unacked_bytes": 300})
    host = Host(LOSSY, hanging, again=[outcome("ldap/tcp", State.MUTE)])
    await host.confirm()
    assert host["ldap/tcp"].facts == hanging.facts
    assert host.asked == ["ldap/tcp"]


@pytest.mark.parametrize("lost", [True, False])
async def test_fragments_that_are_lost_again_are_left_as_they_were(*, lost: bool) -> None:
    facts: dict[str, object] = {"fragments_lost": "to"}
    seen = outcome("kerberos/udp", facts=facts)
    host = Host(LOSSY, seen, again=[outcome("kerberos/udp", facts=facts if lost else {})])
    await host.confirm()
    assert (host["kerberos/udp"] == seen) is lost


@pytest.mark.parametrize(
    ("ports", "again", "asked", "told"),
    [
        ([40001], None, 1, {"source_ports": [40001], "source_ports_unanswered": [40001]}),
        ([40001, 40002], None, 0, {"source_ports": [40001, 40002], "source_ports_unanswered": [40001, 40002]}),
        ([40001], outcome("kerberos/udp"), 1, {"answered_on_second_look": True}),
    ],
    ids=str,
)
async def test_a_silence_that_one_source_port_met_is_met_from_another(
    ports: list[int], again: Outcome | None, asked: int, told: dict[str, object]
) -> None:
    silent = outcome("kerberos/udp", State.FILTERED, facts={"source_ports": ports, "source_ports_unanswered": ports})
    host = Host(outcome("ldap/tcp"), silent, again=[again] if again else [])
    await host.confirm()
    assert len(host.asked) == asked
    assert host["kerberos/udp"].facts == told


REJECTED = outcome("netbios-ssn/tcp", State.REJECTED, facts={"icmp_from": "10.77.100.2"})
NAMES = ("ldap/tcp", "ldaps/tcp", "gc/tcp", "gc-tls/tcp", "smb/tcp", "rpc/tcp", "adws/tcp", "kpasswd/tcp")


def answered(*names: str) -> list[Outcome]:
    return [outcome(name, State.REJECTED) for name in names]


async def test_beside_a_rejection_the_silent_are_asked_alone_and_not_in_their_order() -> None:
    host = Host(REJECTED, *(outcome(name, State.FILTERED) for name in NAMES), again=answered(*NAMES))
    await host.confirm()
    assert host.asked == [*NAMES[::3], *NAMES[1::3], *NAMES[2::3]]
    assert {host[name].state for name in NAMES} == {State.REJECTED}


async def test_an_answer_in_between_begins_the_count_of_vain_tries_anew() -> None:
    order = [*NAMES[::3], *NAMES[1::3], *NAMES[2::3]]
    host = Host(REJECTED, *(outcome(name, State.FILTERED) for name in NAMES), again=answered(order[2]))
    await host.confirm()
    assert host.asked == order[:6]  # two in vain, one that was limited, three in vain


async def test_where_no_device_has_rejected_anything_no_limit_is_waited_out() -> None:
    host = Host(outcome("kerberos/tcp"), *(outcome(name, State.FILTERED) for name in NAMES))
    await host.confirm()
    assert host.asked == []


async def test_each_device_is_waited_out_by_itself() -> None:
    other = outcome(check("netbios-ssn/tcp", "dc2.alpha.test"), State.REJECTED, facts={"icmp_from": "10.77.100.3"})
    hosts = Host(REJECTED, outcome("ldap/tcp", State.FILTERED)), Host(other, outcome("gc/tcp", State.FILTERED))
    await confirm.confirm([host.case for host in hosts], (), lambda _: None)
    assert [host.asked for host in hosts] == [["ldap/tcp"], ["gc/tcp"]]
