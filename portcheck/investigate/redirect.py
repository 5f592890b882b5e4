"""Is it this machine itself that answers? A security agent, a service mesh or a rule may redirect what goes out.

Its answer comes within one hop, and through no network device: a socket that is tied to one does not hear it.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from portcheck.investigate.case import Case, distinct
from portcheck.model import Outcome, State
from portcheck.net import hops
from portcheck.net.hops import Fate
from portcheck.net.platform import sockets
from portcheck.net.platform.machine import is_own

DOUBTFUL = (State.REFUSED, State.REJECTED, State.MUTE, State.RESET, State.MISMATCH)
TRIES = 2
MOST_DEVICES = 4
FULL_LIFE = 64
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
    if (await case.syn(port, 1)).fate is not Fate.ANSWERED or await _from_outside(case, port):
        return
    if (await case.syn(port, FULL_LIFE)).fate is not Fate.ANSWERED:
        return  # by now nobody answers: that tells nothing
    for same in case.having(outcome.state):
        if (same.check.port, same.check.transport) == (port, "tcp"):
            noted = case.note(same, "redirect", WORDS, redirected_here=True, local_fault=True)
            case.land(replace(noted, state=State.ERROR, reason=WORDS, blocked_at=None))


async def _from_outside(case: Case, port: int) -> bool:
    """Does the answer come in through any network device? Also where a socket cannot be tied to one."""
    for _ in range(TRIES):
        asked = [hops.send_tcp(case.address, port, FULL_LIFE, case.wait_s, case.source_ip, 0, device)
                 for device in sockets.devices()]  # fmt: skip
        if any(hop.fate is not Fate.LOST for hop in await asyncio.gather(*asked)):
            return True
    return not all(sockets.can_tie(device) for device in sockets.devices())
