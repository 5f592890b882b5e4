"""A router's late word that nobody is at an address, and which silent checks it is said of."""

from __future__ import annotations

from typing import Any

import pytest
from factories import outcome
from investigate.held import Held, cased

from portcheck.investigate import nobody
from portcheck.investigate.case import Case
from portcheck.model import BlockedAt, Outcome, State

ROUTER = "10.77.100.2"


async def _never(*_: object, **__: object) -> Outcome:
    raise AssertionError("nothing is sent")


def case_of(*outcomes: Outcome) -> Case:
    return cased("dc1.alpha.test", "10.77.1.1", Held(*outcomes), _never, lambda _: b"")


def said(
    name: str,
    *,
    kind: int = 3,
    code: int = 1,
    after_ms: float = 3050.0,
    state: State = State.UNREACHABLE,
    by: str = ROUTER,
) -> Outcome:
    facts: dict[str, Any] = {"icmp_from": by, "icmp_type": kind, "icmp_code": code}
    words = f"{by} said: host unreachable"
    told = {"reason": words, "facts": facts, "elapsed_ms": after_ms, "blocked_at": BlockedAt(by=by)}
    return outcome(name, state, **told)


SILENT = (outcome("ldap/tcp", State.FILTERED), outcome("kpasswd/udp", State.FILTERED), outcome("gc/tcp", State.SKIPPED))


@pytest.mark.parametrize("word", [said("kerberos/udp"), said("smb/tcp", kind=1, code=3, by="fd77::2")])
def test_what_a_router_found_out_of_one_port_holds_for_the_address(word: Outcome) -> None:
    case = case_of(word, *SILENT)
    nobody.at_the_address(case)
    now = {o.check.name: o for o in case.outcomes}
    assert {o.state for o in now.values()} == {State.UNREACHABLE, State.SKIPPED}
    ldap = now["ldap/tcp"]
    assert (ldap.reason, ldap.blocked_at, ldap.facts["icmp_from"]) == (
        word.reason,
        word.blocked_at,
        word.facts["icmp_from"],
    )
    assert f"{word.check.port}/{word.check.transport}" in ldap.evidence[-1].detail


@pytest.mark.parametrize(
    "others",
    [
        (said("smb/tcp", after_ms=12.0),),  # a firewall's: routers look for a host for seconds
        (said("smb/tcp", code=0),),  # of the network
        (said("smb/tcp", by="fd77::2"),),  # by IPv6 these numbers say that a packet's pieces came too late
        (said("smb/tcp"), outcome("kerberos/tcp")),
        (said("smb/tcp"), outcome("kerberos/tcp", State.REFUSED)),
        (said("smb/tcp"), said("rpc/tcp", code=13, state=State.REJECTED)),
        (),
    ],
    ids=str,
)
def test_no_other_word_is_taken_for_it(others: tuple[Outcome, ...]) -> None:
    case = case_of(*others, *SILENT)
    nobody.at_the_address(case)
    assert [o.state for o in case.outcomes if o.check.name == "ldap/tcp"] == [State.FILTERED]


async def again(first: Outcome, *answers: Outcome) -> tuple[Case, int]:
    """Asked again, it is told these one after the other; and how often it was asked."""
    left = list(answers)

    async def ask(*_: object, **__: object) -> Outcome:
        return left.pop(0)

    case = cased("dc1.alpha.test", "10.77.1.1", Held(first, outcome("dns/tcp")), ask, lambda _: b"")
    await nobody.asked_again(case)
    return case, len(answers) - len(left)


async def test_a_port_at_which_somebody_is_in_the_end_was_lost_and_not_closed() -> None:
    case, asked = await again(said("ldap/tcp"), said("ldap/tcp"), outcome("ldap/tcp"), outcome("ldap/tcp"))
    (ldap,) = [o for o in case.outcomes if o.check.name == "ldap/tcp"]
    assert (ldap.state, asked, ldap.facts["answered_on_attempt"]) == (State.OK, 2, 2)


@pytest.mark.parametrize(("told", "times"), [(said("ldap/tcp"), nobody.TIMES), (outcome("ldap/tcp", State.REFUSED), 1)])
async def test_a_port_at_which_nobody_is_each_time_stays_so(told: Outcome, times: int) -> None:
    case, asked = await again(said("ldap/tcp"), *[told] * nobody.TIMES)
    assert ([o.state for o in case.outcomes if o.check.name == "ldap/tcp"], asked) == ([State.UNREACHABLE], times)


async def test_what_a_rule_says_at_once_is_not_asked_again() -> None:
    case, asked = await again(said("ldap/tcp", after_ms=12.0), outcome("ldap/tcp"))
    assert ([o.state for o in case.outcomes if o.check.name == "ldap/tcp"], asked) == ([State.UNREACHABLE], 0)
