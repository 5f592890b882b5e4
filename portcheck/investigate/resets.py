"""Whose reset? The TTL of a refusal against the TTL of the host's own answers (RFC 5082's IP_MINTTL, unprivileged)."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from portcheck.investigate.case import HOPS_BY_DEFAULT, Case, distinct, hops_away
from portcheck.model import BlockedAt, Outcome, State
from portcheck.net import hops

TRIES = 2
NEARBY = 6  # hops by which a device usually is nearer than the host
AT_ONCE = 8


async def whose(case: Case) -> None:
    """`refused` becomes `rejected` where a device nearer than the host sent the reset; a copied TTL proves nothing."""
    cut = [o for o in distinct(case.having(State.REFUSED)) if "icmp_from" not in o.facts]
    doubtful = distinct(case.having(State.MUTE, State.RESET))
    own = await host_ttl(case) if cut or doubtful else None
    if own is None:
        return
    await asyncio.gather(
        *(_compare(case, outcome, own) for outcome in cut if outcome.check.transport == "tcp"),
        *(_proxied(case, outcome, own) for outcome in doubtful if outcome.check.transport == "tcp"),
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
        for same in _sharing(case, outcome):
            words = f"the reset arrives with TTL {own}, as the host's own answers do{_although_windows(own)}"
            case.note(same, "ttl", words, reset_ttl=own)
        return
    ttl = await arrival_ttl(case, port, own + 1 if nearer else 1, 255 if nearer else own)
    if ttl is None:
        return
    words = f"the reset arrives with TTL {ttl}, the host's own answers with {own}: {_sender(ttl, own)} sent it"
    for same in _sharing(case, outcome):
        noted = case.note(same, "ttl", words, reset_ttl=ttl, host_ttl=own, reset_from_hop=hops_away(ttl))
        case.land(replace(noted, state=State.REJECTED, reason=words, blocked_at=BlockedAt()))


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
        for same in _sharing(case, outcome):
            case.note(same, "ttl", words, handshake_by_device=True)


def _sharing(case: Case, outcome: Outcome) -> list[Outcome]:
    """The outcomes of the same port in the same state (RPC interfaces share ports)."""
    return [
        other
        for other in case.having(outcome.state)
        if (other.check.port, other.check.transport) == (outcome.check.port, outcome.check.transport)
    ]
