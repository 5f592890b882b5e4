"""A firewall that lets few new connections pass makes whole ports, and whole hosts, look silent: which way does so?

Judged by the way: one host of each network and kind of silence is asked, the others only where it is so there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from portcheck.frozen import dataclass
from portcheck.investigate import alike, chance
from portcheck.investigate.case import AT_ONCE, FULL_LIFE, Case, distinct
from portcheck.investigate.slowly import HEARD_ALONE, ONE_IN_S, Pace, Silent, asked_alone
from portcheck.model import State
from portcheck.model.events import Notify, Phase
from portcheck.net import hops
from portcheck.net.hops import Fate
from portcheck.net.timeline import repeated

FEWEST = 2  # answers that came only after another try
SHARE = 4  # and one in so many of all
MANY_SILENT = 4  # ports
BURSTS = 2  # that lose half before it is a limit: a lossy line takes one of them now and then
MOST_KINDS = 6  # of silence in one network
QUICK_S, STEP_S = 0.15, 0.4  # between connections that are to show how many pass
IN_A_ROW = 3  # that pass
GIVE_UP_S, LONGEST_S = 24.0, 8.0  # who lets fewer pass lets nobody work
UNKNOWN_PACE_S = 4.0  # where no single SYN can be sent
SLOW_S = 0.5  # a pause that no lossy line needs
TOTAL_S, MORE_S = 100.0, 30.0  # for all hosts together, and for what they told of
FEWEST_DARK = 2  # hosts
QUIET_S = 2.4  # a limit that has let nothing pass for so long lets one connection pass
UNHEARD = frozenset({State.FILTERED, State.SKIPPED, State.UNRESOLVED})


@dataclass(frozen=True, slots=True)
class Way:
    """The hosts of one network, and what is known of new connections to them."""

    cases: Sequence[Case]
    burst_lost: bool  # of several at once, every time
    pause_s: float

    @property
    def limited(self) -> bool:
        """By a device, and not for loss: who was heard of nothing may be there all the same."""
        return self.burst_lost and self.pause_s >= SLOW_S


def behind_a_limit(ways: Sequence[Way]) -> set[int]:
    """The `id` of each case."""
    return {id(case) for way in ways if way.limited for case in way.cases}


async def time_was_up(cases: Sequence[Case], notify: Notify) -> bool:
    """In an earlier look, for what was silent: then there is none for what has turned up since."""
    told = (o.facts.get(ONE_IN_S) for case in cases for o in case.outcomes)
    pause_s = max((pause_s for pause_s in told if isinstance(pause_s, float)), default=None)
    if pause_s is not None:
        await asked_alone(_hosts(cases), Pace(pause_s, 0.0, limited=True), notify)
    return pause_s is not None


async def ways(cases: Sequence[Case], notify: Notify) -> list[Way]:
    """Those on which new connections to a port that answers do not all pass; nothing is sent if nothing is silent."""
    return [way for some in _by_network(cases) if (way := await _judged(some, notify)) is not None]


async def one_by_one(cases: Sequence[Case], found: Sequence[Way], notify: Notify) -> None:
    """What is silent on such ways, once more, alone: one after the other over all of them, for the limit is this
    machine's, whomever it asks. What there was no time for is said to be unknown.
    """
    if found:
        limited = any(way.limited for way in found)
        asked = [case for way in found for case in way.cases if case.alive or way.limited]
        if limited:  # a network of which nobody is heard has no witness of its own
            asked += [case for some in _by_network(cases) if not any(c.alive for c in some) for case in some]
        more = _known_pause_s(cases) is not None
        until = asyncio.get_running_loop().time() + (MORE_S if more else TOTAL_S)
        pace = Pace(max(way.pause_s for way in found), until, limited=limited)
        await asked_alone(_hosts(asked), pace, notify)


async def in_the_dark(cases: Sequence[Case], notify: Notify) -> None:
    """Several hosts, and nothing was heard of any: a limit that what came before them has spent looks so too.

    Once this run has been quiet for a while, a single connection passes a limit; all is asked alone where it does.
    """
    asked = [(case, port) for case in cases if (port := _silent_port(case)) is not None]
    if len(asked) < FEWEST_DARK or not hops.TCP_WALKS or any(_heard(case) for case in cases):
        return
    case, port = asked[0]
    if await _passes_alone(case, port):
        lost, pause_s = await _loses_a_burst(case, port), await _pause_s(case, port, notify)
        way = Way(cases, lost, pause_s)
        until = asyncio.get_running_loop().time() + TOTAL_S
        await asked_alone(_hosts(cases), Pace(pause_s, until, limited=way.limited), notify)


def _silent_port(case: Case) -> int | None:
    silent = [o for o in case.having(State.FILTERED) if o.check.transport == "tcp" and o.check.port is not None]
    silent.sort(key=lambda o: (o.check.service != "ldap", not o.check.required))
    return silent[0].check.port if silent else None


def _heard(case: Case) -> bool:
    return any(o.state not in UNHEARD for o in case.outcomes)


def _hosts(cases: Iterable[Case]) -> list[Silent]:
    return [Silent(case, alike.network(case.address)) for case in cases]


def _by_network(cases: Iterable[Case]) -> list[list[Case]]:
    found: dict[str, list[Case]] = {}
    for case in cases:
        found.setdefault(alike.network(case.address), []).append(case)
    return list(found.values())


async def _judged(cases: Sequence[Case], notify: Notify) -> Way | None:
    """None: nothing is silent there, or what is silent is so whatever else is asked."""
    if not any(case.having(State.FILTERED) for case in cases):
        return None
    if (known := _known_pause_s(cases)) is not None:
        return Way(cases, known >= SLOW_S, known)
    kinds = {_kind(case): case for case in reversed(cases) if case.alive}
    for case in list(kinds.values())[-MOST_KINDS:]:
        much, good = _takes_much(case), case.good_port
        if much or (_many_silent(case) and await _loses_a_burst(case, good)):
            if await chance.share(case) >= chance.LITTLE:
                return None  # however slowly one asks
            lost = not much or await _loses_a_burst(case, good)
            return Way(cases, lost, await _pause_s(case, good, notify))
    return None


def _known_pause_s(cases: Sequence[Case]) -> float | None:
    """As an earlier look found it."""
    told = (o.facts.get(HEARD_ALONE) for case in cases for o in case.outcomes)
    return max((pause_s for pause_s in told if isinstance(pause_s, float)), default=None)


def _kind(case: Case) -> tuple[object, ...]:
    silent = frozenset((o.check.transport, o.check.port) for o in case.having(State.FILTERED))
    return silent, _takes_much(case), case.good_port is not None


def _many_silent(case: Case) -> bool:
    return len(distinct(case.having(State.FILTERED))) >= MANY_SILENT


def _takes_much(case: Case) -> bool:
    good = case.answering("tcp")
    again = [o for o in good if repeated(o.facts)]
    return len(again) >= FEWEST and len(again) * SHARE >= len(good)


async def _loses_a_burst(case: Case, good: int | None) -> bool:
    """Of several connections at once to a port that has answered, does it let pass the fewer, each time?

    A limit that is spent by the first few of a run leaves answers at first try, and silence after them.
    """
    if not hops.TCP_WALKS or good is None:
        return False
    some = False
    for _ in range(BURSTS):
        heard = await case.burst(good)
        some = some or heard > 0
        if 2 * heard > AT_ONCE:
            return False
    return some or await _passes_alone(case, good)


async def _passes_alone(case: Case, good: int) -> bool:
    """Who is banned gets nothing through after a pause either."""
    await asyncio.sleep(QUIET_S)
    return (await case.syn(good, FULL_LIFE)).fate is Fate.ANSWERED


async def _pause_s(case: Case, good: int | None, notify: Notify) -> float:
    """Between two new connections that pass; what is dropped takes no share of what may pass.

    As exact as the steps: who is asked at this pace sends again a second later, before it is called silent.
    """
    notify(Phase("new connections pass one by one: finding out how fast"))
    if not hops.TCP_WALKS or good is None:
        return UNKNOWN_PACE_S
    if await _all_pass(case, good):
        return QUICK_S
    loop, first = asyncio.get_running_loop(), None
    until = loop.time() + GIVE_UP_S
    while loop.time() < until:
        await asyncio.sleep(STEP_S)
        if (await case.syn(good, FULL_LIFE)).fate is Fate.ANSWERED:
            if first is not None:
                return min(LONGEST_S, loop.time() - first)
            first = loop.time()
    return LONGEST_S


async def _all_pass(case: Case, port: int) -> bool:
    for _ in range(IN_A_ROW):
        await asyncio.sleep(QUICK_S)
        if (await case.syn(port, FULL_LIFE)).fate is not Fate.ANSWERED:
            return False
    return True
