"""Whose reset? The TTL of a refusal against the TTL of the host's own answers (RFC 5082's IP_MINTTL, unprivileged)."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from portcheck.investigate.case import HOPS_BY_DEFAULT, Case, Walk, distinct, hops_away
from portcheck.model import Facts, Outcome, Stage, State
from portcheck.net import hops
from portcheck.net.hops import Fate
from portcheck.net.timeouts import Timeouts

TRIES = 2
NEARBY = 6  # hops by which a device usually is nearer than the host
AT_ONCE = 8
CUTTERS = 5  # hops away, at which a device that cuts a conversation is looked for
CUT = Timeouts(connect_s=1.0, answer_s=1.2, attempts=1)


async def whose(case: Case) -> None:
    """`refused` becomes `rejected` where a device nearer than the host sent the reset; a copied TTL proves nothing."""
    refused = distinct(case.having(State.REFUSED))
    doubtful = distinct(case.having(State.MUTE, State.RESET))
    own = await host_ttl(case) if refused or doubtful else None
    if own is None:
        return
    for outcome in refused:
        _compare_icmp(case, outcome, own)
    cut = [o for o in refused if "icmp_from" not in o.facts]
    later = [o for o in doubtful if o.state is State.RESET and o.stage is not Stage.CONNECT]
    await asyncio.gather(
        *(_compare(case, outcome, own) for outcome in cut if outcome.check.transport == "tcp"),
        *(_proxied(case, outcome, own) for outcome in doubtful if outcome.check.transport == "tcp"),
        *(_cut_by(case, outcome, own) for outcome in later if outcome.check.transport == "tcp"),
    )


async def host_ttl(case: Case) -> int | None:
    """From a datagram of the host, else from the handshake of a port that spoke its protocol."""
    if not hops.ANSWERS_TTL:
        return None
    if case.reply_ttl is not None:
        return case.reply_ttl
    speaking = case.answering("tcp")
    if not speaking or speaking[0].check.port is None:
        return None
    return await arrival_ttl(case, speaking[0].check.port, 1, 255)


async def arrival_ttl(case: Case, port: int, low: int, high: int) -> int | None:
    """The TTL with which answers of this port arrive; None when none arrives with at least `low`."""
    tried = [low + step for step in range(NEARBY) if low + step <= high]
    best = 0
    while tried:
        heard = await asyncio.gather(*(answers(case, port, ttl) for ttl in tried))
        best = max([ttl for ttl, yes in zip(tried, heard, strict=True) if yes], default=best)
        if not best:
            return None
        above = min([ttl for ttl in tried if ttl > best], default=high + 1)
        gap = max(1, (above - best) // (AT_ONCE + 1))
        tried = list(range(best + gap, above, gap))[:AT_ONCE]
    return best


async def answers(case: Case, port: int, ttl: int) -> bool:
    for _ in range(TRIES):
        if await case.answers_within(port, ttl):
            return True
    return False


async def _compare(case: Case, outcome: Outcome, own: int) -> None:
    port = outcome.check.port
    assert port is not None
    nearer, as_near = await asyncio.gather(answers(case, port, own + 1), answers(case, port, own))
    if not nearer and (as_near or await _heard(case, port, own)):
        for same in case.sharing(outcome):
            words = f"the reset arrives with TTL {own}, as the host's own answers do{_although_windows(own)}"
            case.note(same, "ttl", words, reset_ttl=own)
        return
    ttl = await arrival_ttl(case, port, own + 1 if nearer else 1, 255 if nearer else own)
    if ttl is None:
        return
    words = f"the reset arrives with TTL {ttl}, the host's own answers with {own}: {_sender(ttl, own)} sent it"
    for same in case.sharing(outcome):
        noted = case.note(same, "ttl", words, reset_ttl=ttl, host_ttl=own, reset_from_hop=hops_away(ttl))
        case.land(replace(noted, state=State.REJECTED, reason=words))


def _compare_icmp(case: Case, outcome: Outcome, own: int) -> None:
    """A refusal in the host's name, by ICMP: it tells the TTL it came with, where it was about a datagram."""
    ttl = outcome.facts.get("icmp_ttl")
    if not isinstance(ttl, int) or outcome.facts.get("icmp_from") != case.address:
        return
    if ttl == own:
        case.note(
            outcome, "ttl", f"the ICMP error arrives with TTL {ttl}, as the host's answers{_although_windows(ttl)}"
        )
        return
    words = f"the ICMP error bears the host's address and TTL {ttl}, the host's own answers have {own}"
    words = f"{words}: {_sender(ttl, own)} sent it"
    noted = case.note(outcome, "ttl", words, host_ttl=own, reset_from_hop=hops_away(ttl))
    case.land(replace(noted, state=State.REJECTED, reason=words))


async def _cut_by(case: Case, outcome: Outcome, own: int) -> None:
    """The question once more, deaf to what arrives with less than some TTL: which one does the reset have?"""
    above, as_host, *starts = await asyncio.gather(
        *(_cut_with(case, outcome, ttl, tries=TRIES) for ttl in (own + 1, own)),
        *(_cut_with(case, outcome, start + 1) for start in HOPS_BY_DEFAULT[:-1]),
    )
    if above is None or as_host is None:
        return  # cut before we were deaf, or not even connected this time: nothing is told
    if as_host and not above:
        words = f"the reset arrives with TTL {own}, as the host's own answers do: consistent with the host"
        for same in case.sharing(outcome):
            case.note(same, "ttl", words, reset_by_device=False)
        return
    began_with = HOPS_BY_DEFAULT[sum(heard is True for heard in starts)]
    ttl = await _cut_ttl(case, outcome, began_with)
    arrives = f"with TTL {ttl}" if ttl else f"with a TTL {'above' if above else 'below'} {own}"
    sender = _sender(ttl, own) if ttl else "another system"
    words = f"the reset arrives {arrives}, the host's own answers with {own}: {sender} sent it"
    told: Facts = {"reset_ttl": ttl, "reset_from_hop": hops_away(ttl)} if ttl else {}
    for same in case.sharing(outcome):
        case.note(same, "ttl", words, reset_by_device=True, host_ttl=own, **told)


async def _cut_with(case: Case, outcome: Outcome, ttl: int, tries: int = 1) -> bool | None:
    """Is the conversation cut by what arrives with at least this TTL? None where the tries do not agree."""
    seen = {
        again.state for again in await asyncio.gather(*(case.page.ask(outcome, CUT, None, ttl) for _ in range(tries)))
    }
    return {State.RESET: True, State.MUTE: False}.get(seen.pop()) if len(seen) == 1 else None


async def _cut_ttl(case: Case, outcome: Outcome, began_with: int) -> int | None:
    """The TTL of the reset; None where it has come from farther than is looked for."""
    ttls = range(began_with - CUTTERS + 1, began_with + 1)
    heard = await asyncio.gather(*(_cut_with(case, outcome, ttl) for ttl in ttls))
    cut = [ttl for ttl, yes in zip(ttls, heard, strict=True) if yes]
    exact = all(yes is False for ttl, yes in zip(ttls, heard, strict=True) if cut and ttl > cut[-1])
    return cut[-1] if cut and exact else None


def unproven(case: Case) -> list[Outcome]:
    """Refusals by a reset that arrives as the host's own answers do: it may have come from nearer all the same."""
    return [o for o in distinct(case.having(State.REFUSED)) if "reset_ttl" in o.facts and o.check.port is not None]


async def from_nearer(case: Case, walk: Walk) -> None:
    """`rejected` where a SYN is refused that does not live as long as one to a port that answers takes to get there."""
    if walk.last_router:
        await asyncio.gather(*(_too_near(case, outcome, walk) for outcome in unproven(case)))


async def without_comparison(case: Case, walk: Walk) -> None:
    """Nothing else of the host was heard: `rejected` where a reset has come from no farther than a router before it.

    From one hop away comes nothing of a host behind a router. From farther away only where the last router's own word
    has come as far back as the packet went: the way back might be shorter.
    """
    every = (o for o in case.outcomes if o.state is State.REFUSED and o.check.port and o.check.transport == "tcp")
    refused = distinct(every)  # also where nothing is expected: whether the host was heard at all hangs on each
    if walk.last_router and refused and hops.ANSWERS_TTL and await host_ttl(case) is None:
        await asyncio.gather(*(_from_a_router(case, outcome, walk) for outcome in refused))


async def _from_a_router(case: Case, outcome: Outcome, walk: Walk) -> None:
    port, last = outcome.check.port, walk.last_router
    assert port is not None
    ttl = await arrival_ttl(case, port, 1, 255)
    if ttl is None:
        return
    hop = hops_away(ttl)
    proven = hop == 1 or (hop <= last and walk.same_way_back(last))
    words = f"the reset arrives with TTL {ttl}, from {hop} {'hop' if hop == 1 else 'hops'} away; "
    words += f"{walk.router(last)} (hop {last}) is still before the host"
    for same in case.same_port(outcome):
        if proven:
            words_too = f"{words}: a device in the path sent it"
            noted = case.note(same, "ttl", words_too, reset_ttl=ttl, reset_from_hop=hop)
            case.land(replace(noted, state=State.REJECTED, reason=words_too))
        elif hop > last:
            case.note(same, "ttl", f"{words}: consistent with the host", reset_ttl=ttl)


async def _too_near(case: Case, outcome: Outcome, walk: Walk) -> None:
    if not await answered(case, outcome, walk.last_router):
        return
    near = walk.last_router
    while near > 1 and await answered(case, outcome, near - 1):
        near -= 1
    words = f"refused within {near} {'hop' if near == 1 else 'hops'}; {walk.router(walk.last_router)} (hop"
    words = f"{words} {walk.last_router}) is still before the host: a device in the path sent the reset"
    ttl, own = outcome.facts.get("reset_ttl"), outcome.facts.get("host_ttl", outcome.facts.get("reset_ttl"))
    told: Facts = {"host_ttl": own}
    if isinstance(ttl, int) and hops_away(ttl) in {near - 1, near}:  # one hop earlier where it had to be forwarded
        told["reset_from_hop"] = hops_away(ttl)
    for same in case.sharing(outcome):
        case.land(replace(case.note(same, "ttl", words, **told), state=State.REJECTED, reason=words))


async def answered(case: Case, outcome: Outcome, ttl: int) -> bool:
    """Does anything answer a SYN to this port that lives for so many hops?"""
    port = outcome.check.port
    assert port is not None
    for _ in range(TRIES if ttl > 0 else 0):
        if (await case.syn(port, ttl)).fate is Fate.ANSWERED:
            return True
    return False


def _although_windows(ttl: int) -> str:
    """Windows starts with 128. Its firewall, while on, keeps silent for a closed port (Microsoft KB2586744)."""
    if HOPS_BY_DEFAULT[0] < ttl <= HOPS_BY_DEFAULT[1]:
        return "; Windows sends one only where its firewall is off or allows the closed port"
    return ""


def _sender(ttl: int, own: int) -> str:
    """From as far away, but begun with another TTL: not the system that gave the host's own answers."""
    if hops_away(ttl) == hops_away(own):
        return "another system in the host's place (a proxy, or address translation)"
    return "a device in the path"


async def _heard(case: Case, port: int, ttl: int) -> bool:
    """Before a refusal is called another's for coming from too far: was it merely lost?"""
    return any(await asyncio.gather(*(answers(case, port, ttl) for _ in range(3))))


async def _proxied(case: Case, outcome: Outcome, own: int) -> None:
    """A handshake that a nearer device completes on the host's behalf."""
    port = outcome.check.port
    assert port is not None
    if await answers(case, port, own + 1):
        words = f"the handshake is answered from nearer than the host (TTL above {own}): by a device in the path"
        for same in case.sharing(outcome):
            case.note(same, "ttl", words, handshake_by_device=True)
