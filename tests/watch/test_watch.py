"""Which checks a round asks, what it is believed, and what the watch survives; the rounds' answers are given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from factories import check, controller, outcome, report

from portcheck.config import ForestSpec
from portcheck.model import BlockedAt, Finding, ForestReport, Lookup, Outcome, Report, Severity, State, Verdict
from portcheck.model.target import Selection
from portcheck.render.live.watching import WHOLE_EVERY as WHOLE_ON_SCREEN
from portcheck.render.live.watching import asking, lost_since
from portcheck.render.live.watching import found as first_found
from portcheck.render.shared.options import Options
from portcheck.run.runner import Order, explained
from portcheck.run.watch import WHOLE_EVERY, Clock, Goal, Round, Watch, merged

LDAP, KPASSWD = check("ldap/tcp"), check("kpasswd/tcp")
MAPPER, SAMR = check("rpc/tcp"), check("rpc-samr/tcp", port=49152)
OTHER = check("ldap/tcp", "dc2.alpha.test")


@dataclass
class Network:
    """What is seen at each check; `asked` notes each round's checks, None for one that asked everything."""

    seen: dict[str, Outcome]
    asked: list[set[str] | None] = field(default_factory=list)
    traced: list[bool] = field(default_factory=list)
    during: Callable[[], None] = lambda: None
    resolver: bool = True

    def ask(self, order: Order) -> Report:
        self.during()
        pins = [pin for pins in order.pins.values() for pin in pins]
        wanted = {key for pin in pins for key in pin.keys}
        self.asked.append(wanted if order.pins else None)
        self.traced.append(order.settings.trace)
        if not order.pins and not self.resolver:
            lookup = Lookup("_ldap._tcp.dc._msdcs.alpha.test", "SRV", "system", "timeout")
            return report(forests=(ForestReport("alpha.test", ("mim",), lookups=(lookup,), problem="no resolver"),))
        return explained(report(*(o for key, o in self.seen.items() if not order.pins or key in wanted)))


@dataclass
class FakeClock:
    """Time passes only when somebody waits; `asleep_s` is added to the wall's clock at the next pause."""

    now: float = 0.0
    slept: float = 0.0
    asleep_s: float = 0.0
    pauses: int = 0
    most: int = 60

    def pause(self, seconds: float) -> bool:
        self.pauses += 1
        if self.pauses > self.most:
            return False
        self.now += seconds
        self.slept, self.asleep_s = self.slept + self.asleep_s, 0.0
        return True

    def clock(self) -> Clock:
        return Clock(lambda: self.now + self.slept, lambda: self.now, self.pause)


def network(*outcomes: Outcome) -> Network:
    return Network({o.check.key: o for o in outcomes})


@dataclass
class Watching:
    """A watch whose orders are asked, and whose rounds are kept."""

    watch: Watch
    ask: Callable[[Order], Report]
    told: list[Round] = field(default_factory=list)

    def run(self) -> bool:
        steps, report = self.watch.steps(), None
        while True:
            try:
                step = steps.send(report)
            except StopIteration as end:
                return bool(end.value)
            if isinstance(step, Round):
                self.told.append(step)
            report = None if isinstance(step, Round) else self.ask(step)

    @property
    def report(self) -> Report | None:
        return self.watch.report


def watching(net: Network, goal: Goal | None = None, most: int = 60) -> tuple[Watching, list[Round], FakeClock]:
    fake = FakeClock(most=most)
    watch = Watching(Watch(Order(forests=((ForestSpec("alpha.test"), ()),)), 30.0, goal, fake.clock()), net.ask)
    return watch, watch.told, fake


def test_only_what_is_not_good_is_asked_and_every_tenth_round_everything() -> None:
    net = network(outcome(LDAP), outcome(KPASSWD, State.FILTERED))
    watch, told, _ = watching(net, most=21)
    assert not watch.run()
    assert [number for number, asked in enumerate(net.asked) if asked is None] == [0, 10, 20]
    assert all(asked in (None, {KPASSWD.key}) for asked in net.asked)
    assert net.traced == [asked is None for asked in net.asked]  # no second look at what is known to fail
    assert [one.number for one in told] == list(range(22))
    assert all(one.since_last is None or one.since_last.same for one in told)


def test_where_all_is_well_everything_is_asked_in_each_round() -> None:
    net = network(outcome(LDAP))
    watch, _, _ = watching(net, most=5)
    watch.run()
    assert net.asked == [None] * 6


def test_an_outage_began_with_the_first_question_that_was_lost_and_not_with_the_one_that_confirmed_it() -> None:
    net = network(outcome(LDAP), outcome(KPASSWD, State.FILTERED))
    watch, told, _ = watching(net, Goal(Selection(only=frozenset({"ldap"}))), most=4)

    def lose_it() -> None:
        if len(net.asked) in {2, 3}:
            net.seen[LDAP.key] = outcome(LDAP, State.FILTERED, started_at=f"2026-11-22T21:40:0{len(net.asked)}.000Z")

    net.during = lose_it
    watch.run()
    (since,) = (one.since_last for one in told if one.since_last and one.since_last.changes)
    report = next(one.report for one in told if one.since_last is since)
    assert lost_since(report, since) == "the first question that was lost was sent at 21:40:02 +00:00"


def test_the_words_of_the_screen_say_when_everything_is_asked_again() -> None:
    assert WHOLE_ON_SCREEN == WHOLE_EVERY
    good, bad = report(outcome(LDAP)), report(outcome(LDAP), outcome(KPASSWD, State.FILTERED))
    assert asking(bad, 5) == "asking the one that is not good every 5 s, all 2 checks every 50 s"
    assert asking(good, 5) == "all is well: asking everything every 5 s"
    alone = report(outcome(KPASSWD, State.FILTERED))
    assert asking(alone, 5) == "asking the one that is not good every 5 s, everything every 50 s"


def found(severity: Severity) -> Report:
    """Only the resolver is asked, and answers; what is amiss is told of the forest."""
    told = Finding("dns-blocked", severity, "alpha.test", "alpha.test: nobody is found", "e.")
    return replace(report(outcome(LDAP)), findings=(told,))


def test_a_fault_that_no_check_shows_is_not_well() -> None:
    assert not Goal().reached(found(Severity.ERROR))
    assert Goal().reached(found(Severity.WARNING))
    assert not Goal(strict=True).reached(found(Severity.WARNING))
    assert Goal(strict=True).reached(found(Severity.INFO))


@pytest.mark.parametrize("severity", Severity)
def test_the_screen_does_not_call_well_what_a_finding_calls_a_fault(severity: Severity) -> None:
    words = asking(found(severity), 5)
    assert words.endswith(": asking everything every 5 s")
    assert words.startswith("all is well") is (severity is Severity.INFO)


def test_the_first_round_names_what_it_found() -> None:
    lines = [one.plain for one in first_found("10:00:00", found(Severity.ERROR), Options(width=80))]
    assert lines == ["10:00:00  finding: alpha.test: nobody is found"]
    assert not list(first_found("10:00:00", report(outcome(LDAP)), Options(width=80)))


def test_a_rule_that_opens_is_told_once_and_believed_after_everything_was_asked() -> None:
    net = network(outcome(LDAP), outcome(KPASSWD, State.FILTERED))
    watch, told, fake = watching(net, Goal())

    def open_it() -> None:
        if len(net.asked) == 3:
            net.seen[KPASSWD.key] = outcome(KPASSWD)

    net.during = open_it
    assert watch.run()
    assert net.asked == [None, {KPASSWD.key}, {KPASSWD.key}, {KPASSWD.key}, None]
    changed = [one.number for one in told if one.since_last and one.since_last.changes]
    assert changed == [3]
    assert told[-1].since_start is not None
    assert [(c.before, c.after) for c in told[-1].since_start.changes] == [(State.FILTERED, State.OK)]
    assert fake.pauses == 3


def test_a_goal_that_the_whole_round_does_not_confirm_is_not_reached() -> None:
    net = network(outcome(LDAP), outcome(KPASSWD, State.FILTERED))
    watch, _, _ = watching(net, Goal(), most=4)

    def flicker() -> None:
        net.seen[KPASSWD.key] = outcome(KPASSWD) if len(net.asked) == 1 else outcome(KPASSWD, State.FILTERED)

    net.during = flicker
    assert not watch.run()
    assert net.asked[:3] == [None, {KPASSWD.key}, None]


def test_well_means_something_passed_and_nothing_failed_or_could_not_be_asked() -> None:
    good = outcome(LDAP)
    assert Goal().reached(report(good, outcome(KPASSWD, State.SKIPPED)))
    assert Goal().reached(report(good, outcome(KPASSWD, verdict=Verdict.WARN)))
    assert not Goal(strict=True).reached(report(good, outcome(KPASSWD, verdict=Verdict.WARN)))
    for state in (State.FILTERED, State.ERROR):
        assert not Goal().reached(report(good, outcome(KPASSWD, state)))
    assert not Goal().reached(report())
    assert not Goal().reached(report(outcome(KPASSWD, State.SKIPPED)))


def test_waiting_for_a_block_asks_that_check_each_round_and_confirms_it() -> None:
    net = network(outcome(LDAP), outcome(KPASSWD))
    watch, told, fake = watching(net, Goal(Selection(only=frozenset({"kpasswd"}))))

    def close_it() -> None:
        if len(net.asked) == 2:
            net.seen[KPASSWD.key] = outcome(KPASSWD, State.FILTERED)

    net.during = close_it
    assert watch.run()
    assert net.asked == [None, {KPASSWD.key}, {KPASSWD.key}, None]
    assert [one.number for one in told] == [0, 1, 2]  # the quick round's word alone is not told
    assert fake.pauses == 2


def test_a_block_that_the_whole_round_does_not_confirm_is_never_told() -> None:
    net = network(outcome(LDAP), outcome(KPASSWD))
    watch, told, _ = watching(net, Goal(Selection(only=frozenset({"kpasswd"}))), most=4)

    def flicker() -> None:
        net.seen[KPASSWD.key] = outcome(KPASSWD, State.FILTERED) if len(net.asked) == 1 else outcome(KPASSWD)

    net.during = flicker
    assert not watch.run()
    assert net.asked[:3] == [None, {KPASSWD.key}, None]
    assert all(one.since_last is None or one.since_last.same for one in told)


def test_a_refusal_is_no_block() -> None:
    goal = Goal(Selection(only=frozenset({"464/tcp"})))
    assert not goal.reached(report(outcome(KPASSWD, State.REFUSED), outcome(LDAP, State.FILTERED)))
    assert goal.reached(report(outcome(KPASSWD, State.REJECTED)))


def test_interfaces_are_asked_with_their_mapper_and_the_mapper_with_its_interfaces() -> None:
    for silent in (MAPPER, SAMR):
        net = network(outcome(LDAP), *(outcome(c, State.FILTERED if c is silent else State.OK) for c in (MAPPER, SAMR)))
        watch, _, _ = watching(net, most=1)
        watch.run()
        assert net.asked == [None, {MAPPER.key, SAMR.key}]


def test_a_machine_that_slept_between_rounds_asks_everything() -> None:
    net = network(outcome(LDAP), outcome(KPASSWD, State.FILTERED))
    watch, _, fake = watching(net, most=4)
    fake.asleep_s = 3600
    watch.run()
    assert [asked is None for asked in net.asked] == [True, True, False, False, False]


def test_what_a_machine_saw_while_it_fell_asleep_is_worth_nothing() -> None:
    net = network(outcome(LDAP), outcome(KPASSWD, State.FILTERED))
    watch, told, fake = watching(net, most=3)

    def doze() -> None:
        if len(net.asked) == 1:
            fake.slept += 3600
            net.seen[KPASSWD.key] = outcome(KPASSWD, State.UNREACHABLE)
        else:
            net.seen[KPASSWD.key] = outcome(KPASSWD, State.FILTERED)

    net.during = doze
    watch.run()
    assert net.asked[:3] == [None, {KPASSWD.key}, None]
    assert "slept" in told[1].note
    assert all(one.since_last is None or one.since_last.same for one in told)


def test_without_a_resolver_those_known_before_are_asked_and_nothing_is_called_gone() -> None:
    net = network(outcome(LDAP), outcome(OTHER), outcome(KPASSWD, State.FILTERED))
    watch, told, _ = watching(net, most=10)

    def lose() -> None:
        net.resolver = not net.asked

    net.during = lose
    watch.run()
    assert net.asked[10:] == [None, {LDAP.key, OTHER.key, KPASSWD.key}]
    assert "alpha.test" in told[10].note
    assert told[10].since_start is not None
    assert (told[10].since_start.changes, told[10].since_start.controllers) == ((), ())
    assert {dc.host for dc in told[10].report.forests[0].domain_controllers} == {"dc1.alpha.test", "dc2.alpha.test"}
    assert told[10].report.forests[0].lookups[0].status == "timeout"


def test_a_resolver_that_is_not_there_yet_is_waited_for() -> None:
    net = network(outcome(LDAP))
    net.resolver = False
    watch, told, _ = watching(net, Goal())

    def come() -> None:
        net.resolver = len(net.asked) >= 2

    net.during = come
    assert watch.run()
    assert net.asked == [None, None, None]
    assert len(told) == 3


def test_an_interrupted_round_keeps_what_it_found_and_what_was_known() -> None:
    net = network(outcome(LDAP), outcome(KPASSWD, State.FILTERED))
    watch, _, _ = watching(net)
    real = net.ask

    def ask(order: Order) -> Report:
        found = real(order)
        return replace(found, interrupted=True) if order.pins else found

    watch.ask = ask
    assert not watch.run()
    assert watch.report is not None
    assert watch.report.interrupted
    assert {o.check.key for o in watch.report.outcomes} == {LDAP.key, KPASSWD.key}


def test_a_cancelled_pause_ends_the_watch_with_what_is_known() -> None:
    net = network(outcome(LDAP))
    watch, _, _ = watching(net, most=0)
    assert not watch.run()
    assert watch.report is not None


def test_a_quick_round_that_sees_the_same_keeps_the_fuller_account() -> None:
    wall = BlockedAt(after="10.77.100.2", hop=2)
    before = report(outcome(KPASSWD, State.FILTERED, blocked_at=wall))
    quick = report(outcome(KPASSWD, State.FILTERED))
    assert merged(before, quick, whole=False).outcomes == before.outcomes
    assert merged(before, quick, whole=True).outcomes == quick.outcomes


def test_a_quick_round_that_cannot_prove_the_role_keeps_the_verdict() -> None:
    before = report(outcome(KPASSWD, State.FILTERED))
    quick = report(outcome(KPASSWD, State.REJECTED, verdict=Verdict.SKIP))
    assert merged(before, quick, whole=False).outcomes[0].verdict is Verdict.FAIL


def test_what_a_round_did_not_finish_stays_as_it_was() -> None:
    before = report(outcome(LDAP), outcome(KPASSWD))
    cut = outcome(KPASSWD, State.SKIPPED, facts={"unfinished": True}, verdict=Verdict.UNKNOWN)
    for whole in (True, False):
        known = merged(before, report(outcome(LDAP, State.FILTERED), cut, interrupted=True), whole=whole)
        assert {o.check.key: o.state for o in known.outcomes} == {LDAP.key: State.FILTERED, KPASSWD.key: State.OK}


def test_a_controller_that_went_takes_its_checks_along_only_in_a_whole_round() -> None:
    before = report(outcome(LDAP), outcome(OTHER))
    part = report(outcome(LDAP))
    assert len(merged(before, part, whole=False).outcomes) == 2
    whole = merged(before, part, whole=True)
    assert [o.check.host for o in whole.outcomes] == ["dc1.alpha.test"]
    assert [dc.host for dc in whole.forests[0].domain_controllers] == [controller().host]


def test_tries_from_before_the_rule_opened_are_no_loss() -> None:
    before = report(outcome(KPASSWD, State.FILTERED))
    opened = report(
        outcome(KPASSWD, facts={"answered_on_attempt": 4, "resent": 3, "syn_resent": 2, "clock_skew_s": 0.1})
    )
    for whole in (True, False):
        assert merged(before, opened, whole=whole).outcomes[0].facts == {"clock_skew_s": 0.1}
    again = merged(report(outcome(KPASSWD)), opened, whole=True)
    assert again.outcomes[0].facts["answered_on_attempt"] == 4  # it was open all the time: that is loss


SERVER = controller("10.77.1.1", "10.77.1.1", source="dns-server")
SERVER_LDAP = check("ldap/tcp", "10.77.1.1", forest="alpha.test", address="10.77.1.1")
SERVER_DNS = check("dns/udp", "10.77.1.1", forest="alpha.test", address="10.77.1.1")


def taken_for_a_controller(*states: State) -> Report:
    """DNS says nothing, so the forest's name server is asked as if it were a controller."""
    seen = [outcome(one, state) for one, state in zip((SERVER_DNS, SERVER_LDAP), states, strict=True)]
    asked = Lookup("_ldap._tcp.dc._msdcs.alpha.test", "SRV", "10.77.1.1", "timeout")
    return explained(report(*seen, forests=(ForestReport("alpha.test", ("mim",), (SERVER,), (asked,)),)))


def test_where_the_name_server_dies_those_known_before_are_asked_by_their_names() -> None:
    net = network(outcome(LDAP), outcome(OTHER))

    def ask(order: Order) -> Report:
        if order.pins or not net.asked:
            return net.ask(order)
        net.asked.append(None)
        return taken_for_a_controller(State.FILTERED, State.FILTERED)

    watch, told, _ = watching(net, most=10)
    watch.ask = ask
    net.during = lambda: net.seen.update({LDAP.key: outcome(LDAP, State.FILTERED)}) if net.asked else None
    watch.run()
    last = told[10]
    assert last.note == "DNS named nobody for alpha.test: asked those known before"
    assert {o.check.host: o.state for o in last.report.outcomes} == {
        "dc1.alpha.test": State.FILTERED,
        "dc2.alpha.test": State.OK,
    }
    assert last.since_last is not None
    assert not last.since_last.controllers


def test_all_of_a_name_server_taken_for_a_controller_is_asked_until_it_tells_who_is_there() -> None:
    asked: list[Order] = []

    def ask(order: Order) -> Report:
        asked.append(order)
        good = len(asked) > 1
        if good and not order.pins:
            return explained(report(outcome(LDAP)))
        return taken_for_a_controller(*[State.OK if good else State.FILTERED] * 2)

    watch, told, _ = watching(network(), Goal(), most=10)
    watch.ask = ask
    assert watch.run()
    (pin,) = asked[1].pins["alpha.test"]
    assert (pin.place.dns_only, pin.place.assumed) == (False, True)
    assert pin.keys == {SERVER_DNS.key, SERVER_LDAP.key}
    assert len(asked) == 3
    assert [dc.host for dc in told[-1].report.forests[0].domain_controllers] == ["dc1.alpha.test"]


def test_a_name_server_that_is_back_is_asked_who_is_there_though_no_goal_waits() -> None:
    asked: list[Order] = []

    def ask(order: Order) -> Report:
        asked.append(order)
        return taken_for_a_controller(State.OK if len(asked) > 1 else State.FILTERED, State.FILTERED)

    watch, _, _ = watching(network(), most=2)
    watch.ask = ask
    watch.run()
    assert [bool(order.pins) for order in asked] == [False, True, False]


def test_what_a_dead_name_server_did_not_tell_is_no_missing_record_once_it_is_back() -> None:
    known = taken_for_a_controller(State.FILTERED, State.FILTERED)
    back = merged(known, taken_for_a_controller(State.OK, State.OK), whole=False)
    assert [finding.code for finding in back.findings] == ["forest-ok"]
