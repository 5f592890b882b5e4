"""`portcheck listen`: opens the ports that it can have, names who has the others, and answers until told to end."""

from __future__ import annotations

import asyncio
import errno
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import field

from portcheck.frozen import dataclass
from portcheck.server.certificate import Identity, identity
from portcheck.server.controller.record import Certificate
from portcheck.server.listener import privileges, services
from portcheck.server.listener.limits import Contact, Limits
from portcheck.server.listener.ports import WantedPort
from portcheck.server.listener.watermarked import Listener
from portcheck.server.server import Post, hang_up, open_post
from portcheck.wire import watermark

UNPRIVILEGED = "not allowed: ports below 1024 need root here, or other ports (--ports-from)"
RESERVED = "not allowed by Windows: it may have set the port aside (netsh int ipv4 show excludedportrange tells)"
OwnerOf = Callable[[str, int, str], str | None]
"""Who holds a port (address, port, `tcp` or `udp`), in words; None where nobody is seen."""


@dataclass(frozen=True, slots=True)
class ListenOrder:
    """What to open, where, and under which names."""

    wanted: tuple[WantedPort, ...]
    addresses: tuple[str, ...]
    host: str
    domain: str = ""
    for_s: float | None = None
    profiles: tuple[str, ...] = ()  # whose needs these are: for the words that tell how to ask
    roles: tuple[str, ...] = ()  # what it is to them beside a domain controller
    selected: tuple[str, ...] = ()  # the flags that chose among their services, as they were given


@dataclass(frozen=True, slots=True)
class Opened:
    """It listens here."""

    wanted: WantedPort
    address: str


@dataclass(frozen=True, slots=True)
class Missed:
    """It does not listen here, and why."""

    wanted: WantedPort
    address: str
    why: str


@dataclass(frozen=True, slots=True)
class Ready:
    """Everything that can be had is open."""

    opened: tuple[Opened, ...]
    missed: tuple[Missed, ...]
    became: str | None = None  # the user it went on as, where it was root
    stayed: str = ""  # why it is still root


@dataclass(slots=True)
class Listening:
    """A listener that was told to begin; `stop` ends it."""

    order: ListenOrder
    tell: Callable[[Ready | Contact], None]
    owner_of: OwnerOf
    limits: Limits = field(init=False)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    drops: bool = True  # root's rights, once the ports are open

    def __post_init__(self) -> None:
        self.limits = Limits(self.tell)

    async def run(self) -> Ready:
        """Until stopped, or for as long as ordered; at once where nothing could be opened."""
        async with AsyncExitStack() as stack:
            talking: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
            stack.push_async_callback(hang_up, talking)
            ready = await self._open(talking, stack)
            self.tell(ready)
            if ready.opened:
                await self._until_done()
            return ready

    async def _until_done(self) -> None:
        try:
            async with asyncio.timeout(self.order.for_s):
                await self.stop.wait()
        except TimeoutError:
            return

    async def _open(self, talking: dict[asyncio.Task[None], asyncio.StreamWriter], stack: AsyncExitStack) -> Ready:
        opened: list[Opened] = []
        missed: list[Missed] = []
        shown = identity(self.order.host, Certificate.VALID, issuer=watermark.NAME)
        for address in self.order.addresses:
            own = Listener(self.order.host, self.order.domain)
            for wanted in self.order.wanted:
                post = self._post(wanted, address, own, shown)
                try:
                    await open_post(post, self.limits, talking, stack)
                except OSError as error:
                    missed.append(Missed(wanted, address, _why(error, post, self.owner_of)))
                    continue
                opened.append(Opened(wanted, address))
                own.offered.add(wanted.name)
                own.rpc_ports += [wanted.port] if wanted.service == services.DYNAMIC else []
        became, stayed = None, ""
        if opened and self.drops:
            warm_up()
            try:
                became = privileges.drop()
            except (OSError, KeyError) as error:
                stayed = str(error)
        return Ready(tuple(opened), tuple(missed), became, stayed)

    def _post(self, wanted: WantedPort, address: str, own: Listener, shown: Identity | None) -> Post:
        order = self.order
        ports = {each.service: each.port for each in order.wanted}
        context = shown.context if shown is not None else None
        spoken = services.voice(wanted.service, wanted.port, services.Part(own, order.addresses, ports, context))
        return Post(wanted.service, address, wanted.port, spoken)


def _why(error: OSError, post: Post, owner_of: OwnerOf) -> str:
    """Windows forbids (10013) what is held for one program alone, where others say that it is in use."""
    used, forbidden = error.errno == errno.EADDRINUSE, error.errno in {errno.EACCES, errno.EPERM}
    if used or (forbidden and sys.platform == "win32"):
        owner = owner_of(post.address, post.port, post.service.rpartition("/")[2])
        if owner or used:
            return f"taken by {owner or 'another program'}"
    if forbidden and sys.platform == "win32":
        return RESERVED
    if forbidden:
        return UNPRIVILEGED if post.port < 1024 else "not allowed by this machine"
    if error.errno == errno.EADDRNOTAVAIL:
        return "no address of this machine"
    return (error.strerror or "cannot be opened").lower()


def warm_up() -> None:
    """Load now what would be loaded at the first question: the user it goes on as may not read it any more."""
    import dns.message

    for codec in ("cp437", "utf-16-le", "latin-1", "idna", "punycode"):
        "warm".encode(codec)
    own = Listener("warm.up.invalid", "up.invalid")
    for record in ("SRV", "A", "AAAA", "NS", "SOA", "TXT", "PTR"):
        name = "_ldap._tcp.up.invalid" if record == "SRV" else "up.invalid"
        question = dns.message.make_query(name, record, use_edns=0).to_wire()
        voice = services.voice("dns/udp", 53, services.Part(own, ("127.0.0.1", "::1")))
        dns.message.from_wire(voice.answer(question))
