"""Whose reset? The TTL of a refusal against the TTL of the host's own answers (RFC 5082's IP_MINTTL, unprivileged)."""

from __future__ import annotations

from dataclasses import replace

from portcheck.investigate.case import Case, distinct, hops_away
from portcheck.model import BlockedAt, Outcome, State
from portcheck.net import hops

WAIT_S = 0.5
TRIES = 2


async def whose(case: Case) -> None:
    """`refused` becomes `rejected` where a device nearer than the host sent the reset; a copied TTL proves nothing."""
    own = await host_ttl(case)
    if own is None:
        return
    for outcome in distinct(case.having(State.REFUSED)):
        if outcome.check.transport == "tcp" and "icmp_from" not in outcome.facts:
            await _compare(case, outcome, own)
    for outcome in distinct(case.having(State.MUTE, State.RESET)):
        if outcome.check.transport == "tcp" and outcome.check.port is not None:
            await _proxied(case, outcome, own)


async def host_ttl(case: Case) -> int | None:
    """From a datagram of the host, else from the handshake of a port that spoke its protocol."""
    if not hops.AVAILABLE:
        return None
    if case.reply_ttl is not None:
        return case.reply_ttl
    speaking = case.answering("tcp")
    if not speaking or speaking[0].check.port is None:
        return None
    return await arrival_ttl(case, speaking[0].check.port, 1, 255)


async def arrival_ttl(case: Case, port: int, low: int, high: int) -> int | None:
    """The TTL with which answers of this port arrive, by bisection; None when nothing answers."""
    if not await answers(case, port, low):
        return None
    while low < high:
        middle = (low + high + 1) // 2
        if await answers(case, port, middle):
            low = middle
        else:
            high = middle - 1
    return low


async def answers(case: Case, port: int, ttl: int) -> bool:
    for _ in range(TRIES):
        if await hops.answers_within(case.address, port, ttl, WAIT_S, case.source_ip):
            return True
    return False


async def _compare(case: Case, outcome: Outcome, own: int) -> None:
    port = outcome.check.port
    assert port is not None
    nearer = own < 255 and await answers(case, port, own + 1)
    if not nearer and await answers(case, port, own):
        for same in _sharing(case, outcome):
            case.note(same, "ttl", f"the reset arrives with TTL {own}, as the host's own answers do", reset_ttl=own)
        return
    ttl = await arrival_ttl(case, port, own + 1 if nearer else 1, 255 if nearer else own)
    if ttl is None:
        return
    words = f"the reset arrives with TTL {ttl}, the host's own answers with {own}: a device in the path sent it"
    for same in _sharing(case, outcome):
        noted = case.note(same, "ttl", words, reset_ttl=ttl, host_ttl=own, reset_from_hop=hops_away(ttl))
        case.land(replace(noted, state=State.REJECTED, reason=words, blocked_at=BlockedAt()))


async def _proxied(case: Case, outcome: Outcome, own: int) -> None:
    """A handshake that a nearer device completes on the host's behalf."""
    port = outcome.check.port
    assert port is not None
    if own < 255 and await answers(case, port, own + 1):
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
