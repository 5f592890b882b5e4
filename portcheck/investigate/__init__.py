"""The second look at what failed: paced, bounded, unprivileged. What works is left alone and costs nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Sequence

from portcheck.investigate import (
    back_again,
    ban,
    by_turns,
    confirm,
    echo,
    limit,
    middlebox,
    mtu,
    own_rules,
    policed,
    redirect,
    resets,
    senders,
    sizes,
    source_ports,
    starttls,
    trace,
    unsent,
)
from portcheck.investigate.case import Case
from portcheck.model import BLOCKED, State
from portcheck.model.events import Notify, Phase

__all__ = ["Case", "second_look"]

WORTH_IT = BLOCKED | {State.REFUSED, State.MUTE, State.RESET, State.MISMATCH}

# Up to twenty hosts within four seconds, the rest of which is what it takes to land it all.
LONGER = 5  # times what a single answer takes beyond a second
MOST_DARK = 2  # hosts of which no TCP is heard, and that are asked from ports of all kinds
BUDGET_S, HOSTS_IN_BUDGET, BUDGET_MORE_S = 3.5, 20, 0.1


async def second_look(cases: Sequence[Case], notify: Notify) -> None:
    """First certainty, then who and where; each question only where its answer could matter."""
    if await policed.time_was_up(cases, notify):
        return
    await unsent.again(cases, notify)
    for case in cases:
        own_rules.named(case)
    ways = await policed.ways(cases, notify)
    limited = policed.behind_a_limit(ways)
    cases = await _not_banned(cases, limited)
    free = [case for case in cases if id(case) not in limited]  # what compares ports would spend what a limit lets pass
    if confirm.shaky(cases):  # where packets are lost, all that is asked again waits for its turn
        await _by_port(free)
        looked_at = await _looks(cases, ways, notify)
    else:
        _, looked_at = await asyncio.gather(_by_port(free), _looks(cases, ways, notify))
    await _not_banned(looked_at, limited)
    await policed.in_the_dark(cases, notify)
    silent = back_again.silent(cases)
    if await back_again.heard(cases, limited):
        await confirm.confirm(cases, await policed.ways(cases, notify), notify)
        back_again.tell(silent)


async def _looks(cases: Sequence[Case], ways: Sequence[policed.Way], notify: Notify) -> Sequence[Case]:
    """All but the comparing of ports; returns those that had to be looked at."""
    await asyncio.gather(*(limit.on_sessions(case) for case in cases if limit.may_be(case)))
    await asyncio.gather(*(by_turns.refused(case) for case in cases))
    await confirm.confirm([case for case in cases if not source_ports.told(case)], ways, notify)
    open_cases = [case for case in cases if case.having(*WORTH_IT)]
    if open_cases:
        notify(Phase("second look at what failed"))
        around = trace.Around(cases)
        walked = len(open_cases) - len(around.stand_ins)
        patience_s = BUDGET_S + BUDGET_MORE_S * max(0, walked - HOSTS_IN_BUDGET)
        patience_s += sum(LONGER * max(0.0, case.wait_s - 1.0) for case in open_cases[:1])
        around.until = asyncio.get_running_loop().time() + patience_s
        await asyncio.gather(*(_look(case, around) for case in open_cases))
        await asyncio.gather(*(by_turns.objected(case) for case in open_cases))  # last: it may use up a router's ICMP
    return open_cases


async def _not_banned(cases: Sequence[Case], limited: Collection[int]) -> list[Case]:
    """Those that still answer: of the others, nothing that is asked now would tell anything.

    Not asked where new connections are limited (by the `id` of the case): what is silent there is so for that.
    """
    asked = [case for case in cases if id(case) not in limited and ban.may_be(case)]
    silent = dict(zip(map(id, asked), await asyncio.gather(*map(ban.turned_silent, asked)), strict=True))
    return [case for case in cases if not silent.get(id(case), False)]


async def _by_port(cases: Sequence[Case]) -> None:
    """Before anything is asked again: what only some ports of this machine get is no loss, and no blocked service."""
    dark = [case for case in cases if source_ports.is_dark(case)][:MOST_DARK]
    mixed = [case for case in cases if source_ports.is_mixed(case)]
    mixed.sort(key=lambda case: case.ahead.ports is None)  # what was begun ahead is used
    first = mixed[: source_ports.MOST_MIXED]
    sampled = (source_ports.sample(case, dark=case in dark, mixed=case in first) for case in cases)
    if any(await asyncio.gather(*sampled)):
        await asyncio.gather(*(source_ports.sample(case, mixed=True) for case in mixed[source_ports.MOST_MIXED :]))


async def _look(case: Case, around: trace.Around) -> None:
    await asyncio.gather(
        _whose_and_where(case, around),
        middlebox.accepts_everything(case),
        mtu.clamp(case),
        starttls.certificate(case),
        echo.ask(case),
        senders.others(case),
        sizes.of_datagrams(case),
    )


async def _whose_and_where(case: Case, around: trace.Around) -> None:
    """The walk gives a name to the device that the TTL told of."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout_at(around.until):
            await redirect.by_this_machine(case)
            await resets.whose(case)
    await trace.locate(case, around)
