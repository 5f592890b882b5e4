"""The door of `portcheck listen`: tells first contacts, and keeps strangers from using it against itself or others.

Datagrams are answered sparingly (a source may be forged, and its owner the victim), connections are few at a time.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import field
from ipaddress import IPv6Address, ip_network

from portcheck.frozen import dataclass
from portcheck.server.admission import Visitor
from portcheck.server.listener.services import allowance

DATAGRAMS_A_SECOND, BURST = 20.0, 100.0  # answered to one source
ALL_A_SECOND, ALL_BURST = 400.0, 800.0  # answered to all sources together
CONNECTIONS, ALL_CONNECTIONS = 64, 400  # at once, of one source and of all; a selector of Windows holds 512
MOST_SOURCES = 4096  # remembered for their rate; the longest unheard is forgotten
MOST_CONTACTS = 4096  # told one by one
MOST_COUNTED = 1024  # sources whose refusals are counted


@dataclass(slots=True)
class Bucket:
    """Tokens that come back with time (a token bucket)."""

    left: float
    at: float

    def take(self, now: float, a_second: float, burst: float) -> bool:
        self.left = min(burst, self.left + (now - self.at) * a_second)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody came to a service for the first time."""

    source: str
    service: str
    local_address: str
    local_port: int


@dataclass(slots=True)
class Limits:
    """A door with a memory of bounded size."""

    tell: Callable[[Contact], None]
    clock: Callable[[], float] = time.monotonic
    contacts: dict[tuple[str, str, int], Contact] = field(default_factory=dict)
    untold: int = 0  # first contacts beyond what is remembered
    refused: dict[str, int] = field(default_factory=dict)  # by source: connections and datagrams beyond the limits
    kept_short: int = 0  # answers that would have been too long for their question
    _rates: OrderedDict[str, Bucket] = field(default_factory=OrderedDict)
    _all: Bucket | None = None
    _open: dict[str, int] = field(default_factory=dict)

    def admits(self, visitor: Visitor) -> bool:
        self._meet(visitor)
        source = network_of(visitor.address)
        good = self._datagram(source) if visitor.service.endswith("/udp") else self._connection(source)
        if not good and (visitor.address in self.refused or len(self.refused) < MOST_COUNTED):
            self.refused[visitor.address] = self.refused.get(visitor.address, 0) + 1
        return good

    def left(self, visitor: Visitor) -> None:
        source = network_of(visitor.address)
        self._open[source] -= 1
        if not self._open[source]:
            del self._open[source]

    def fits(self, question: bytes, answer: bytes) -> bool:
        good = len(answer) <= allowance(question)
        self.kept_short += not good
        return good

    def _meet(self, visitor: Visitor) -> None:
        key = (visitor.address, visitor.service, visitor.local_port)
        if key in self.contacts:
            return
        if len(self.contacts) >= MOST_CONTACTS:
            self.untold += 1
            return
        self.contacts[key] = Contact(visitor.address, visitor.service, visitor.local_address, visitor.local_port)
        self.tell(self.contacts[key])

    def _connection(self, source: str) -> bool:
        if self._open.get(source, 0) >= CONNECTIONS or sum(self._open.values()) >= ALL_CONNECTIONS:
            return False
        self._open[source] = self._open.get(source, 0) + 1
        return True

    def _datagram(self, source: str) -> bool:
        now = self.clock()
        self._all = self._all or Bucket(ALL_BURST, now)
        bucket = self._rates.pop(source, None) or Bucket(BURST, now)
        self._rates[source] = bucket
        if len(self._rates) > MOST_SOURCES:
            self._rates.popitem(last=False)
        # the source's own first: a single loud one must not spend what is there for all
        return bucket.take(now, DATAGRAMS_A_SECOND, BURST) and self._all.take(now, ALL_A_SECOND, ALL_BURST)


def network_of(address: str) -> str:
    """What counts as one source: an IPv4 address, or the /64 that a single machine may choose from."""
    if ":" not in address:
        return address
    bare = address.partition("%")[0]
    return str(ip_network((int(IPv6Address(bare)), 64), strict=False))
