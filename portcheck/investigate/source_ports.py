"""Do only some of this machine's ports get through? A filter by source port, or one dead path of several, looks so.

Loss is random: the same local port is heard one time and not the next. Where each port of a sample behaves the same
every time (but for one packet, which may be lost anywhere), and not all behave alike, it is the port.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping

from portcheck.investigate.case import FULL_LIFE, LONGEST_WAIT_S, Case
from portcheck.model import Outcome, State
from portcheck.net import hops
from portcheck.net.hops import Fate
from portcheck.net.pacing import Pacer
from portcheck.net.platform import sockets
from portcheck.net.platform.sockets import FORBIDDEN_SOURCE_PORTS
from portcheck.net.timeline import UNANSWERED

BANDS = ((1024, 5000), (5001, 32767), (32768, 49151), (49152, 65535))  # old Windows; nobody's; Linux; all
OF_EACH = 3
OF_TRIED = 6  # the prime suspects: ports from which checks were not heard
ROUNDS, MORE_ROUNDS = 3, 2
MOST_LOST = 1  # of all tries from ports that are heard
PER_SECOND = 20.0  # no burst that a limit on new connections would take
SIGNS = 2  # tries that were not heard, of checks that were answered in the end
FEWEST = 2  # ports of each kind that make the difference
MOST_MIXED = 4  # hosts of which part is silent, and that are asked so; the others where it was the port on one of these
NOTHING: Mapping[int, list[bool]] = {}


def is_dark(case: Case) -> bool:
    """No TCP of it was heard."""
    return not any(o.answers for o in case.outcomes if o.check.transport == "tcp")


def is_mixed(case: Case) -> bool:
    """Several services are silent while others answer over the same transport, or tries were lost beside one."""
    return any(_answering_beside_silence(case, transport) for transport in ("tcp", "udp"))


async def sample(case: Case, *, dark: bool = False, mixed: bool = False) -> bool:
    """Is it the port? Asked where checks needed several ports; of a few hosts also where nothing is heard (`dark`), or
    part of it is silent (`mixed`): the tries of one check come from neighbouring ports, and share their luck."""
    if told(case):
        return True
    subject = _subject(case, dark=dark, mixed=mixed)
    if subject is None:
        await _single_signs(case)
    else:
        begun, case.ahead.ports = case.ahead.ports, None
        of_this = begun is not None and subject.check.transport == "tcp"
        await heard(case, subject, await begun if begun is not None and of_this else NOTHING)
    return told(case)


async def _single_signs(case: Case) -> None:
    """One try alone was not heard: a packet that was lost, as a rule, and then that port is heard now.

    Where one path of four is dead, every sixth run of a dozen checks meets it once, or not at all.
    """
    answered = [*_answered(case, "tcp"), *_answered(case, "udp")]
    for outcome in answered:
        if not _tried(outcome) or "edns_trouble" in outcome.facts:  # then it was the question, and not the port
            continue
        if not told(case) and not await _heard_now(case, outcome):
            await heard(case, outcome)


async def _heard_now(case: Case, outcome: Outcome) -> bool:
    """From the ports that were not."""
    again = await _round(case, outcome, _usable(case, _tried(outcome)))
    return any(any(times) for times in again.values())


def ahead(case: Case, outcome: Outcome) -> None:
    """Begin the first round, without the prime suspects, once enough seems silent beside what answers."""
    check, unheard, answered = outcome.check, case.ahead.unheard, _answered(case, "tcp")
    if check.transport != "tcp" or check.port is None:
        return
    unheard.add(check.port)
    if len(unheard) < SIGNS or not answered or case.address in case.sampled or len(case.sampled) >= MOST_MIXED:
        return
    case.sampled.add(case.address)
    case.ahead.ports = asyncio.create_task(_round(case, answered[0], _of_all_kinds(case)))


def told(case: Case) -> bool:
    """It is the port, as far as this host goes."""
    return any("source_ports_dead" in o.facts for o in case.outcomes)


async def heard(case: Case, subject: Outcome, before: Mapping[int, list[bool]] = NOTHING) -> bool:
    """Does this service answer from any port? Which ones is noted, where that is what makes the difference.

    `before`: the first round, as far as it has been.
    """
    seen = await _rounds(case, subject, _ports(case, subject, before), before)
    alive = [port for port, times in seen.items() if any(times)]
    dead = [port for port, times in seen.items() if not any(times)]
    if min(len(alive), len(dead)) >= FEWEST and _lost(seen) <= MOST_LOST:
        words = (
            f"asked {ROUNDS} times from each of {len(seen)} ports: {_listed(alive)} are heard, {_listed(dead)} never"
        )
        for outcome in [o for o in case.outcomes if o.state is State.FILTERED or _unheard(o)]:
            case.note(outcome, "source ports", words, source_ports_alive=sorted(alive), source_ports_dead=sorted(dead))
    return len(dead) < len(seen)


def _listed(ports: list[int]) -> str:
    return ", ".join(map(str, sorted(ports)))


def _subject(case: Case, *, dark: bool, mixed: bool) -> Outcome | None:
    """What to ask: a service that answered, over the transport that needed several ports."""
    for transport in ("tcp", "udp"):
        answered = _answered(case, transport)
        if sum(map(_unheard, answered)) >= SIGNS or (mixed and _answering_beside_silence(case, transport)):
            return min(answered, key=_unheard)
    silent = [o for o in case.having(State.FILTERED) if o.check.transport == "tcp" and o.check.port is not None]
    return silent[0] if dark and len(silent) > 1 else None


def _answered(case: Case, transport: str) -> list[Outcome]:
    return [o for o in case.answering(transport) if o.check.port is not None]


def _answering_beside_silence(case: Case, transport: str) -> bool:
    answered = _answered(case, transport)
    if not answered:
        return False
    silent = {o.check.port for o in case.having(State.FILTERED) if o.check.transport == transport}
    return bool(silent) and len(silent) + sum(map(_unheard, answered)) >= SIGNS


def _unheard(outcome: Outcome) -> int:
    """Fragments that are said to be lost may have left from a port that does not pass."""
    return len(_tried(outcome)) + SIGNS * bool(outcome.facts.get("fragments_lost"))


def _tried(outcome: Outcome) -> list[int]:
    """In vain."""
    ports = outcome.facts.get(UNANSWERED)
    return [port for port in ports if isinstance(port, int)] if isinstance(ports, list) else []


def _ports(case: Case, subject: Outcome, before: Mapping[int, list[bool]]) -> list[int]:
    """Of all kinds, and some of those that were not heard."""
    alike = [o for o in case.outcomes if o.check.transport == subject.check.transport]
    tried = list(dict.fromkeys(port for o in alike for port in _tried(o) if port not in before))
    suspects = _usable(case, random.sample(tried, min(OF_TRIED, len(tried))))
    return [*suspects, *(before or (port for port in _of_all_kinds(case) if port not in suspects))]


def _of_all_kinds(case: Case) -> list[int]:
    return _usable(case, [port for low, high in BANDS for port in random.sample(range(low, high), OF_EACH)])


def _usable(case: Case, ports: list[int]) -> list[int]:
    allowed = (port for port in ports if port not in FORBIDDEN_SOURCE_PORTS)
    return [port for port in allowed if sockets.is_free(case.address, port, case.source_ip)]


async def _rounds(
    case: Case, subject: Outcome, ports: list[int], before: Mapping[int, list[bool]]
) -> dict[int, list[bool]]:
    """Ends as soon as several are lost of ports that are heard another time, or all behave alike: it is not the port.

    Where one is lost, the dead are asked more often: loss seldom takes all of so many.
    """
    seen: dict[int, list[bool]] = {port: list(before.get(port, ())) for port in ports}
    for number in range(ROUNDS + MORE_ROUNDS):
        again = [p for p, times in seen.items() if (len(times) <= number if number < ROUNDS else not any(times))]
        for port, times in (await _round(case, subject, again)).items():
            seen[port] += times
        alike = len({any(times) for times in seen.values()}) < 2
        if alike or _lost(seen) > MOST_LOST or (number + 1 == ROUNDS and not _lost(seen)):
            break
    return seen


async def _round(case: Case, subject: Outcome, ports: list[int]) -> dict[int, list[bool]]:
    """Who was asked first is listened to until the last one has been: what is late is not lost."""
    loop, pacer = asyncio.get_running_loop(), Pacer(PER_SECOND)
    wait_s = _wait_s(case, subject)
    until = loop.time() + len(ports) / PER_SECOND + wait_s

    async def one(port: int) -> bool:
        await pacer.turn()
        async with case.sockets:
            return await _heard(case, subject, port, max(wait_s, until - loop.time()))

    shuffled = random.sample(ports, len(ports))
    return dict(zip(shuffled, [[was] for was in await asyncio.gather(*map(one, shuffled))], strict=True))


def _lost(seen: Mapping[int, list[bool]]) -> int:
    """Tries without an answer, of ports that had one another time."""
    return sum(times.count(False) for times in seen.values() if any(times))


async def _heard(case: Case, subject: Outcome, port: int, wait_s: float) -> bool:
    to = subject.check.port
    assert to is not None
    if subject.check.transport == "tcp":
        hop = await hops.send_tcp(case.address, to, FULL_LIFE, wait_s, case.source_ip, port)
    else:
        datagram = case.page.datagram(subject)
        hop = await hops.send_udp(case.address, to, datagram, FULL_LIFE, wait_s, case.source_ip, port)
    return hop.fate is Fate.ANSWERED


def _wait_s(case: Case, subject: Outcome) -> float:
    """A connection is answered by the host's kernel, a datagram by a program that takes its time."""
    if subject.check.transport == "tcp" or subject.latency_ms is None:
        return case.wait_s
    return max(case.wait_s, min(LONGEST_WAIT_S, 0.25 + 2 * subject.latency_ms / 1000))
