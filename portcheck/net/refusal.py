"""Does a name server that answers nothing refuse the question? Then programs turn to the next one without waiting.

Asked aside of the questions themselves: their sockets hear out every member of a pool, whoever refuses meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys

from portcheck.frozen import dataclass
from portcheck.model import State
from portcheck.net.errors import NetError

if sys.platform == "win32":
    from portcheck.net.platform.udp_threads import ThreadedPort as DatagramPort
else:
    from portcheck.net.platform.udp_selector import DatagramPort

TRIES = 2  # each from a port of its own; all have to be refused
WAIT_S = 1.0
REFUSALS = frozenset({State.REFUSED, State.REJECTED})


@dataclass(frozen=True, slots=True)
class PortRefusal:
    """Of a name server's port, by an ICMP error: its own host's, or that of a device before it."""

    server: str
    by: str  # the device; empty: the host itself, or the system does not tell


async def refusal(server: tuple[str, int], name: str, source_ip: str | None = None) -> PortRefusal | None:
    """None for an answer, and for silence."""
    told = await asyncio.gather(*(_told(server, name, source_ip) for _ in range(TRIES)))
    if any(fault is None or fault.state not in REFUSALS for fault in told):
        return None
    by = {fault.blocked_at.by or "" for fault in told if fault is not None and fault.blocked_at is not None}
    return PortRefusal(server[0], by.pop() if len(by) == 1 else "")


async def _told(server: tuple[str, int], name: str, source_ip: str | None) -> NetError | None:
    import dns.message

    inbox: asyncio.Queue[bytes | NetError] = asyncio.Queue()
    try:
        port = DatagramPort(*server, source_ip, inbox)
    except NetError:
        return None
    try:
        port.send(dns.message.make_query(name, "SRV").to_wire())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WAIT_S):
                said = await inbox.get()
                return said if isinstance(said, NetError) else None
    except NetError as fault:
        return fault
    finally:
        port.close()
    return None
