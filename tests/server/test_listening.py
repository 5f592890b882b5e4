"""`portcheck listen` on loopback: every probe proves its path, and nobody takes it for what it stands in for."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import AsyncExitStack

import dns.flags
import dns.message
import pytest
from server.listeners import EVERY, OFFSET, RPC, an_address, ask, everything, listening
from server.talking import Talk, datagram

from portcheck.catalogue.profiles import built_in
from portcheck.catalogue.services import services
from portcheck.model import State
from portcheck.probes.probe import Subject
from portcheck.probes.proof import REASON
from portcheck.probes.registry import PROBES
from portcheck.server.listener.limits import CONNECTIONS
from portcheck.server.listener.ports import WantedPort
from portcheck.server.listener.services import DYNAMIC, Part, allowance, voice
from portcheck.server.listener.watermarked import Listener
from portcheck.wire import WireError, http, kerberos, ldap, netlogon, ntp, tds, watermark
from portcheck.wire.kerberos import AsRequest
from portcheck.wire.netlogon import PingRequest
from portcheck.wire.rootdse import RootDse, rootdse_request

DATAGRAMS = {name: probe.datagram for name, probe in PROBES.items() if probe.datagram is not None}
ASKED = sorted(
    {w.service for w in everything() if w.service.partition("/")[0] in PROBES} | {"rpc-netlogon/tcp", "rpc-drsuapi/tcp"}
)


@pytest.mark.parametrize("domain", ["", "alpha.test", "elsewhere.example"])
async def test_every_probe_proves_its_path_and_claims_nothing_more(domain: str) -> None:
    async with listening(domain=domain) as (one, ready, _):
        assert ready.missed == ()
        outcomes = [await ask(one, service, domain="alpha.test") for service in ASKED]
    assert {(o.check.name, o.state, o.reason) for o in outcomes} == {(name, State.OK, REASON) for name in ASKED}
    assert {o.facts["answered_by"] for o in outcomes} == {watermark.NAME}
    claims = {"domain", "forest", "roles", "clock_skew_s", "dns_host_name", "vendor", "realm_proven", "stratum"}
    assert [o.check.name for o in outcomes if claims & set(o.facts)] == []


async def test_it_names_the_services_that_silence_can_be_held_against() -> None:
    gc = WantedPort("gc/tcp", 23268)
    async with (
        listening(WantedPort("ldap/tcp", 20389), gc) as (one, _, _),
        listening(gc, *everything("all")) as (all_, _, _),
    ):
        told = (await ask(one, "ldap/tcp")).facts, (await ask(all_, "smb/tcp")).facts
    every = ["adws", "dns", "gc", "gc-tls", "netbios-ns", "netbios-ssn", "time", "winrm"]
    assert [facts["stands_in_for"] for facts in told] == [["gc"], every]


async def test_the_mapper_leads_to_the_dynamic_ports_in_turn() -> None:
    async with listening() as (one, _, _):
        outcome = await ask(one, "rpc/tcp")
    assert outcome.facts["endpoints"] == {"rpc-netlogon": [RPC[0]], "rpc-samr": [RPC[0]]}


async def test_a_dynamic_port_that_is_taken_is_not_named() -> None:
    address = an_address()
    with socket.create_server((address, RPC[0])):
        async with listening(*everything(), address=address) as (one, ready, _):
            outcome = await ask(one, "rpc/tcp")
    assert [(each.wanted.service, each.wanted.port) for each in ready.missed] == [(DYNAMIC, RPC[0])]
    assert outcome.facts["endpoints"] == {"rpc-netlogon": [RPC[1]], "rpc-samr": [RPC[1]]}


async def test_ports_that_are_taken_are_told_and_the_rest_goes_on() -> None:
    address = an_address()
    with socket.create_server((address, OFFSET + 389)), socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.bind((address, OFFSET + 464))
        async with listening(*everything("mim"), address=address) as (one, ready, _):
            outcome = await ask(one, "kpasswd/tcp")
    assert {each.wanted.service for each in ready.missed} == {"ldap/tcp", "kpasswd/udp"}
    assert all(each.why.startswith("taken by ") for each in ready.missed)
    assert outcome.reason == REASON


async def test_an_address_of_another_machine_is_called_that() -> None:
    """192.0.2.0/24 is nobody's: RFC 5737."""
    async with listening(WantedPort("ldap/tcp", OFFSET + 389), address="192.0.2.1") as (_, ready, _):
        assert [each.why for each in ready.missed] == ["no address of this machine"]


async def test_it_tells_who_came_from_where_to_what_once() -> None:
    async with listening() as (one, _, came):
        for service in ("ldap/tcp", "ldap/tcp", "kpasswd/udp"):
            await ask(one, service)
        address = one.order.addresses[0]
    told = [(each.service, each.local_address, each.local_port) for each in came]
    assert told == [("ldap/tcp", address, OFFSET + 389), ("kpasswd/udp", address, OFFSET + 464)]
    assert all(each.source.startswith("127.") for each in came)


@pytest.mark.parametrize("domain", ["a.example", "a-very-long-domain-name-of-a-company.with-many.labels.example.com"])
async def test_every_datagram_of_ours_is_answered_within_its_allowance(domain: str) -> None:
    subject = Subject("dc1.alpha.test", domain, "DC1")
    async with listening(domain=domain) as (one, _, _):
        at = {wanted.service: wanted.port for wanted in one.order.wanted}
        for name, question in DATAGRAMS.items():
            asked = question(subject)
            answer = await datagram(one.order.addresses[0], at[f"{name}/udp"], asked)
            assert len(answer) <= allowance(asked), name
        assert one.limits.kept_short == 0


SMALL = {
    "dns": dns.message.make_query("a.example", "ANY").to_wire(),
    "ldap-ping": rootdse_request(attributes=()).pack(),
    "kerberos": AsRequest("A", None, etypes=(18,)).pack(),
    "time": ntp.NtpRequest(b"12345678").pack(),
}


@pytest.mark.parametrize("name", SMALL)
async def test_the_shortest_questions_get_no_more_either(name: str) -> None:
    async with listening(domain="a.example") as (one, _, _):
        at = {wanted.service: wanted.port for wanted in one.order.wanted}
        where = one.order.addresses[0], at[f"{name}/udp"]
        with_patience = PingRequest().pack() if name == "ldap-ping" else SMALL[name]
        answer = await datagram(*where, SMALL[name], with_patience)
    assert len(answer) <= max(allowance(SMALL[name]), allowance(with_patience))


async def test_a_long_dns_answer_is_cut_short_and_keeps_the_mark() -> None:
    labels = ".".join(["l" * 40] * 4)
    question = dns.message.make_query(f"_ldap._tcp.dc._msdcs.{labels}", "SRV")
    async with listening(WantedPort("dns/udp", 20053), domain=labels) as (one, _, _):
        answer = await datagram(one.order.addresses[0], 20053, question.to_wire())
        outcome = await ask(one, "dns/udp", domain=labels)
    reply = dns.message.from_wire(answer)
    assert len(answer) <= allowance(question.to_wire())
    assert bool(reply.flags & dns.flags.TC) != bool(reply.answer)
    assert outcome.reason == REASON


async def test_with_a_domain_dns_leads_here_and_without_one_nowhere() -> None:
    question = dns.message.make_query("_ldap._tcp.dc._msdcs.alpha.test", "SRV")
    rcodes = []
    for domain in ("alpha.test", ""):
        async with listening(WantedPort("dns/udp", 20053), WantedPort("ldap/tcp", 20389), domain=domain) as (one, _, _):
            reply = dns.message.from_wire(await datagram(one.order.addresses[0], 20053, question.to_wire()))
            rcodes.append((str(reply.rcode()), [row.to_text() for rows in reply.answer for row in rows]))
    assert rcodes == [("0", ["0 100 20389 listener.alpha.test."]), ("5", [])]


async def test_it_is_no_clock_no_directory_and_no_controller_to_others() -> None:
    async with listening(domain="alpha.test") as (one, _, _):
        address = one.order.addresses[0]
        clock = ntp.NtpReply.unpack(await datagram(address, OFFSET + 123, ntp.NtpRequest(b"12345678").pack()))
        ping = netlogon.unpack_ping(await datagram(address, OFFSET + 389, PingRequest("alpha.test").pack()))
        kdc = kerberos.unpack_reply(await datagram(address, OFFSET + 88, AsRequest("ALPHA.TEST", "DC1$").pack()))
        async with Talk.at(OFFSET + 389, address) as talk:
            entry = ldap.unpack_messages(await talk.ask(rootdse_request().pack(), ldap.AnswerFrame()))[0].op
            bind = bytes.fromhex("300c020102600702010304008000")
            bound = ldap.unpack_message(await talk.ask(bind, ldap.frame)).op
    assert not clock.synchronized
    assert ping.netlogon is not None
    assert ping.netlogon.paused
    assert isinstance(kdc, kerberos.KrbError)
    assert isinstance(entry, ldap.SearchEntry)
    assert RootDse.from_entry(entry).is_synchronized is False
    assert isinstance(bound, ldap.BindResponse)
    assert bound.code != 0


async def test_what_has_no_protocol_says_who_it_is() -> None:
    async with listening(WantedPort("tcp/tcp", 25000), WantedPort("udp/udp", 25001)) as (one, _, _):
        outcomes = [await ask(one, "tcp/tcp", port=25000), await ask(one, "udp/udp", port=25001)]
    assert {(o.state, o.reason) for o in outcomes} == {(State.OK, REASON)}


def test_no_answer_of_ours_is_answered_by_another_of_us() -> None:
    own = Listener("listener", "alpha.test")
    subject = Subject("dc1.alpha.test", "alpha.test", "DC1")
    questions = {f"{name}/udp": question(subject) for name, question in DATAGRAMS.items()} | {"udp/udp": b"\0"}
    for service, question in questions.items():
        spoken = voice(service, 0, Part(own, ("127.0.0.1",)))
        with pytest.raises(WireError):
            spoken.answer(spoken.answer(question))


async def test_the_systems_around_the_forest_are_stood_in_for_too() -> None:
    async with listening() as (one, _, _):
        address = one.order.addresses[0]
        async with Talk.at(OFFSET + 1433, address) as talk:
            told = tds.PreLogin.unpack(await talk.ask(tds.PreLogin().pack(), tds.frame))
        answers = []
        for port in (5725, 5726, 5985):
            async with Talk.at(OFFSET + port, address) as talk:
                question = http.request("GET", "mim", "/ResourceManagementService/MEX")
                answers.append(http.HttpResponse.unpack(await talk.ask(question, http.frame)))
        served = await asyncio.to_thread(_over_tls, address, OFFSET + 443)
    assert (told.version, told.encryption_name, told.reply) == (watermark.TDS, "not supported", True)
    assert {(answer.status, answer.server) for answer in answers} == {(404, watermark.HTTP)}
    assert served == (b"HTTP/1.1 404", watermark.NAME)


def _over_tls(address: str, port: int) -> tuple[bytes, str]:
    """What HTTPS answers, and the organisation of its certificate."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((address, port), 10) as sock, context.wrap_socket(sock) as tls:
        certificate = x509.load_der_x509_certificate(tls.getpeercert(binary_form=True) or b"")
        tls.sendall(http.request("GET", "x"))
        return tls.recv(12), str(certificate.issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value)


async def test_garbage_gets_no_word() -> None:
    async with listening() as (one, _, _):
        for wanted in one.order.wanted:
            if wanted.transport == "tcp" and wanted.name and wanted.name not in {"ldaps", "gc-tls", "https"}:
                async with Talk.at(wanted.port, one.order.addresses[0]) as talk:
                    talk.send(b"\xff" * 20000)  # more than any question
                    assert await talk.ended(), wanted


async def test_one_source_cannot_hold_every_connection_and_is_let_in_again() -> None:
    async with listening(WantedPort("ldap/tcp", 20389)) as (one, _, _), AsyncExitStack() as stack:
        address = one.order.addresses[0]
        talks = [await stack.enter_async_context(Talk.at(20389, address)) for _ in range(CONNECTIONS)]
        assert await talks[0].ask(rootdse_request().pack(), ldap.AnswerFrame())
        async with Talk.at(20389, address) as too_many:
            assert await too_many.ended()
        assert list(one.limits.refused.values()) == [1]
        talks[0].writer.close()
        await talks[0].writer.wait_closed()
        while sum(one.limits._open.values()) >= CONNECTIONS:  # noqa: ASYNC110 - the other side's end has no event
            await asyncio.sleep(0)
        async with Talk.at(20389, address) as again:
            assert await again.ask(rootdse_request().pack(), ldap.AnswerFrame())


async def test_over_ipv6_too() -> None:
    ports = [WantedPort(each.service, each.port + 11000) for each in everything("mim", rpc=())]
    async with listening(*ports, address="::1") as (one, ready, _):
        assert ready.missed == ()
        outcomes = [await ask(one, each.service) for each in ports]
    assert {o.reason for o in outcomes} == {REASON}


def test_every_service_that_a_profile_needs_elsewhere_is_opened_but_for_the_cloud() -> None:
    opened = {(each.transport, each.port - OFFSET) for each in everything() if each.service != DYNAMIC}
    for name in EVERY:
        for row in built_in()[name].rows:
            usual = services()[row.service].ports[row.transport] if row.service in services() else None
            if row.target != "cloud" and not row.opener and (port := row.port or usual) is not None:
                assert (row.transport, port) in opened, (name, row)


def test_the_mark_comes_back_from_text_and_guid_and_from_nothing_else() -> None:
    full = watermark.Watermark.of(watermark.SERVICES)
    for each in (watermark.Watermark(), full, watermark.Watermark.of(("gc", "rodc"))):
        assert watermark.in_text(each.text) == each
        assert watermark.in_guid(each.guid) == each
    for text in (None, "", "portcheck", "Samba Team (https://www.samba.org)", "portcheck listener"):
        assert watermark.in_text(text) is None
    assert watermark.in_guid("5f9d8e17-5cfd-4d79-b23f-f42693250363") is None
    assert watermark.in_guid(None) is None
