"""The lines of a forecast and what they cost.

Counted are the packets that this machine sends to ask: TCP connection requests (SYN) with the kernel's repeats of them,
segments that carry a question, datagrams (fragment by fragment on an MTU of 1500), packets with a short life. Not
counted is what the kernel adds while a conversation goes on: bare acknowledgements, and the closing (FIN, RST). Bytes
are the questions' own, without any header.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import field
from enum import StrEnum

from portcheck.frozen import dataclass
from portcheck.probes.probe import Question

SEGMENT = 1448  # bytes of TCP data in a whole Ethernet frame, with timestamps
FRAGMENT = 1480  # bytes of IP data in a whole Ethernet frame
UDP_HEADER = 8


class LineKind(StrEnum):
    """What a line is about."""

    DISCOVERY = "discovery"
    CHECK = "check"
    ROLES = "roles"  # asked beside the checks, to know what a host offers
    SECOND_LOOK = "second-look"


@dataclass(frozen=True, slots=True)
class Cost:
    """Packets, the bytes of the questions in them, and TCP connections begun."""

    packets: int = 0
    bytes: int = 0
    connections: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.packets + other.packets, self.bytes + other.bytes, self.connections + other.connections)

    def __mul__(self, times: int) -> Cost:
        return Cost(self.packets * times, self.bytes * times, self.connections * times)


def total(costs: Iterable[Cost]) -> Cost:
    return sum(costs, Cost())


def by_tcp(question: Question) -> Cost:
    return Cost(math.ceil(question.size / SEGMENT), question.size)


def by_udp(question: Question) -> Cost:
    return Cost(math.ceil((question.size + UDP_HEADER) / FRAGMENT), question.size)


@dataclass(frozen=True, slots=True)
class ForecastLine:
    """One question to one place, with its price in three cases."""

    kind: LineKind
    forest: str
    host: str
    address: str | None
    service: str
    transport: str
    port: int | None
    questions: tuple[Question, ...] = ()
    answered: Cost = field(default_factory=Cost)  # everything answers at once
    silent: Cost = field(default_factory=Cost)  # nothing answers at all
    at_most: Cost = field(default_factory=Cost)  # whatever happens
    need: str = ""
    purpose: str = ""
    operations: tuple[str, ...] = ()
    document: str = ""
    when: str = ""  # it is sent only then
    each: bool = False  # for each domain controller that DNS names; how many is not known


@dataclass(frozen=True, slots=True)
class Forecast:
    """All lines, and the words that belong to them."""

    lines: tuple[ForecastLine, ...]
    notes: tuple[str, ...] = ()

    @property
    def known(self) -> tuple[ForecastLine, ...]:
        return tuple(line for line in self.lines if not line.each)

    @property
    def each(self) -> tuple[ForecastLine, ...]:
        return tuple(line for line in self.lines if line.each)
