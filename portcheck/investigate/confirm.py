"""Is the silence real? A lossy path, a firewall that polices new connections, and a router that limits its ICMP
errors all make services look silent that are not; each shows itself in the rest of the run."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from portcheck.investigate import chance, contrasts, nobody, policed
from portcheck.investigate.alone import Turns, in_turn
from portcheck.investigate.case import Case
from portcheck.model import Outcome, State
from portcheck.model.events import Notify
from portcheck.net.pacing import Pacer
from portcheck.net.timeline import UNANSWERED, repeated
from portcheck.net.timeouts import Timeouts

RATES = (8.0, 5.0, 3.0)  # checks a second, slower each round
ONE_TRY = Timeouts(connect_s=2.4, answer_s=10.0, attempts=2)
ONE_TALK = Timeouts(connect_s=2.4, answer_s=3.0, attempts=2)
ICMP_GAP_S = 1.1  # Linux routers: a burst of six, then one ICMP error a second (icmp_ratelimit)
ONE_ICMP = Timeouts(connect_s=1.0, answer_s=10.0, attempts=1)
MOST_WAITED = 60
ENOUGH_IN_VAIN = 3


async def confirm(cases: Sequence[Case], ways: Sequence[policed.Way], notify: Notify) -> None:
    """Ask the silent ones again, as long as that brings answers; without any sign of trouble, not at all."""
    for case in cases:
        nobody.at_the_address(case)
    await asyncio.gather(*(nobody.asked_again(case) for case in cases if nobody.may_be_there(case)))
    if shaky(cases):
        limited = policed.behind_a_limit(ways)
        free = [case for case in cases if id(case) not in limited]
        for rate in RATES:
            if not await _again(free, rate):
                break
        await contrasts.again(cases, ONE_TRY)
        ways = ways if limited else await policed.ways(cases, notify)
    await policed.one_by_one(cases, ways, notify)
    limited = policed.behind_a_limit(ways)
    await chance.asked_on([case for case in cases if id(case) not in limited])
    await _from_another_port(cases)
    await asyncio.gather(*(_wait_out(limited, notify) for limited in _behind_objectors(cases)))


def shaky(cases: Sequence[Case]) -> bool:
    """Some answers needed a second try: packets are lost on this path, or new connections are policed."""
    return any(_needed_repeats(outcome) for case in cases for outcome in case.outcomes)


def _needed_repeats(outcome: Outcome) -> bool:
    return outcome.state is State.OK and repeated(outcome.facts)


def _unheard(case: Case) -> list[Outcome]:
    """Also a conversation of which nothing came back: where packets are lost, it may have been that."""
    unacked = (o for o in case.having(State.MUTE) if o.facts.get("unacked_bytes"))
    return [*_silent(case), *unacked]


def _silent(case: Case) -> list[Outcome]:
    """All of it: what seems not offered here may merely have been lost."""
    return [outcome for outcome in case.outcomes if outcome.state is State.FILTERED]


async def _again(cases: Sequence[Case], rate: float) -> bool:
    """One paced round over everything that is silent on a host that lives; True if anything answered."""
    pacer = Pacer(rate)
    silent = [(case, outcome) for case in cases if case.alive for outcome in _unheard(case)]

    async def one(case: Case, outcome: Outcome) -> bool:
        await pacer.turn()
        better = await case.page.ask(outcome, ONE_TRY if outcome.state is State.FILTERED else ONE_TALK)
        if better.state in {State.FILTERED, outcome.state}:
            case.note(outcome, "again", "asked again, slowly: still no answer")
            return False
        case.improve(outcome, better)
        return True

    return any(await asyncio.gather(*(one(case, outcome) for case, outcome in silent)))


async def _from_another_port(cases: Sequence[Case]) -> None:
    """A controller ignores datagrams of some source ports (KB2000061): one port's silence is no silence."""
    pacer = Pacer(RATES[0])

    async def one(case: Case, outcome: Outcome) -> None:
        await pacer.turn()
        better = await case.page.ask(outcome, ONE_ICMP)
        if better.state is State.FILTERED:
            ports = {key: _ports(outcome, better, key=key) for key in ("source_ports", UNANSWERED)}
            case.note(outcome, "again", "asked again from another port: still no answer", **ports)
        else:
            case.improve(outcome, better)

    single = [(case, o) for case in cases if case.alive for o in _silent(case) if len(_ports(o)) == 1]
    await asyncio.gather(*(one(case, outcome) for case, outcome in single))


def _ports(*outcomes: Outcome, key: str = UNANSWERED) -> list[object]:
    """This machine's ports from which it was asked, in vain unless another key is named."""
    told = [o.facts.get(key) for o in outcomes]
    return [port for ports in told if isinstance(ports, list) for port in ports]


def _behind_objectors(cases: Sequence[Case]) -> list[list[tuple[Case, Outcome]]]:
    """Silent checks whose neighbours a device has rejected, by device: it may merely be limiting its ICMP."""
    by_device: dict[str, list[tuple[Case, Outcome]]] = {}
    for case in cases:
        devices = [str(o.facts["icmp_from"]) for o in case.outcomes if o.facts.get("icmp_from")]
        silent = _silent(case)
        if devices and silent:
            by_device.setdefault(devices[0], []).extend((case, outcome) for outcome in silent)
    return list(by_device.values())


async def _wait_out(limited: list[tuple[Case, Outcome]], notify: Notify) -> None:
    """One at a time, slowly enough that the device can afford an ICMP error for each.

    Not in their order, for neighbours are of one rule; where several in a row stay silent, the rest is not asked.
    """
    pacer = Pacer(1 / ICMP_GAP_S)
    await pacer.turn()
    why, said = "waiting out a router's ICMP limit", "asked again, alone"
    turns = Turns(why, said, ONE_ICMP, pacer.turn, ENOUGH_IN_VAIN, MOST_WAITED)
    spread = [*limited[::3], *limited[1::3], *limited[2::3]]
    async for case, outcome, better in in_turn(spread, turns, notify):
        case.improve(outcome, better)
