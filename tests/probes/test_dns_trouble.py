"""DNS over UDP through a device that drops what it does not know: each kind of drop is told from the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import dns.message
import pytest

from portcheck.asking.engine import Engine
from portcheck.model import Check, State
from portcheck.net.timeouts import Timeouts
from portcheck.probes import dns as probe
from portcheck.probes.probe import Subject

Drops = Callable[[dns.message.Message], bool]
DROPS: dict[str | None, Drops] = {
    None: lambda _: False,
    "dropped": lambda question: question.edns >= 0,
    "large": lambda question: question.edns >= 0 and question.payload > 512,
}


class Server(asyncio.DatagramProtocol):
    """Answers what is not dropped on the way."""

    def __init__(self, drops: Drops) -> None:
        self.drops = drops

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        question = dns.message.from_wire(data)
        if not self.drops(question):
            self.transport.sendto(dns.message.make_response(question).to_wire(), addr)


@pytest.mark.parametrize("trouble", DROPS)
async def test_what_is_dropped_is_told(monkeypatch: pytest.MonkeyPatch, trouble: str | None) -> None:
    monkeypatch.setattr(probe, "ASIDE_S", 0.3)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: Server(DROPS[trouble]), local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    check = Check("alpha.test", "dc1.alpha.test", "127.0.0.1", "dns", "udp", port, domain="alpha.test")
    subject = Subject("dc1.alpha.test", "alpha.test")
    outcome = await Engine(Timeouts(connect_s=3.0, attempts=2), notify=lambda _: None).run(check, subject)
    transport.close()
    assert (outcome.state, outcome.facts.get("edns_trouble")) == (State.OK, trouble)
