"""Does the answer come from another address or port than the one asked? A connected socket never hears such an answer.

Those of the resolvers and of the Kerberos and LDAP libraries are connected, and a stateful firewall drops it before.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from portcheck.investigate.case import OTHER_SENDER, Case
from portcheck.model import Outcome, State
from portcheck.net.timeouts import Timeouts
from portcheck.net.udp import AGAIN_AFTER_S

PATIENCE = Timeouts(connect_s=1.2, answer_s=1.2, attempts=1)


async def others(case: Case) -> None:
    """The silent datagram ports of a host that lives, asked once more with an ear for everybody."""
    if case.alive:
        await asyncio.gather(*(_one(case, outcome) for outcome in case.silent_datagrams()))


def ahead(case: Case, outcome: Outcome) -> None:
    """Begin to listen for the others while this datagram port still seems silent."""
    port = outcome.check.port
    if port is not None and port not in case.ahead.ears:
        case.ahead.ears[port] = asyncio.create_task(_asked(case, outcome))


async def _asked(case: Case, outcome: Outcome) -> Outcome:
    to_both_s = min(PATIENCE.connect_s, AGAIN_AFTER_S + case.wait_s)
    return await case.page.ask(outcome, replace(PATIENCE, connect_s=to_both_s), loose=True)


async def _one(case: Case, outcome: Outcome) -> None:
    begun = case.ahead.ears.pop(outcome.check.port or 0, None)
    heard = await (begun if begun is not None else _asked(case, outcome))
    other = {key: heard.facts[key] for key in OTHER_SENDER if heard.facts.get(key)}
    if heard.state is State.OK and other:
        sender = other.get("answered_from") or f"port {other['answered_from_port']} of that address"
        asked = "address" if "answered_from" in other else "port"
        words = f"the answer came from {sender}, not from the {asked} that was asked: programs do not take it"
        noted = case.note(outcome, "sender", words, **other)
        case.land(replace(noted, blocked_at=None))  # nothing is blocked
    elif heard.state is State.OK:
        case.improve(outcome, heard)  # it was lost, or is slow
