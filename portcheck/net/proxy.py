"""An endpoint known by its name: at the first of its addresses that takes the connection, or through a proxy."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import field, replace
from typing import TypeVar

from portcheck.frozen import dataclass
from portcheck.model import BlockedAt, Facts, Stage, State
from portcheck.model.target import Route
from portcheck.net import http, socks
from portcheck.net.errors import NetError
from portcheck.net.http import HttpAnswer
from portcheck.net.network import Net, Network
from portcheck.net.stream import Stream
from portcheck.net.timeline import Timeline
from portcheck.net.timeouts import Timeouts
from portcheck.net.udp import Datagram

T = TypeVar("T")

MOST_ADDRESSES = 3
BRIEF = Timeouts(connect_s=2.0, answer_s=10.0, attempts=2)  # for the addresses after the first
BRIEF_ASIDE = Timeouts(connect_s=2.0, answer_s=2.0, attempts=1)
UNUSED_PORT = 1  # tcpmux: no service of these days
NEEDS_CREDENTIALS = 407
CANNOT = range(500, 600)
SCHEMES = 6


@dataclass(slots=True)
class Reach:
    """The network as a probe sees it, for one endpoint."""

    host: str
    route: Route
    net: Net  # its address does not matter
    taken: str = ""  # the address that took a connection before
    trail: Timeline = field(init=False)

    def __post_init__(self) -> None:
        self.trail = self.net.trail

    async def tcp(self, port: int) -> Stream:
        """A stream to the endpoint; through a proxy, a tunnel: CONNECT (RFC 9110, 9.3.6) or SOCKS. Raises NetError."""
        if self.route.direct:
            return await self._connected(port)
        if self.route.socks:
            return await self._by_socks(port)
        stream = await self.to_proxy()
        where = f"{self.host}:{port}"
        try:
            answer = await http.ask(stream, "CONNECT", where, where, self.credentials())
        except NetError as fault:
            stream.close()
            fault.reason = f"the proxy {self.route.proxy}: {fault.reason}"
            raise
        except BaseException:
            stream.close()
            raise
        self.trail.facts["proxy_status"] = answer.status
        if not 200 <= answer.status < 300:
            stream.close()
            raise self.refusal(answer)
        self.trail.head = b""  # what comes now is the endpoint's
        self.trail.note("tunnel", f"the proxy answered HTTP {answer.status}: the tunnel stands")
        return stream

    async def _by_socks(self, port: int) -> Stream:
        """What the proxy grants, it may have granted unseen: whether anything is there, only its first byte shows."""
        self.trail.facts["proxy_scheme"] = self.route.scheme
        try:
            stream = await self.to_proxy()
        except NetError as fault:  # nothing was asked of the endpoint
            fault.facts["local_fault"] = True
            raise NetError(State.ERROR, fault.reason, Stage.CONNECT, fault.blocked_at, fault.facts) from None
        try:
            far = self.route.far or self.host
            await socks.tunnel(stream, self.route.proxy, far, port, self.route.credentials, self.taken)
        except NetError as fault:
            stream.close()
            if "the proxy" not in fault.reason:
                fault.reason = f"the proxy {self.route.proxy}: {fault.reason}"
            raise
        except BaseException:
            stream.close()
            raise
        self.trail.facts["socks_granted"] = True
        self.trail.head = b""  # what comes now is the endpoint's
        self.trail.latency_ms = None  # so far it is the proxy's
        self.trail.note("tunnel", "the SOCKS proxy granted the connection")
        return stream

    async def grants_unseen(self) -> bool:
        """Whether a SOCKS proxy says yes to a port that nobody uses as well: then its yes is worth nothing."""
        if not self.route.socks:
            return False
        beside = Reach(self.host, self.route, replace(self.net, patience=BRIEF_ASIDE, trail=Timeline()), self.taken)
        try:
            with await beside.tcp(UNUSED_PORT):
                return True
        except NetError:
            return False

    async def to_proxy(self) -> Stream:
        """A stream to the proxy itself, for a request in clear (RFC 9112, 3.2.2)."""
        self.trail.facts["proxy"] = self.route.proxy
        try:
            return await self._connected(self.route.proxy_port)
        except NetError as fault:
            fault.facts["proxy_reached"] = False
            fault.reason = f"the proxy {self.route.proxy}: {fault.reason}"
            raise

    def credentials(self) -> http.Headers:
        if not self.route.credentials:
            return ()
        word = base64.b64encode(self.route.credentials.encode()).decode("ascii")
        return (("Proxy-Authorization", f"Basic {word}"),)

    def refusal(self, answer: HttpAnswer) -> NetError:
        """The proxy's own no: it asks for credentials, cannot reach the endpoint, or does not allow it."""
        said = f"HTTP {answer.status} {answer.reason}".strip()
        by = BlockedAt(by=self.taken)
        facts: Facts = {"proxy_status": answer.status}
        if answer.status == NEEDS_CREDENTIALS:
            schemes = [scheme for value in answer.all("Proxy-Authenticate") if (scheme := value.split(" ")[0])]
            schemes = list(dict.fromkeys(schemes))[:SCHEMES]
            facts["proxy_authentication"] = schemes
            wanted = f" ({', '.join(schemes)})" if schemes else ""
            reason = f"the proxy {self.route.proxy} asks for credentials{wanted}: {said}"
            return NetError(State.REJECTED, reason, Stage.CONNECT, by, facts)
        if answer.status in CANNOT:
            reason = f"the proxy {self.route.proxy} does not reach it: {said}"
            return NetError(State.UNREACHABLE, reason, Stage.CONNECT, by, facts)
        return NetError(State.REJECTED, f"the proxy {self.route.proxy} refuses: {said}", Stage.CONNECT, by, facts)

    async def udp(self, port: int, request: Callable[[int], bytes], accept: Callable[[bytes], T]) -> Datagram[T]:
        del port, request, accept
        raise NetError(State.ERROR, "nothing is asked over UDP of an endpoint that is known by its name")

    def aside(self, patience_s: float, *, same_port: bool = False) -> Network:
        del same_port  # only datagrams leave from a port that matters
        patience = Timeouts(patience_s, patience_s, 2)
        return Reach(self.host, self.route, replace(self.net, patience=patience, trail=Timeline()), self.taken)

    def twin(self) -> Network:
        """The same in everything but the timeline."""
        return Reach(
            self.host, self.route, replace(self.net, trail=Timeline(started=self.net.trail.started)), self.taken
        )

    async def _connected(self, port: int) -> Stream:
        """The addresses one after the other: a client would turn to the next as well."""
        addresses = self.route.addresses[:MOST_ADDRESSES]
        if not addresses:
            name = self.host if self.route.direct else "its name"
            raise NetError(State.UNRESOLVED, f"{name} has no address", Stage.RESOLVE)
        first: NetError | None = None
        failed: list[str] = []
        for address in dict.fromkeys((self.taken, *addresses) if self.taken else addresses):
            patience = BRIEF if failed else self.net.patience
            try:
                stream = await replace(self.net, address=address, patience=patience).tcp(port)
            except NetError as fault:
                first = first or fault
                failed.append(address)
                self.trail.note("address", f"{address}: {fault.reason}")
                continue
            self.taken = address
            self.trail.facts["peer_address"] = address
            if failed:
                self.trail.facts["addresses_failed"] = failed
            return stream
        assert first is not None
        first.facts["peer_address"] = failed[0]
        raise first
