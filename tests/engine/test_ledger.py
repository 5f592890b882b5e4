"""The ledger of a run: what is planned, what lands in its place, whose it is, and what is said at the end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from factories import check, outcome

from portcheck.asking import ledger as ledger_module
from portcheck.asking.engine import Engine
from portcheck.asking.knowledge import HostState
from portcheck.asking.ledger import Ledger
from portcheck.asking.page import HostPage
from portcheck.diagnose.verdict import Offered
from portcheck.model import Check, Outcome, State, Verdict
from portcheck.model.events import Event, Landed, Planned, unheard
from portcheck.model.target import DC, Target
from portcheck.net.timeouts import Timeouts

LDAP, GC, SAMR, MAPPER = check("ldap/tcp"), check("gc/tcp"), check("rpc-samr/tcp"), check("rpc/tcp")
NAME, ADDRESS = LDAP.host, LDAP.address


def controller(**fields: object) -> HostState:
    return HostState(Target(NAME, ADDRESS, "srv", "alpha.test"), **fields)  # type: ignore[arg-type]


def machine() -> HostState:
    """The same machine, named as one around the forest."""
    return HostState(Target(NAME, ADDRESS, "file", target="mim"))


class Told:
    """What the screen was told."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.ledger = Ledger(self.events.append)

    @property
    def landed(self) -> list[tuple[State, Verdict]]:
        return [(e.outcome.state, e.outcome.verdict) for e in self.events if isinstance(e, Landed)]


@pytest.fixture
def told() -> Told:
    return Told()


def test_the_controller_in_the_tests_is_one() -> None:
    assert controller().place.target == DC
    assert not machine().controls


def test_what_is_planned_is_told_and_kept_in_its_order(told: Told) -> None:
    host = controller()
    told.ledger.own(host, (LDAP, GC))
    assert told.ledger.plan((LDAP, GC)) == (LDAP, GC)
    assert told.events == [Planned((LDAP, GC))]
    told.ledger.land(host, outcome(GC))
    told.ledger.land(host, outcome(LDAP))
    assert [o.check for o in told.ledger.settled()] == [LDAP, GC]


def test_a_machine_that_is_a_controller_too_is_asked_once(told: Told) -> None:
    dc, other = controller(), machine()
    assert told.ledger.own(dc, (LDAP, GC)) == (LDAP, GC)
    assert told.ledger.own(other, (LDAP, MAPPER)) == (MAPPER,)
    told.ledger.plan((LDAP, GC, MAPPER))
    assert told.ledger.planned_of(dc) == (LDAP, GC)
    assert told.ledger.planned_of(other) == (MAPPER,)


def test_a_controller_takes_over_what_a_machine_of_its_address_had(told: Told) -> None:
    dc, other = controller(), machine()
    told.ledger.own(other, (LDAP, MAPPER))
    assert told.ledger.own(dc, (LDAP,)) == (LDAP,)
    told.ledger.plan((LDAP, MAPPER))
    assert told.ledger.planned_of(dc) == (LDAP,)
    assert told.ledger.planned_of(other) == (MAPPER,)
    assert told.ledger.whose(outcome(LDAP)) is dc


def test_a_host_is_heard_in_what_lands(told: Told) -> None:
    host = controller()
    told.ledger.land(host, outcome(LDAP, State.FILTERED))
    assert (host.heard, host.speaks) == (False, False)
    told.ledger.land(host, outcome(LDAP))
    assert (host.heard, host.speaks) == (True, True)


def test_the_same_again_is_nothing_new_and_something_better_is(told: Told) -> None:
    host = controller()
    silent = outcome(LDAP, State.FILTERED)
    told.ledger.land(host, silent)
    told.ledger.land(host, replace(silent, facts={"reply_ttl": 63}))
    assert told.landed == [(State.FILTERED, Verdict.FAIL)]
    told.ledger.land(host, outcome(LDAP))
    assert told.landed == [(State.FILTERED, Verdict.FAIL), (State.OK, Verdict.PASS)]
    told.ledger.land(host, replace(outcome(LDAP), reason="answered after all"))
    assert len(told.landed) == 3


def test_what_lands_is_kept_as_it_was_seen_and_told_as_it_is_judged(told: Told) -> None:
    host = controller()
    seen = outcome(GC, State.FILTERED, verdict=Verdict.FAIL)
    assert told.ledger.land(host, seen) is seen
    assert told.ledger.of(host) == (seen,)
    assert told.landed == [(State.FILTERED, Verdict.SKIP)]  # nothing says that there is a Global Catalog
    host.announced = frozenset({"gc"})
    (settled,) = _planned(told, host, GC)
    assert (settled.verdict, settled.reason) == (Verdict.FAIL, seen.reason)


def _planned(told: Told, host: HostState, *checks: Check) -> tuple[Outcome, ...]:
    told.ledger.own(host, checks)
    told.ledger.plan(checks)
    return told.ledger.settled()


def test_what_never_landed_was_cut_off_and_is_not_all_well(told: Told) -> None:
    (left,) = _planned(told, controller(), LDAP)
    assert (left.state, left.verdict, left.facts) == (State.SKIPPED, Verdict.UNKNOWN, {"unfinished": True})


def test_a_check_that_turned_out_to_be_another_is_gone(told: Told) -> None:
    host = controller()
    _planned(told, host, SAMR, LDAP)
    told.ledger.land(host, outcome(SAMR, State.SKIPPED))
    known = replace(SAMR, port=49664)
    told.ledger.replace(host, SAMR, outcome(known))
    assert [o.check for o in told.ledger.settled()] == [known, LDAP]  # it keeps its place
    assert told.ledger.of(host) == (outcome(known),)
    assert told.ledger.planned_of(host) == (LDAP, known)


def test_what_no_profile_planned_is_reported_as_well(told: Told) -> None:
    host = controller()
    told.ledger.add(host, outcome(LDAP))
    assert [o.check for o in told.ledger.settled()] == [LDAP]
    assert told.ledger.whose(outcome(LDAP)) is host


def test_at_the_end_it_counts_what_the_host_turned_out_to_be(told: Told) -> None:
    host = controller()
    _planned(told, host, GC)
    told.ledger.land(host, outcome(GC, State.FILTERED))
    host.learn_ping({"roles": ["kdc", "writable"]})
    (settled,) = told.ledger.settled()
    assert (settled.state, settled.verdict) == (State.SKIPPED, Verdict.SKIP)
    assert settled.reason == "not a global catalog (LDAP ping)"


SILENT_MAPPER = {"mapper_silent": True}


@pytest.mark.parametrize(
    ("mapper", "facts", "verdict"),
    [
        (outcome(MAPPER, State.FILTERED), SILENT_MAPPER, Verdict.SKIP),
        (outcome(MAPPER), {"interface_missing": True}, Verdict.FAIL),
        (outcome(MAPPER, facts={"anonymous_refused": True}), {}, Verdict.SKIP),
    ],
)
def test_an_interface_whose_port_was_not_told_follows_what_the_mapper_said_last(
    told: Told, mapper: Outcome, facts: dict[str, object], verdict: Verdict
) -> None:
    host = controller()
    _planned(told, host, MAPPER, SAMR)
    told.ledger.land(host, outcome(MAPPER, State.FILTERED))
    told.ledger.land(host, outcome(SAMR, State.SKIPPED, facts=SILENT_MAPPER))
    told.ledger.land(host, mapper)
    samr = next(o for o in told.ledger.settled() if o.check == SAMR)
    assert (samr.facts, samr.verdict) == (facts, verdict)


def test_the_first_mapper_of_a_host_is_the_one_that_counts(told: Told) -> None:
    """A further port of the file that is asked as a mapper says nothing of what hung on 135."""
    host = controller()
    extra = replace(MAPPER, port=1135)
    _planned(told, host, MAPPER, SAMR, extra)
    told.ledger.land(host, outcome(MAPPER, State.FILTERED))
    told.ledger.land(host, outcome(SAMR, State.SKIPPED, facts=SILENT_MAPPER))
    told.ledger.land(host, outcome(extra))
    samr = next(o for o in told.ledger.settled() if o.check == SAMR)
    assert samr.facts == SILENT_MAPPER


def test_a_check_began_when_its_first_outcome_says(told: Told) -> None:
    """What a second look lands later has the first pass's beginning on its timeline."""
    host = controller()
    first = outcome(LDAP, State.FILTERED, elapsed_ms=3_600_000.0)
    told.ledger.land(host, first)
    told.ledger.land(host, outcome(LDAP, elapsed_ms=1.0))
    assert told.ledger.elapsed_ms(first) >= 3_600_000.0
    assert told.ledger.elapsed_ms(outcome(GC)) == 0.0  # never landed


def test_the_page_of_a_host_knows_what_hurts(told: Told) -> None:
    host = controller()
    page = HostPage(told.ledger, host, Engine(Timeouts(), lambda _: None))
    page.land(outcome(LDAP, State.FILTERED))
    told.ledger.land(machine(), outcome(MAPPER))
    assert page.outcomes == (outcome(LDAP, State.FILTERED),)
    assert page.matters(outcome(LDAP, State.FILTERED))
    assert page.matters(outcome(LDAP, facts={"clock_skew_s": 3600}))  # a warning hurts as well
    assert not page.matters(outcome(LDAP))
    assert not page.matters(outcome(GC, State.FILTERED))  # not offered, as far as is known


@pytest.mark.parametrize(("tcp", "shown"), [(State.OK, Verdict.WARN), (State.FILTERED, Verdict.FAIL)])
def test_a_silence_is_shown_no_harder_than_it_is_told_at_the_end(told: Told, tcp: State, shown: Verdict) -> None:
    """464/tcp answers in the protocol and 88/udp was not asked: a controller may drop this question itself."""
    host = controller()
    answered, silent = outcome("kpasswd/tcp", tcp, facts={"kpasswd_result": 3}), outcome("kpasswd/udp", State.FILTERED)
    told.ledger.own(host, (answered.check, silent.check))
    told.ledger.plan((answered.check, silent.check))
    told.ledger.land(host, answered)
    pinged = outcome("ldap-ping/udp")
    told.ledger.add(host, pinged)
    told.ledger.land(host, silent)
    assert told.landed[-1] == (State.FILTERED, shown)
    assert [o.verdict for o in told.ledger.settled() if o.check == silent.check] == [shown]


def test_where_nobody_listens_nothing_is_judged_before_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    host, seen = controller(), outcome(GC, State.FILTERED, verdict=Verdict.FAIL)
    judged: list[Outcome] = []
    real = ledger_module.judge

    def judging(outcome: Outcome, offered: Offered) -> Outcome:
        judged.append(outcome)
        return real(outcome, offered)

    monkeypatch.setattr(ledger_module, "judge", judging)
    for notify, count in ((unheard, 0), (lambda _: None, 1)):
        judged.clear()
        ledger = Ledger(notify)
        ledger.plan(ledger.own(host, [seen.check]))
        ledger.land(host, seen)
        assert len(judged) == count
        (settled,) = ledger.settled()
        assert (settled.state, settled.verdict) == (State.FILTERED, Verdict.SKIP)


def test_what_a_host_offers_and_how_it_is_asked_is_worked_out_anew_once_more_is_known() -> None:
    host = HostState(Target(ADDRESS or "", ADDRESS, "address"))
    before, asked = host.offered, host.subject()
    assert host.offered is before
    assert host.subject() is asked
    host.learn_ping({"roles": ["gc"], "dns_host_name": NAME, "domain": "alpha.test"})
    assert not before.has("gc")
    assert host.offered.has("gc")
    assert (asked.host, asked.domain) == (ADDRESS, "")
    assert (host.subject().host, host.subject().domain) == (NAME, "alpha.test")
    host.announced |= {"dns"}
    host.far = True
    assert host.offered.far
    assert host.offered.has("dns")
