"""Where the silence begins: short-lived packets towards the silent port, beside the same towards one that answers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import replace

from portcheck.investigate.case import Case, Walk, distinct, hops_away
from portcheck.model import BlockedAt, Outcome, State
from portcheck.net import hops
from portcheck.net.hops import Fate, Hop
from portcheck.net.pacing import Pacer

FARTHEST = 16
LIMITED_S = 1.2  # a router that spent its burst of ICMP errors affords the next one after a second
WALKS_PER_HOST = 3  # and transport: ports beyond share what these agree on
BUDGET_S = 4.0
WALKS_AT_ONCE = Pacer(12.0)


def ahead(case: Case, outcome: Outcome) -> None:
    """Begin the walk that `locate` will want if the silence lasts: it takes as long as the last of the patience."""
    check, farthest = outcome.check, _farthest(case)
    here = sum(transport == check.transport for transport, _ in case.walks)
    if check.port is None or not _walkable(check.transport) or farthest <= 1 or here > WALKS_PER_HOST:
        return
    case.walks.setdefault((check.transport, check.port), asyncio.create_task(_walk(case, outcome, farthest)))
    for speaking in case.answering("tcp")[:1]:
        port = speaking.check.port or 0
        case.walks.setdefault(("tcp", port), asyncio.create_task(_walk_tcp(case, port, farthest)))


async def locate(case: Case) -> None:
    """`blocked_at` for what is silent, and the name of the device whose reset it was."""
    silent = any(_walkable(o.check.transport) for o in case.having(State.FILTERED))
    interesting = silent or any("reset_from_hop" in o.facts for o in case.outcomes)
    if hops.TCP_WALKS and interesting:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(BUDGET_S):
                await _locate(case)


def _walkable(transport: str) -> bool:
    return hops.TCP_WALKS and (transport == "tcp" or hops.UDP_WALKS)


def _farthest(case: Case) -> int:
    return min(hops_away(case.reply_ttl), FARTHEST) if case.reply_ttl is not None else FARTHEST


async def _locate(case: Case) -> None:
    farthest = _farthest(case)
    if farthest <= 1:
        return  # on the same link: there is no router to tell of
    speaking = [o for o in case.answering("tcp") or case.having(State.REFUSED) if o.check.port is not None]
    walkable = ("tcp", "udp") if hops.UDP_WALKS else ("tcp",)
    silent = {transport: _silent(case, transport) for transport in walkable}
    walking = [
        [asyncio.create_task(_walked(case, o, farthest)) for o in some[:WALKS_PER_HOST]] for some in silent.values()
    ]
    control = await _walked(case, speaking[0], farthest) if speaking else None
    if control is not None:
        _name_device(case, control)
    for some, walks in zip(silent.values(), walking, strict=True):
        if some:
            await _land_all(case, some, await asyncio.gather(*walks), control)


def _silent(case: Case, transport: str) -> list[Outcome]:
    """Ports to walk to: those that a verdict may hang on first."""
    found = distinct(o for o in case.having(State.FILTERED) if o.check.transport == transport)
    found = [o for o in found if o.check.port is not None]
    return sorted(found, key=lambda o: (not o.check.required, (transport, o.check.port) not in case.walks))


async def _land_all(case: Case, silent: list[Outcome], walked: Sequence[Walk], control: Walk | None) -> None:
    ends = []
    for outcome, walk in zip(silent, walked, strict=False):
        walk = await _sure(case, outcome, walk, control)
        ends.append(_boundary(walk))
        _land(case, outcome, ends[-1], control)
    if len(set(ends)) == 1:
        for outcome in silent[WALKS_PER_HOST:]:
            _land(case, outcome, ends[0], control)


async def _walked(case: Case, outcome: Outcome, farthest: int) -> Walk:
    """The walk that was begun ahead, else a new one."""
    begun = case.walks.get((outcome.check.transport, outcome.check.port or 0))
    return await (asyncio.shield(begun) if begun is not None else _walk(case, outcome, farthest))


async def _walk(case: Case, outcome: Outcome, farthest: int) -> Walk:
    port = outcome.check.port
    assert port is not None
    if outcome.check.transport == "tcp":
        return await _walk_tcp(case, port, farthest)
    question = case.payload(outcome)
    await WALKS_AT_ONCE.turn()
    sent = (case.datagram(port, question, ttl) for ttl in range(1, farthest + 1))
    return Walk({hop.ttl: hop for hop in await asyncio.gather(*sent)})


async def _walk_tcp(case: Case, port: int, farthest: int) -> Walk:
    await WALKS_AT_ONCE.turn()
    sent = (case.syn(port, ttl) for ttl in range(1, farthest + 1))
    return Walk({hop.ttl: hop for hop in await asyncio.gather(*sent)})


async def _sure(case: Case, outcome: Outcome, walk: Walk, control: Walk | None) -> Walk:
    """A hop that speaks on the control walk and is missing here is asked once more, when its limit allows it."""
    missing = walk.last_router + 1
    if control is None or control.router(missing) is None:
        return walk
    await asyncio.sleep(LIMITED_S)
    again = await _walk_from(case, outcome, missing)
    if again.fate is not Fate.EXPIRED:
        return walk
    found = Walk({**walk.hops, missing: again})
    return await _sure(case, outcome, found, control)


async def _walk_from(case: Case, outcome: Outcome, ttl: int) -> Hop:
    port = outcome.check.port
    assert port is not None
    if outcome.check.transport == "tcp":
        return await case.syn(port, ttl)
    return await case.datagram(port, case.payload(outcome), ttl)


def _boundary(walk: Walk) -> BlockedAt:
    last = walk.last_router
    return BlockedAt(after=walk.router(last), hop=last)


def _land(case: Case, outcome: Outcome, where: BlockedAt, control: Walk | None) -> None:
    if where.hop == 0 and control is not None and control.last_router == 0:
        words = "no router speaks on this path, not even towards a port that answers: where it is lost cannot be told"
        case.note(outcome, "path", words)
        return
    beyond = f"hop {where.hop}" if where.after is None else f"{where.after} (hop {where.hop})"
    if where.hop == 0:
        words = "no router answers: lost on this machine, or at or before the first hop"
    else:
        target = "the host" if control is None or control.last_router <= (where.hop or 0) else "the next router"
        words = f"the silence begins between {beyond} and {target}"
    for same in case.having(State.FILTERED):
        if (same.check.port, same.check.transport) == (outcome.check.port, outcome.check.transport):
            noted = case.note(same, "path", words)
            case.land(replace(noted, blocked_at=where))


def _name_device(case: Case, control: Walk) -> None:
    """The reset came from so many hops away: that router's address."""
    for outcome in case.having(State.REJECTED):
        hop = outcome.facts.get("reset_from_hop")
        if isinstance(hop, int) and (by := control.router(hop)) is not None:
            noted = case.note(outcome, "path", f"hop {hop} is {by}")
            case.land(replace(noted, blocked_at=BlockedAt(by=by)))
