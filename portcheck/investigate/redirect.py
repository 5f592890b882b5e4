"""Is it this machine itself that answers? A security agent, a service mesh or a rule may redirect what goes out.

Its answer comes within one hop, and through no network device: a socket that is tied to one does not hear it. A reset
of its own firewall is heard there too; but so it is where the question was tied to the loopback device, and never left.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from portcheck.investigate.case import FULL_LIFE, Case, distinct
from portcheck.model import Outcome, State
from portcheck.net import hops
from portcheck.net.hops import Fate
from portcheck.net.platform import sockets
from portcheck.net.platform.machine import is_own

DOUBTFUL = (State.REFUSED, State.REJECTED, State.MUTE, State.RESET, State.MISMATCH)
TRIES = 2
MOST_DEVICES = 4
LOOPBACK = "lo"
RESET_HERE = "this machine's own firewall resets the connection: the question never leaves this machine"
WORDS = "this machine itself redirects the connection to a program of its own (security agent, proxy, service mesh)"


async def by_this_machine(case: Case) -> None:
    """`error` where the answer was this machine's: nothing is known of the host then."""
    if is_own(case.address):
        return  # asked of this machine: who else should answer?
    doubtful = distinct(o for o in case.having(*DOUBTFUL) if o.check.transport == "tcp" and o.check.port is not None)
    if doubtful and 0 < len(sockets.devices()) <= MOST_DEVICES and hops.TCP_WALKS:
        await asyncio.gather(*(_one(case, outcome) for outcome in doubtful))


async def _one(case: Case, outcome: Outcome) -> None:
    port = outcome.check.port
    assert port is not None
    if (await case.syn(port, 1)).fate is not Fate.ANSWERED:
        return
    if await _from_outside(case, port):
        if outcome.state in {State.REFUSED, State.REJECTED} and await _tied(case, port, LOOPBACK):
            _land(case, outcome, RESET_HERE, reset_here=True)
        return
    if (await case.syn(port, FULL_LIFE)).fate is Fate.ANSWERED:  # else by now nobody answers: that tells nothing
        _land(case, outcome, WORDS, redirected_here=True)


def _land(case: Case, outcome: Outcome, words: str, **told: bool) -> None:
    for same in case.sharing(outcome):
        noted = case.note(same, "redirect", words, local_fault=True, **told)
        case.land(replace(noted, state=State.ERROR, reason=words, blocked_at=None))


async def _tied(case: Case, port: int, device: str) -> bool:
    """Is anything heard through this device?"""
    heard = await hops.send_tcp(case.address, port, FULL_LIFE, case.wait_s, case.source_ip, 0, device)
    return heard.fate is not Fate.LOST


async def _from_outside(case: Case, port: int) -> bool:
    """Does the answer come in through any network device? Also where a socket cannot be tied to one."""
    for _ in range(TRIES):
        if any(await asyncio.gather(*(_tied(case, port, device) for device in sockets.devices()))):
            return True
    return not all(sockets.can_tie(device) for device in sockets.devices())
