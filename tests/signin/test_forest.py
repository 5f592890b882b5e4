"""The sign-in to a forest of several controllers: one first, the others only after it, never a second bad attempt."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

from factories import check, outcome
from signin.directory import Answer, Seen, bind_answer, directory, serving

from portcheck.asking.asker import ForestAsker
from portcheck.asking.engine import Engine
from portcheck.asking.knowledge import HostState
from portcheck.config import DcSpec, ForestSpec
from portcheck.model import Outcome, State
from portcheck.model.credentials import Credentials, Method, Secret
from portcheck.model.target import Target
from portcheck.net.dns import Names
from portcheck.net.timeouts import Timeouts
from portcheck.signin.forest import SignIn, by_account, in_turn
from portcheck.signin.ledger import AttemptLedger

ACCEPTED = bind_answer()
REJECTED = bind_answer(49, "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 52e, v1db1")
STRONGER = bind_answer(8, "00002028: LdapErr: DSID-0C090257, comment: integrity checking, data 0, v1db1")
CREDENTIALS = Credentials("svc@alpha.test", Method.SIMPLE, Secret("Passw0rd"))


@dataclass(slots=True)
class Several:
    """A forest whose controllers all have the certificate of dc1, each on a port of its own."""

    forest: ForestSpec
    seen: Sequence[Seen]
    turn: SignIn

    @property
    def landed(self) -> list[Outcome]:
        return [o for o in self.turn.asker.ledger.outcomes.values() if o.check.service == "sign-in"]

    @property
    def binds(self) -> list[int]:
        return [seen.binds for seen in self.seen]


@contextlib.asynccontextmanager
async def several(
    *answers: Answer,
    name: str = "alpha.test",
    ledger: AttemptLedger | None = None,
    credentials: Credentials = CREDENTIALS,
) -> AsyncIterator[list[Several]]:
    """One single-controller forest for each answer, of one account."""
    async with contextlib.AsyncExitStack() as stack:
        found = []
        shared = ledger or AttemptLedger()
        for answer in answers:
            seen = await stack.enter_async_context(serving(directory(answer)))
            forest = ForestSpec(
                name, ca_file=seen.ca_file, ports={"ldaps": seen.port}, domain_controllers=(DcSpec("dc1.alpha.test"),)
            )
            host = HostState(Target("dc1.alpha.test", "127.0.0.1", "explicit", name))
            found.append(_one(forest, [host], shared, credentials, [seen]))
        yield found


def _one(
    forest: ForestSpec,
    hosts: list[HostState],
    ledger: AttemptLedger,
    credentials: Credentials,
    seen: list[Seen],
) -> Several:
    asker = ForestAsker(forest, (), Engine(Timeouts(2, 2, 1), lambda _: None), Names(), lambda _: None, hosts=hosts)
    tell(asker, hosts[0], outcome(check("ldaps/tcp", address="127.0.0.1", port=seen[0].port), State.OK))
    return Several(forest, seen, SignIn(asker, credentials, ledger))


def tell(asker: ForestAsker, host: HostState, *told: Outcome) -> None:
    """What was seen of the host before the account signs in."""
    asker.hosts[:] = [host]
    for one in told:
        asker.ledger.land(host, replace(one, check=replace(one.check, host=host.place.host)))


async def test_after_a_rejection_no_other_controller_gets_the_password() -> None:
    async with several(REJECTED, ACCEPTED, ACCEPTED) as (first, *others):
        await in_turn([one.turn for one in (first, *others)])
    assert [one.binds for one in (first, *others)] == [[1], [0], [0]]
    spared = [told for one in others for told in one.landed]
    assert {told.state for told in spared} == {State.SKIPPED}
    assert all("a second could lock the account" in told.reason for told in spared)


async def test_after_an_acceptance_all_others_are_asked_once() -> None:
    async with several(ACCEPTED, ACCEPTED, REJECTED, ACCEPTED) as ones:
        await in_turn([one.turn for one in ones])
    assert [one.binds for one in ones] == [[1], [1], [1], [0]]


async def test_a_refusal_that_never_looked_at_the_password_lets_the_next_one_be_asked() -> None:
    async with several(STRONGER, ACCEPTED) as ones:
        await in_turn([one.turn for one in ones])
    assert [one.binds for one in ones] == [[1], [1]]


async def test_forests_of_one_account_wait_for_each_other_and_those_of_others_do_not() -> None:
    other = replace(CREDENTIALS, user="other@alpha.test")
    async with several(REJECTED, ACCEPTED) as (one, two), several(ACCEPTED, credentials=other) as (three,):
        groups = by_account([one.turn, two.turn, three.turn])
        assert [len(group) for group in groups] == [2, 1]
        for group in groups:
            await in_turn(group)
    assert (one.binds, two.binds, three.binds) == ([1], [0], [1])


async def test_a_host_that_only_a_record_led_to_gets_nothing_from_outside_the_forest() -> None:
    async with several(ACCEPTED) as (one,):
        stranger = HostState(Target("dc1.evil.test", "127.0.0.1", "srv", "alpha.test"))
        tell(one.turn.asker, stranger)
        await one.turn.run()
    (told,) = one.landed
    assert (told.state, told.facts["signed_in"]) == (State.SKIPPED, False)
    assert told.reason.startswith("nothing secret was sent: dc1.evil.test is not in alpha.test")
    assert told.attempts == 0, "whatever its certificate would have said"
    assert one.binds == [0]


async def test_where_another_forest_answers_it_is_not_tried() -> None:
    async with several(ACCEPTED) as (one,):
        foreign = outcome(check("ldaps/tcp", address="127.0.0.1"), State.OK, facts={"wrong_forest": True})
        tell(one.turn.asker, one.turn.asker.hosts[0], foreign)
        await one.turn.run()
    (told,) = one.landed
    assert told.reason == "not tried: another forest answers here"
    assert one.binds == [0]


async def test_where_ldap_is_blocked_it_is_not_tried() -> None:
    async with several(ACCEPTED) as (one,):
        silent = tuple(
            outcome(check(service, address="127.0.0.1"), State.FILTERED) for service in ("ldaps/tcp", "ldap/tcp")
        )
        tell(one.turn.asker, one.turn.asker.hosts[0], *silent)
        await one.turn.run()
    (told,) = one.landed
    assert told.state is State.SKIPPED
    assert "signed_in" not in told.facts
    assert one.binds == [0]


THREE_NAMES = ("BRAVO\\svc", "svc@bravo.test", "CN=svc,CN=Users,DC=bravo,DC=test")


async def test_three_entries_of_one_domain_have_one_attempt_whatever_the_account_is_called() -> None:
    ledger = AttemptLedger()
    async with contextlib.AsyncExitStack() as stack:
        ones = []
        for name, user in zip(("bravo.test", "dc1.alpha.test", "10.77.2.10"), THREE_NAMES, strict=True):
            of_user = replace(CREDENTIALS, user=user)
            made = several(REJECTED, name=name, ledger=ledger, credentials=of_user)
            (one,) = await stack.enter_async_context(made)
            one.turn.asker.hosts[0].ping = {"domain": "bravo.test", "netbios_domain": "BRAVO", "forest": "bravo.test"}
            ones.append(one)
        (group,) = by_account([one.turn for one in ones])
        await in_turn(group)
    assert sum(one.seen[0].binds for one in ones) == 1
