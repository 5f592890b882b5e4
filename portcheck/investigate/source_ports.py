"""Do only some of this machine's ports get through? A filter by source port, or one dead path of several, looks so.

Loss is random: the same local port is heard one time and not the next. Where each port of a sample behaves the same
every time, and not all behave alike, it is the port.
"""

from __future__ import annotations

import asyncio
import random

from portcheck.investigate.case import Case
from portcheck.model import Outcome, State
from portcheck.net import hops
from portcheck.net.hops import Fate
from portcheck.net.pacing import Pacer
from portcheck.net.platform import sockets
from portcheck.net.platform.sockets import FORBIDDEN_SOURCE_PORTS

BANDS = ((1024, 5000), (5001, 32767), (32768, 49151), (49152, 65535))  # old Windows; nobody's; Linux; all
OF_EACH = 3
ROUNDS = 3
PER_SECOND = 20.0  # no burst that a limit on new connections would take
SIGNS = 2  # tries that were not heard, of checks that were answered in the end
FEWEST = 2  # ports of each kind that make the difference
FULL_LIFE = 64


def is_dark(case: Case) -> bool:
    """No TCP of it was heard."""
    return not any(o.answers for o in case.outcomes if o.check.transport == "tcp")


async def sample(case: Case, *, dark: bool) -> None:
    """Asked where checks needed several ports, and of a few hosts of which nothing at all is heard (`dark`)."""
    subject = _subject(case, dark=dark)
    if subject is None:
        return
    heard = await _rounds(case, subject, _ports(case))
    alive = [port for port, times in heard.items() if all(times)]
    dead = [port for port, times in heard.items() if not any(times)]
    if min(len(alive), len(dead)) < FEWEST or len(alive) + len(dead) < len(heard):
        return
    words = f"asked {ROUNDS} times from each of {len(heard)} ports: {_listed(alive)} are always heard, "
    words += f"{_listed(dead)} never"
    for outcome in [o for o in case.outcomes if o.state is State.FILTERED or o.facts.get("source_ports")]:
        case.note(outcome, "source ports", words, source_ports_alive=sorted(alive), source_ports_dead=sorted(dead))


def _listed(ports: list[int]) -> str:
    return ", ".join(map(str, sorted(ports)))


def _subject(case: Case, *, dark: bool) -> Outcome | None:
    """What to ask: a service that answered, over the transport that needed several ports."""
    good = [o for o in case.outcomes if o.state in {State.OK, State.OPEN} and o.check.port is not None]
    for transport in ("tcp", "udp"):
        answered = [o for o in good if o.check.transport == transport]
        if sum(_unheard(o) for o in answered) >= SIGNS:
            return min(answered, key=_unheard)
    silent = [o for o in case.having(State.FILTERED) if o.check.transport == "tcp" and o.check.port is not None]
    return silent[0] if dark and len(silent) > 1 else None


def _unheard(outcome: Outcome) -> int:
    ports = outcome.facts.get("source_ports")
    return len(ports) if isinstance(ports, list) else 0


def _ports(case: Case) -> list[int]:
    return [
        port
        for low, high in BANDS
        for port in random.sample(range(low, high), OF_EACH)
        if port not in FORBIDDEN_SOURCE_PORTS and sockets.is_free(case.address, port, case.source_ip)
    ]


async def _rounds(case: Case, subject: Outcome, ports: list[int]) -> dict[int, list[bool]]:
    """Ends as soon as a port is heard once and not another time, or all behave alike: then it is not the port."""
    pacer = Pacer(PER_SECOND)
    heard: dict[int, list[bool]] = {port: [] for port in ports}

    async def one(port: int) -> None:
        await pacer.turn()
        heard[port].append(await _heard(case, subject, port))

    for _ in range(ROUNDS):
        await asyncio.gather(*(one(port) for port in random.sample(ports, len(ports))))
        if len({times[0] for times in heard.values()}) < 2 or any(len(set(times)) > 1 for times in heard.values()):
            break
    return heard


async def _heard(case: Case, subject: Outcome, port: int) -> bool:
    to, wait_s = subject.check.port, case.wait_s
    assert to is not None
    async with case.sockets:
        if subject.check.transport == "tcp":
            hop = await hops.send_tcp(case.address, to, FULL_LIFE, wait_s, case.source_ip, port)
        else:
            datagram = case.payload(subject)
            hop = await hops.send_udp(case.address, to, datagram, FULL_LIFE, wait_s, case.source_ip, port)
    return hop.fate is Fate.ANSWERED
