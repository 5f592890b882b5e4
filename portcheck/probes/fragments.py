"""Do datagrams that need fragments get through, and which way not? Tickets of users in many groups are so large.

Every KDC echoes the service's name in its error, so a long name is large both ways; padding is large one way only.
"""

from __future__ import annotations

from portcheck.model import Facts
from portcheck.net.errors import NetError
from portcheck.net.network import Network
from portcheck.probes.as_request import request
from portcheck.probes.probe import Subject
from portcheck.wire.kerberos import AsRequest, unpack_reply

PATIENCE_S = 2.0
FRAGMENTED = 1900  # bytes of a datagram that no Ethernet frame carries whole
WHOLE = 1200  # bytes that every path carries whole, and more than any size limit that would explain a silence
FRAME = 1480  # bytes of datagram in a whole frame


async def lost(port: int, net: Network, subject: Subject) -> Facts:
    """`fragments_lost`: "to" or "from" the controller; empty when they pass, or when it cannot be told."""
    both_ways, aside = request(subject, service="x" * FRAGMENTED), net.aside(PATIENCE_S, same_port=True)
    size = await _answered(port, aside, both_ways)
    if size is not None:
        return {"fragments_pass": "both ways" if size > FRAME else "to"}
    if await _answered(port, aside, request(subject, padding=WHOLE)) is None:
        return {}  # large datagrams are not liked at all: nothing to do with fragments
    if await _answered(port, aside, request(subject, padding=FRAGMENTED)) is None:
        return {"fragments_lost": "to"}
    return {} if await _answered(port, aside, both_ways) is not None else {"fragments_lost": "from"}


async def _answered(port: int, aside: Network, question: AsRequest) -> int | None:
    """The size of the answer; None for silence."""
    try:
        return (await aside.udp(port, lambda _: question.pack(), unpack_reply)).size
    except NetError as fault:
        if fault.facts.get("local_fault"):
            raise  # it was not asked
        return None
