"""Where the silence begins: short-lived packets towards the silent port, beside the same towards one that answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from portcheck.frozen import dataclass
from portcheck.investigate import alike, confirm, resets
from portcheck.investigate.case import UNBLOCKED, Case, Walk, distinct, hops_away
from portcheck.model import BlockedAt, Facts, Outcome, State
from portcheck.net import hops
from portcheck.net.hops import Fate, Hop
from portcheck.net.pacing import Pacer
from portcheck.net.platform.machine import is_here, is_loopback

FARTHEST = 16
TRIES = 2  # before one missing answer counts
TRIES_WHERE_LOSSY = 5  # and one beside: no more errors than a router affords at once
ROUTER_GAP_S = 1.1  # a router that spent its burst of ICMP errors affords the next one after a second
WALKED = 2  # further ports of a host and transport; those beyond share what these agree on
WALKS = Pacer(30.0)


class Around:
    """What the walks to all hosts share: the first router, and that a router affords few errors, whomever about."""

    def __init__(self, cases: Sequence[Case], until: float | None = None) -> None:
        self.until = until  # on the loop's clock: the walks end then
        self.tries = TRIES_WHERE_LOSSY if confirm.shaky(cases) else TRIES
        self._cases = cases
        self.stand_ins = alike.stand_ins(cases)
        self._turns: dict[str, Pacer] = {}
        self._first: asyncio.Task[bool] | None = None

    async def turn(self, router: str) -> None:
        await self._turns.setdefault(router, Pacer(1 / ROUTER_GAP_S)).turn()

    async def first_router_speaks(self) -> bool:
        """Does the first hop tell of expired packets to any host that answers?"""
        if self._first is None:
            self._first = asyncio.create_task(self._ask_first())
        return await asyncio.shield(self._first)

    async def _ask_first(self) -> bool:
        speaking = next(((case, o) for case in self._cases for o in case.answering("tcp") if o.check.port), None)
        if speaking is None:
            return False
        return any(hop.fate is Fate.EXPIRED for hop in await _several(*speaking, 1, self.tries))


@dataclass(frozen=True, slots=True)
class Control:
    """The walk to a port of the same host that answers: which routers speak, at this time."""

    outcome: Outcome
    walk: Walk


def ahead(case: Case, outcome: Outcome) -> None:
    """Begin the walks that `locate` will want if the silence lasts: they take as long as the last of the patience."""
    check, farthest = outcome.check, _farthest(case)
    if _on_this_machine(case) or case.walks or check.port is None or not _walkable(check.transport) or farthest <= 1:
        return  # one silent port is enough, and one that answers: a router affords few errors
    if not alike.may_begin(case.begun, case.address, (check.transport, check.port)):
        return
    case.walks[check.transport, check.port] = asyncio.create_task(_walk(case, outcome, farthest))
    for speaking in case.answering("tcp")[:1]:
        case.walks["tcp", speaking.check.port or 0] = asyncio.create_task(_walk(case, speaking, farthest))


async def locate(case: Case, around: Around) -> None:
    """`blocked_at` for what is silent, and the name of the device whose reset it was."""
    silent = any(_walkable(o.check.transport) for o in case.having(State.FILTERED))
    reset = any("reset_from_hop" in o.facts for o in case.outcomes)
    alone = not case.alive and case.having(State.REFUSED)  # nothing to compare its resets with
    if not hops.TCP_WALKS or not (silent or reset or alone or resets.unproven(case)):
        return
    if _on_this_machine(case):
        for outcome in case.having(State.FILTERED):
            case.note(outcome, "path", "the address is this machine's own: no router is on the way")
        return
    if walked := around.stand_ins.get(id(case)):
        alike.say(case, walked)
        return
    try:
        async with asyncio.timeout_at(around.until):
            await _locate(case, around)
    except TimeoutError:
        words = "where it is lost was not told in time: the routers on the way answer too seldom"
        for outcome in case.having(State.FILTERED):
            if outcome.blocked_at is None:
                case.note(outcome, "path", words)


def _on_this_machine(case: Case) -> bool:
    return is_loopback(case.address) or is_here(case.address)


def _walkable(transport: str) -> bool:
    return hops.TCP_WALKS and (transport == "tcp" or hops.UDP_WALKS)


def _farthest(case: Case) -> int:
    """How far the answers have come; the way there may be another, and longer."""
    return min(hops_away(case.reply_ttl), FARTHEST) if case.reply_ttl is not None else FARTHEST


async def _locate(case: Case, around: Around) -> None:
    farthest = _farthest(case)
    if farthest <= 1:
        return  # on the same link: there is no router to tell of
    speaking = [o for o in case.answering("tcp") or case.having(State.REFUSED) if o.check.port is not None]
    speaking.sort(key=lambda o: _place(o) not in case.walks)
    silent = _silent(case)
    walking = asyncio.create_task(_walked(case, silent[0], farthest)) if silent else None
    control: Control | None = None
    if speaking:
        control = Control(speaking[0], await _arrived(case, speaking[0], farthest))
        farthest = max(farthest, control.walk.reached or 0)
        await resets.from_nearer(case, control.walk)
        await resets.without_comparison(case, control.walk)
        control = replace(control, walk=await _heard_out(case, control, around))
        await _name_devices(case, control.walk)
    elif cut := [o for o in case.having(State.REJECTED) if o.check.port and "reset_from_hop" in o.facts]:
        await _name_devices(case, await _walk(case, cut[0], farthest))
    if walking is not None:
        await _land_all(case, silent, await _on(case, silent[0], await walking, farthest), control, farthest, around)


async def _arrived(case: Case, speaking: Outcome, farthest: int) -> Walk:
    """The walk to a port that answers goes on until it does."""
    walk = await _walked(case, speaking, farthest)
    return walk if walk.reached else await _on(case, speaking, walk, FARTHEST)


async def _heard_out(case: Case, control: Control, around: Around) -> Walk:
    """A router that is missing on the way to an answer keeps silent, or had no error to spare: asked once more."""
    known = control.walk.reached or control.walk.last_router + 1
    missing = [ttl for ttl in range(1, known) if control.walk.router(ttl) is None]
    if not missing or len(missing) == known - 1 or not _needs_all(case):
        return control.walk  # all speak, or none ever does

    async def again(ttl: int) -> Hop:
        await asyncio.sleep(ROUTER_GAP_S)
        await around.turn(f"hop {ttl}")
        return await _send(case, control.outcome, ttl)

    return control.walk.joined(*await asyncio.gather(*map(again, missing)))


def _needs_all(case: Case) -> bool:
    return any("reset_from_hop" in o.facts for o in case.outcomes) or bool(case.having(State.FILTERED))


def _silent(case: Case) -> list[Outcome]:
    """Ports to walk to: the one begun ahead, then those that a verdict may hang on, and TCP before UDP."""
    found = distinct(o for o in case.having(State.FILTERED) if _walkable(o.check.transport))
    usable = (o for o in found if o.check.port is not None)
    return sorted(usable, key=lambda o: (_place(o) not in case.walks, not o.check.required, o.check.transport))


def _place(outcome: Outcome) -> tuple[str, int]:
    return outcome.check.transport, outcome.check.port or 0


async def _land_all(
    case: Case, silent: list[Outcome], walk: Walk, control: Control | None, farthest: int, around: Around
) -> None:
    where = await _end(case, silent[0], walk, control, around)
    if where.hop == 0 and control is None and not await around.first_router_speaks():
        _land(case, silent[0], None, control, walk)
        return
    _land(case, silent[0], where, control, walk)
    rest = {kind: [o for o in silent[1:] if o.check.transport == kind] for kind in ("tcp", "udp")}
    walked = [o for some in rest.values() for o in some[:WALKED]]
    ends = await asyncio.gather(*(_also(case, o, where, control, farthest, around) for o in walked))
    for outcome, end in zip(walked, ends, strict=True):
        sure = control is not None or (end.hop or 0) >= (
            where.hop or 0
        )  # else the answers about it may be what is lost
        _land(case, outcome, end if sure else None, control, walk)
    for some in rest.values():
        if {end for o, end in zip(walked, ends, strict=True) if o in some} == {where}:
            for outcome in some[WALKED:]:
                _land(case, outcome, where, control, walk)


async def _also(
    case: Case, outcome: Outcome, where: BlockedAt, control: Control | None, farthest: int, around: Around
) -> BlockedAt:
    """A few packets tell whether this port ends where another does; only if not, it is walked to from the start."""
    last = where.hop or 0
    at = not last or (await _send(case, outcome, last)).fate is Fate.EXPIRED
    at = at or await _passes(case, outcome, last, control, around)
    beyond = (control.walk.beyond(last) if control is not None else None) or last + 1
    if at and not await _passes(case, outcome, beyond, control, around):
        return where
    return await _end(case, outcome, await _walk(case, outcome, farthest), control, around)


async def _walked(case: Case, outcome: Outcome, farthest: int) -> Walk:
    """The walk that was begun ahead, else a new one."""
    begun = case.walks.get(_place(outcome))
    return await (asyncio.shield(begun) if begun is not None else _walk(case, outcome, farthest))


async def _walk(case: Case, outcome: Outcome, farthest: int) -> Walk:
    """Farther than the answers have come where a router speaks at that distance: the host is not there."""
    await WALKS.turn()
    walk = await _on(case, outcome, Walk({}), farthest)
    return await _on(case, outcome, walk, FARTHEST) if walk.router(farthest) else walk


async def _on(case: Case, outcome: Outcome, walk: Walk, farthest: int) -> Walk:
    """The walk continued."""
    ahead = range(max(walk.hops, default=0) + 1, farthest + 1)
    return walk.joined(*await asyncio.gather(*(_send(case, outcome, ttl) for ttl in ahead)))


async def _end(case: Case, outcome: Outcome, walk: Walk, control: Control | None, around: Around) -> BlockedAt:
    """Where the walk ends; a hop that is missing counts only if it speaks about a packet to the control port then."""
    if control is None:
        heard = [hop for hop in await _several(case, outcome, walk.last_router + 1, TRIES) if hop.fate is Fate.EXPIRED]
        return await _end(case, outcome, walk.joined(heard[0]), control, around) if heard else _boundary(walk)
    missing = control.walk.beyond(walk.last_router)
    if missing is None or not await _passes(case, outcome, missing, control, around):
        return _boundary(walk)
    passed = Hop(missing, Fate.EXPIRED, control.walk.router(missing))
    return await _end(case, outcome, walk.joined(passed), control, around)


async def _passes(case: Case, outcome: Outcome, ttl: int, control: Control | None, around: Around) -> bool:
    """Does a packet to this port get as far as this router, which speaks about one to the control port at once after?

    Asked together, in this order: a router without an error to spare keeps silent about the last packet as well.
    """
    router = None if control is None else control.walk.router(ttl)
    if control is None or router is None:
        return any(hop.fate is Fate.EXPIRED for hop in await _several(case, outcome, ttl, around.tries))
    while True:
        async with case.sockets:  # one turn for all: waiting in between, the router could afford an error again
            *here, there = await asyncio.gather(
                *(_packet(case, outcome, ttl) for _ in range(around.tries)), _packet(case, control.outcome, ttl)
            )
        if any(hop.fate is Fate.EXPIRED for hop in here):
            return True
        if there.fate is Fate.EXPIRED:
            return False
        await around.turn(router)


async def _several(case: Case, outcome: Outcome, ttl: int, tries: int) -> Sequence[Hop]:
    return await asyncio.gather(*(_send(case, outcome, ttl) for _ in range(tries)))


async def _send(case: Case, outcome: Outcome, ttl: int) -> Hop:
    async with case.sockets:
        return await _packet(case, outcome, ttl)


async def _packet(case: Case, outcome: Outcome, ttl: int) -> Hop:
    port = outcome.check.port
    assert port is not None
    if outcome.check.transport == "tcp":
        return await hops.send_tcp(case.address, port, ttl, case.wait_s, case.source_ip)
    return await hops.send_udp(case.address, port, case.page.datagram(outcome), ttl, case.wait_s, case.source_ip)


def _boundary(walk: Walk) -> BlockedAt:
    last = walk.last_router
    return BlockedAt(after=walk.router(last), hop=last)


def _land(case: Case, outcome: Outcome, where: BlockedAt | None, control: Control | None, walk: Walk) -> None:
    speaking = None if control is None else control.walk.last_router
    if where is None or (where.hop == 0 and speaking == 0):
        arriving = ", not even about packets that arrive" if control is not None else ""
        words = f"no router speaks about this{arriving}: where it is lost cannot be told"
        case.note(outcome, "path", words)
        return
    last = where.hop or 0
    next_hop = None if control is None else control.walk.beyond(last)
    router = None if control is None or next_hop is None else control.walk.router(next_hop)
    facts: Facts = {} if router is None else {"lost_before": router, "lost_before_hop": next_hop}
    if last > 1:
        walks = [walk] if control is None else [walk, control.walk]
        facts["way"] = [next(filter(None, (w.router(hop) for w in walks)), None) for hop in range(1, last + 1)]
    where = replace(where, suspects=_suspects(where, router, case.address))
    if not last:
        words = "no router answers: lost on this machine, or at or before the first hop"
    else:
        target = "the host, or on the way back," if router is None else f"{router} (hop {next_hop})"
        words = f"last heard: {where.after} (hop {last}); {where.after} itself or something up to {target} drops it"
    for same in case.sharing(outcome):
        noted = case.note(same, "path", words, **facts)
        case.land(replace(noted, blocked_at=where if UNBLOCKED.isdisjoint(noted.facts) else None))


def _suspects(where: BlockedAt, beyond: str | None, host: str) -> tuple[str | None, ...]:
    """A router tells that time is up before its filter sees the packet; beyond it there may be others unseen."""
    return (*filter(None, [where.after]), None, beyond or host)


async def _name_devices(case: Case, walk: Walk) -> None:
    """The reset came from so many hops away: that router's address."""
    await asyncio.gather(*(_name_device(case, o, walk) for o in distinct(case.having(State.REJECTED, State.RESET))))


async def _name_device(case: Case, outcome: Outcome, walk: Walk) -> None:
    hop = outcome.facts.get("reset_from_hop")
    by = walk.router(hop) if isinstance(hop, int) else None
    if not isinstance(hop, int) or by is None or not await _is_at(case, outcome, hop, walk):
        return
    for same in case.having(outcome.state):
        if _place(same) == _place(outcome) and same.facts.get("reset_from_hop") == hop:
            noted = case.note(same, "path", f"hop {hop} is {by}")
            case.land(replace(noted, blocked_at=BlockedAt(by=by)))


async def _is_at(case: Case, outcome: Outcome, hop: int, walk: Walk) -> bool:
    """How far the reset has come back is how far the device is only where the ways there and back are alike."""
    if outcome.state is State.REJECTED and outcome.check.transport == "tcp":
        return await resets.answered(case, outcome, hop + 1) and not await resets.answered(case, outcome, hop - 1)
    own = outcome.facts.get("host_ttl")
    return walk.reached is None or not isinstance(own, int) or walk.reached == hops_away(own)
