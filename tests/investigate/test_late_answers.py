"""What the second look's own questions bring back is an answer, and tells whether silence may be believed."""

from __future__ import annotations

import pytest
from factories import check, outcome
from investigate.held import Held, cased

from portcheck.investigate import ban, confirm, senders
from portcheck.investigate.case import Case
from portcheck.model import Facts, Outcome, State
from portcheck.net.timeouts import Timeouts

GOOD, SILENT = outcome("ldap/tcp"), outcome("kpasswd/udp", State.FILTERED)


def case_of(again: State, facts: Facts, *outcomes: Outcome) -> Case:
    async def ask(
        old: Outcome, _: Timeouts, __: int | None = None, ___: int | None = None, /, *, loose: bool = False
    ) -> Outcome:
        del loose
        return outcome(old.check, again, facts=facts)

    return cased("dc1.alpha.test", "10.77.1.1", Held(*outcomes), ask, payload=lambda _: b"")


def one(case: Case, name: str) -> Outcome:
    return next(o for o in case.outcomes if o.check.id == check(name).id)


@pytest.mark.parametrize("lost", ["answered_on_attempt", "syn_resent"])
async def test_a_good_service_that_answers_only_the_second_time_makes_silence_doubtful(lost: str) -> None:
    case = case_of(State.OK, {lost: 1}, GOOD, SILENT)
    assert not await ban.turned_silent(case)
    assert confirm.shaky([case])
    assert one(case, "ldap/tcp").facts[lost] == 1


async def test_a_good_service_that_answers_at_once_makes_no_silence_doubtful() -> None:
    case = case_of(State.OK, {}, GOOD, SILENT)
    assert not await ban.turned_silent(case)
    assert not confirm.shaky([case])
    assert one(case, "ldap/tcp") == GOOD


async def test_a_datagram_that_is_answered_now_is_answered() -> None:
    case = case_of(State.OK, {}, GOOD, SILENT)
    await senders.others(case)
    assert one(case, "kpasswd/udp").state is State.OK
    assert one(case, "kpasswd/udp").facts["answered_on_second_look"] is True


async def test_an_answer_from_another_address_is_none() -> None:
    case = case_of(State.OK, {"answered_from": "10.77.1.99"}, GOOD, SILENT)
    await senders.others(case)
    assert one(case, "kpasswd/udp").state is State.FILTERED
    assert one(case, "kpasswd/udp").facts["answered_from"] == "10.77.1.99"
