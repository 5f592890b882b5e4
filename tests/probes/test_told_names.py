"""A controller that calls itself by what is no name: the answer stands, the name is told and never asked."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from net.servers import Habit, tcp, udp
from patience import PATIENT
from wire.test_told_names import EVIL

from portcheck.asking.engine import Engine
from portcheck.config import ForestSpec
from portcheck.model import Check, Facts, Lookup, Outcome, State
from portcheck.net import own_names
from portcheck.net.dns import Names
from portcheck.net.timeouts import Timeouts
from portcheck.net.tls import contexts
from portcheck.probes import registry
from portcheck.probes.probe import Subject
from portcheck.run.search import Search
from portcheck.targets.checks import Target
from portcheck.targets.srv import Discovery, srv_targets
from portcheck.wire import ldap, netlogon, rpc
from portcheck.wire.compressed_names import NamePacker
from portcheck.wire.netlogon import NetlogonReply, Opcode, PingRequest
from portcheck.wire.rootdse import ACTIVE_DIRECTORY

HERE, NAME = "127.0.0.1", "dc1.alpha.test"
NAMES = [name for name in EVIL if name and len(name) < 1000]


def engine() -> Engine:
    return Engine(PATIENT, notify=lambda _: None)


def check(service: str, transport: str, port: int) -> Check:
    return Check("alpha.test", NAME, HERE, service, transport, port)


class Raw(NamePacker):
    """Writes a name as one label, whatever is in it, as no honest server does."""

    def add(self, name: str) -> None:
        raw = name.encode("utf-8", "surrogatepass")[:63]
        self.data += (bytes([len(raw)]) + raw if raw else b"") + b"\0"


def rootdse(name: str) -> bytes:
    told = {"dnsHostName": name, "supportedCapabilities": ACTIVE_DIRECTORY, "defaultNamingContext": f"DC={name}"}
    rows = tuple((key, (value.encode("utf-8", "surrogatepass"),)) for key, value in told.items())
    return ldap.SearchEntry(1, attributes=rows).pack() + ldap.SearchDone(1).pack()


def saying(answer: bytes) -> Habit:
    async def habit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        writer.write(answer)
        await writer.drain()
        await reader.read(4096)

    return habit


@pytest.mark.parametrize("name", [name for name in NAMES if len(name) < 64], ids=lambda name: ascii(name)[:40])
async def test_an_evil_name_in_the_ping_is_a_fact_and_no_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portcheck.wire.netlogon_reply.NamePacker", Raw)
    reply = NetlogonReply(Opcode.LOGON_EX, forest=name, domain=name, host=name, netbios_host="DC1")

    def answer(data: bytes, _: int) -> bytes:
        return netlogon.pack_ping(PingRequest.unpack(data).message_id, reply)

    async with udp(answer) as (port, _):
        outcome = await engine().run(check("ldap-ping", "udp", port), Subject(NAME))
    assert outcome.state is State.OK, outcome.reason
    assert not {"domain", "forest", "dns_host_name"} & outcome.facts.keys()
    told = outcome.facts["no_names"]
    assert isinstance(told, dict)
    assert all(text.isprintable() and len(text) <= 256 for text in told.values())


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:40])
async def test_an_evil_name_in_the_rootdse_costs_nothing(name: str) -> None:
    async with tcp(saying(rootdse(name))) as port:
        outcome = await engine().run(check("ldap", "tcp", port), Subject(NAME, start_tls=False))
    assert outcome.state is State.OK, outcome.reason
    assert "dns_host_name" not in outcome.facts


@pytest.mark.parametrize("service", sorted(registry.PROBES))
async def test_no_probe_fails_of_itself_over_any_name(service: str) -> None:
    """Even past the door: whatever stands in the place of a name, the outcome is what was seen of the server."""
    transport = "udp" if service in {"time", "ldap-ping", "netbios-ns", "udp"} else "tcp"

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)

    for name in NAMES[:12] if transport == "udp" else NAMES:
        subject = Subject(name, name, name, ports=(1,), wanted=("rpc-samr",), start_tls=False, interface=rpc.NDR)
        if transport == "tcp":
            async with tcp(hang_up) as port:
                outcome = await registry_run(service, transport, port, subject)
        else:
            async with udp(lambda *_: b"\0") as (port, _):
                outcome = await registry_run(service, transport, port, subject)
        assert outcome.state is not State.ERROR, (ascii(name), outcome.reason, outcome.evidence)


async def registry_run(service: str, transport: str, port: int, subject: Subject) -> Outcome:
    from portcheck.asking import engine as engine_

    little = replace(check(service, transport, port))
    made = Engine(Timeouts(0.05, 0.2, 1), notify=lambda _: None)
    net = made.net(HERE, engine_.Timeline())
    return await engine_.once(registry.PROBES[service], little, net, replace(subject, ports=(port,)))


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:40])
def test_a_record_that_leads_to_no_name_leads_nowhere(name: str) -> None:
    lookup = Lookup("_ldap._tcp.alpha.test", "SRV", "system", "ok", (f"0 100 389 {name}", "0 100 389 dc2.alpha.test"))
    assert srv_targets(lookup) in (["dc2.alpha.test"], [name.lower().rsplit(" ", 1)[-1], "dc2.alpha.test"])
    assert name not in srv_targets(lookup)


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:40])
def test_a_name_that_no_client_hello_carries_is_left_out(name: str) -> None:
    assert contexts.hello_size(contexts.reaching(), name) > 0


async def test_a_name_with_a_nul_is_asked_of_the_system_without_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    """getaddrinfo raises ValueError there: in a thread, where nobody would hear it."""
    heard: list[object] = []
    monkeypatch.setattr("threading.excepthook", heard.append)
    assert (await own_names.own_addresses("dc1\0.alpha.test", ["A"], 5.0)).addresses == ()
    assert heard == []


async def test_a_host_whose_ping_names_nonsense_keeps_the_name_that_it_was_asked_by() -> None:
    asked: list[Target] = []

    async def ask(places: Any, found: Discovery) -> None:
        asked.extend(places)

    async def introduce(_: Target) -> Facts:
        return {"no_names": {"dns_host_name": "a..b"}, "roles": ["kdc"]}

    world = SimpleNamespace(ask=ask, introduce=introduce)
    search = Search(ForestSpec("alpha.test"), Names(), ("A",), [], world, world, world)  # type: ignore[arg-type]
    await search._ask_candidate(HERE, Discovery(), by_name=True)
    assert [place.host for place in asked] == ["alpha.test"]
    assert socket.inet_aton(str(asked[0].address))
