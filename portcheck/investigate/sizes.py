"""Does a silent datagram port answer in short? Then it is not blocked: what is longer is lost, to it or from it.

The questions are of one kind and leave from one port, so that nothing differs but their size and that of the answer: a
rootDSE without attributes or with long ones, a Kerberos error that echoes a service's name of one byte or of many.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from portcheck.frozen import dataclass
from portcheck.investigate import source_ports
from portcheck.investigate.case import OTHER_SENDER, Case
from portcheck.model import Facts, Outcome, State
from portcheck.net.errors import NetError
from portcheck.net.network import Net, Network
from portcheck.net.timeouts import Timeouts
from portcheck.net.udp import AGAIN_AFTER_S
from portcheck.wire.kerberos import AsRequest, unpack_reply
from portcheck.wire.ldap import SearchRequest
from portcheck.wire.ldap_answer import SearchAnswer

KINDS = frozenset({"ldap-ping", "kerberos"})
ROUNDS = 3  # each from a port of its own
FEWEST = 2  # of which short answers came; of the long ones, none may have
LONGER = 250  # bytes
NAMING = ("defaultNamingContext", "configurationNamingContext", "schemaNamingContext", "rootDomainNamingContext")
UNKNOWN = "x" * LONGER  # no attribute of that name is known, and none is told (RFC 4511, 4.5.1.8)
NO_ATTRIBUTES = "1.1"  # RFC 4511, 4.5.1.8
NUMBER = 7


@dataclass(frozen=True, slots=True)
class SizedQuestions:
    """Questions of one kind: short, and answered so; long, and answered at length; long, and answered in short."""

    short: bytes
    long: bytes
    padded: bytes
    accept: Callable[[bytes], object]


@dataclass(frozen=True, slots=True)
class FromOnePort:
    """From one port: the size of the short answer; were the long one and that to the padded question heard?"""

    short: int | None
    long: bool = False
    padded: bool = False


async def of_datagrams(case: Case) -> None:
    """Of each silent datagram port of a host that lives."""
    if case.alive and not source_ports.told(case):
        silent = (o for o in case.silent_datagrams() if not any(key in o.facts for key in OTHER_SENDER))
        await asyncio.gather(*(_one(case, outcome) for outcome in silent))


def ahead(case: Case, outcome: Outcome) -> None:
    """Begin to ask in short while this datagram port still seems silent."""
    port, kind = outcome.check.port, _kind(case, outcome)
    if kind is not None and port is not None and port not in case.ahead.short:
        case.ahead.short[port] = asyncio.create_task(_in_short(case, outcome, kind))


async def _in_short(case: Case, outcome: Outcome, kind: SizedQuestions) -> bool:
    """Is anything heard of it, if it is asked so? No: whatever the size, nothing passes, or this cannot be asked."""
    with contextlib.suppress(NetError):
        return await _answered(_net(case), outcome, kind.short, kind) is not None
    return False


async def _one(case: Case, outcome: Outcome) -> None:
    kind = _kind(case, outcome)
    if kind is None:
        return
    begun = case.ahead.short.pop(outcome.check.port or 0, None)
    if not await (begun if begun is not None else _in_short(case, outcome, kind)):
        return
    try:
        rounds = await asyncio.gather(*(_round(case, outcome, kind) for _ in range(ROUNDS)))
    except NetError:
        return  # this machine could not ask, or it is no silence: nothing is compared
    _conclude(case, outcome, kind, rounds)


def _conclude(case: Case, outcome: Outcome, kind: SizedQuestions, rounds: Sequence[FromOnePort]) -> None:
    short = [one.short for one in rounds if one.short is not None]
    if len(short) < FEWEST:
        return
    if any(one.long for one in rounds):
        case.note(outcome, "size", "other questions are answered there, in short and at length: this one is not")
        return
    way = "from" if any(one.padded for one in rounds) else "to"
    words = f"{len(short)} of {ROUNDS} questions of {len(kind.short)} bytes were answered, with {max(short)}"
    told: Facts = {"long_datagrams_lost": way, "short_answer_bytes": max(short)}
    noted = case.note(outcome, "size", f"{words}; {LOST[way]}", **told)
    case.land(replace(noted, blocked_at=None))  # the port is not


LOST = {"from": "a longer answer never came", "to": f"a question of {LONGER} bytes more was never answered"}


def _kind(case: Case, outcome: Outcome) -> SizedQuestions | None:
    match outcome.check.service:
        case "ldap-ping":
            return SizedQuestions(
                _search(NO_ATTRIBUTES), _search(*NAMING, UNKNOWN), _search(UNKNOWN, NO_ATTRIBUTES),
                lambda data: SearchAnswer.unpack(data, NUMBER),
            )  # fmt: skip
        case "kerberos":
            usual = AsRequest.unpack(case.page.datagram(outcome))
            short, long = replace(usual, sname="x"), replace(usual, sname="x" * LONGER)
            return SizedQuestions(short.pack(), long.pack(), replace(short, padding=LONGER).pack(), unpack_reply)
        case _:
            return None


def _search(*attributes: str) -> bytes:
    return SearchRequest(NUMBER, attributes=attributes).pack()


def _net(case: Case) -> Net:
    return Net(case.address, Timeouts(_patience_s(case), _patience_s(case), 1), source_ip=case.source_ip)


def _patience_s(case: Case) -> float:
    return AGAIN_AFTER_S + case.wait_s


async def _round(case: Case, outcome: Outcome, kind: SizedQuestions) -> FromOnePort:
    async with case.sockets:
        net = _net(case)
        short = await _answered(net, outcome, kind.short, kind)
        if short is None:
            return FromOnePort(None)
        beside = net.aside(_patience_s(case), same_port=True)
        long = await _answered(beside, outcome, kind.long, kind) is not None
        return FromOnePort(short, long, not long and await _answered(beside, outcome, kind.padded, kind) is not None)


async def _answered(net: Network, outcome: Outcome, question: bytes, kind: SizedQuestions) -> int | None:
    """The size of the answer; None for silence. Raises NetError for anything else."""
    to = outcome.check.port
    assert to is not None
    try:
        return (await net.udp(to, lambda _: question, kind.accept)).size
    except NetError as fault:
        if fault.state is not State.FILTERED:
            raise
        return None
