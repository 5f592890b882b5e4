"""`Net`: the one seam between probes and the network; tests give probes a twin of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field, replace
from typing import Protocol, TypeVar

from portcheck.frozen import dataclass
from portcheck.net.connect import connect
from portcheck.net.pacing import Pacer
from portcheck.net.pulse import Pulse
from portcheck.net.stream import Stream
from portcheck.net.timeline import Timeline
from portcheck.net.timeouts import Timeouts
from portcheck.net.udp import Datagram, ask

T = TypeVar("T")


class Network(Protocol):
    """What a probe may do."""

    trail: Timeline

    async def tcp(self, port: int) -> Stream: ...

    async def udp(self, port: int, request: Callable[[int], bytes], accept: Callable[[bytes], T]) -> Datagram[T]: ...

    def aside(self, patience_s: float, *, same_port: bool = False) -> Network: ...

    def twin(self) -> Network: ...


@dataclass(slots=True)
class Net:
    """The real network, for one check to one address."""

    address: str
    patience: Timeouts = field(default_factory=Timeouts)
    repeats: Pacer = field(default_factory=lambda: Pacer(20.0, window_s=1.2))
    source_ip: str | None = None
    trail: Timeline = field(default_factory=Timeline)
    segment: int | None = None  # largest TCP segment to agree to, in bytes
    loose: bool = False  # take datagrams from any address
    tcp_pulse: Pulse = field(default_factory=Pulse)  # of all connections to this host
    udp_pulse: Pulse = field(default_factory=Pulse)  # of the services that the same program answers there
    from_port: int = 0  # of its datagrams; 0 for any
    nearest_ttl: int | None = None  # once connected, hear only what arrives with at least this TTL (Linux)

    def aside(self, patience_s: float, *, same_port: bool = False) -> Network:
        """The same host with less patience and a timeline of its own, for a question beside the check's.

        `same_port`: its datagrams leave from the port that was answered. What differs then is the question alone:
        maybe only some of this machine's ports get through.
        """
        patience, port = Timeouts(patience_s, patience_s, 2), self.trail.facts.get("local_port")
        from_port = port if same_port and isinstance(port, int) else 0
        return replace(self, patience=patience, trail=Timeline(), from_port=from_port)

    def twin(self) -> Network:
        """The same in everything but the timeline, whose clock has started already."""
        return replace(self, trail=Timeline(started=self.trail.started))

    async def tcp(self, port: int) -> Stream:
        """A connected stream; its conversation has the answer's patience. Raises NetError."""
        return await connect(self.address, port, self)

    async def udp(self, port: int, request: Callable[[int], bytes], accept: Callable[[bytes], T]) -> Datagram[T]:
        """Ask over UDP until a datagram is accepted. `request(n)` packs the n-th try (from 0).

        `accept` parses a datagram and raises for a foreign one. Raises NetError.
        """
        return await ask(
            self.address,
            port,
            request,
            accept,
            self.patience,
            self.repeats,
            self.trail,
            self.source_ip,
            self.udp_pulse,
            loose=self.loose,
            from_port=self.from_port,
        )
