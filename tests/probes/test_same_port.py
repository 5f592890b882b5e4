"""Only some of this machine's ports get through: no fault of the question is made of that, and a real one is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import dns.message
import pytest
from probes.asking import controller

from portcheck.asking.engine import Engine
from portcheck.model import Check, Outcome, State
from portcheck.net import udp
from portcheck.net.timeouts import Timeouts
from portcheck.probes import dns as dns_probe
from portcheck.probes import fragments
from portcheck.probes.probe import Subject
from portcheck.wire import kerberos

Passes = Callable[[bytes], bool]


class ByPort(asyncio.DatagramProtocol):
    """Hears only some of the ports that ask, by the order in which they do, and of those what passes."""

    def __init__(self, alive: set[int], passes: Passes, answer: Callable[[bytes], bytes]) -> None:
        self.alive, self.passes, self.answer = alive, passes, answer
        self.ports: list[int] = []

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if addr[1] not in self.ports:
            self.ports.append(addr[1])
        if self.ports.index(addr[1]) in self.alive and self.passes(data):
            self.transport.sendto(self.answer(data), addr)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for where, name, value in (
        (udp, "AGAIN_AFTER_S", 0.05), (udp, "FRESH_AFTER_S", 0.1),
        (dns_probe, "ASIDE_S", 0.5), (fragments, "PATIENCE_S", 0.5),
    ):  # fmt: skip
        monkeypatch.setattr(where, name, value)


async def asked(service: str, server: ByPort) -> Outcome:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: server, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    check = Check("alpha.test", controller().host, "127.0.0.1", service, "udp", port, domain="alpha.test")
    outcome = await Engine(Timeouts(connect_s=60.0), notify=lambda _: None).run(
        check, Subject(controller().host, "alpha.test")
    )
    transport.close()
    assert outcome.state is State.OK, outcome.reason
    return outcome


def no_records(data: bytes) -> bytes:
    return dns.message.make_response(dns.message.from_wire(data)).to_wire()


def no_such_user(_: bytes) -> bytes:
    return kerberos.KrbError(kerberos.ErrorCode(6), realm="ALPHA.TEST", sname="krbtgt/ALPHA.TEST").pack()


PLAIN: dict[str, tuple[Passes, str | None]] = {
    "all pass": (lambda _: True, None),
    "none with EDNS": (lambda data: dns.message.from_wire(data).edns < 0, "dropped"),
    "none for more than 512 bytes": (lambda data: dns.message.from_wire(data).payload <= 512, "large"),
}


@pytest.mark.parametrize("what", PLAIN)
async def test_what_another_port_was_told_without_edns_is_no_trouble_with_edns(what: str) -> None:
    passes, told = PLAIN[what]
    outcome = await asked("dns", ByPort({1}, passes, no_records))
    assert outcome.facts.get("edns_trouble") == told


SIZES: dict[str, tuple[Passes, str, str]] = {
    "all pass": (lambda _: True, "fragments_pass", "to"),
    "no large ones": (lambda data: len(data) < 1500, "fragments_lost", "to"),
}


@pytest.mark.parametrize("what", SIZES)
async def test_ports_that_are_not_heard_are_no_lost_fragments(what: str) -> None:
    passes, key, way = SIZES[what]
    outcome = await asked("kerberos", ByPort({0, 3}, passes, no_such_user))
    told = {key: outcome.facts[key] for key in ("fragments_pass", "fragments_lost") if key in outcome.facts}
    assert told == {key: way}


class Late(ByPort):
    """Answers the first port once it hears of a second."""

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if addr[1] in self.ports:
            return
        self.ports.append(addr[1])
        if len(self.ports) == 1:
            self.first = data, addr
        else:
            self.transport.sendto(self.answer(self.first[0]), self.first[1])


async def test_the_port_that_was_answered_is_told() -> None:
    server = Late(set(), lambda _: True, no_records)
    outcome = await asked("dns", server)
    facts = outcome.facts
    assert (facts["local_port"], facts["source_ports_unanswered"]) == (server.ports[0], server.ports[1:])
    assert facts["source_ports"] == server.ports
