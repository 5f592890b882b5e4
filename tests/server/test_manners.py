"""Every difference between Windows' and Samba's way of answering, read with our codecs, in both manners."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import replace

import dns.flags
import dns.message
import dns.rcode
import pytest
from server.talking import Talk, controller, over_tcp, over_udp

from portcheck.catalogue.services import services
from portcheck.server.controller import placement
from portcheck.server.controller.record import (
    LEVEL_2012_R2,
    LEVEL_2025,
    WINDOWS_FLAGS,
    Certificate,
    Controller,
    Manner,
    Misbehaviour,
)
from portcheck.server.controller.serving import Running, serving
from portcheck.wire import epm, kerberos, kpasswd, ldap, nbt, netlogon, nmf, ntp, rpc, smb
from portcheck.wire.kerberos import AsRequest, KrbError
from portcheck.wire.netlogon import NetlogonFlags, Opcode, PingRequest
from portcheck.wire.rootdse import RootDse, rootdse_request

WINDOWS, SAMBA = Manner.WINDOWS, Manner.SAMBA
INTERFACES = ("rpc-netlogon", "rpc-lsarpc", "rpc-samr", "rpc-drsuapi")
NEGOTIATE = smb.negotiate_request(bytes(16), bytes(32))


def interface(name: str) -> tuple[str, int]:
    row = services()[name]
    assert row.interface is not None
    assert row.version is not None
    return row.interface, row.version


async def mapped(running: Running, name: str) -> tuple[int, ...]:
    answer = rpc.unpack(await over_tcp(running, "rpc/tcp", epm.map_request(*interface(name), 2), rpc.frame))
    assert isinstance(answer, rpc.RpcResponse)
    return epm.unpack_map(answer.stub).ports


def ports(running: Running, *numbers: int) -> tuple[int, ...]:
    return tuple(running.ports[f"rpc-dynamic-{number}/tcp"] for number in numbers)


@pytest.mark.parametrize(
    ("dc", "placed"),
    [
        (controller(WINDOWS), dict.fromkeys(INTERFACES, (2, 1))),
        (controller(SAMBA), {"rpc-netlogon": (1,), "rpc-lsarpc": (2,), "rpc-samr": (3,), "rpc-drsuapi": (2,)}),
        (
            controller(own_placement=placement.PINNED),
            {"rpc-netlogon": (4,), "rpc-lsarpc": (2, 1), "rpc-samr": (2, 1), "rpc-drsuapi": (3,)},
        ),
    ],
    ids=["windows", "samba", "pinned"],
)
async def test_each_manner_has_its_own_dynamic_ports(dc: Controller, placed: dict[str, tuple[int, ...]]) -> None:
    async with serving(dc) as running:
        told = {name: await mapped(running, name) for name in INTERFACES}
        assert told == {name: ports(running, *numbers) for name, numbers in placed.items()}


async def test_an_interface_is_known_only_where_it_lives() -> None:
    async with serving(controller(SAMBA)) as running:
        for port in placement.ports_of(placement.SAMBA):
            for name in INTERFACES:
                answer = rpc.unpack(await over_tcp(running, port, rpc.Bind(1, *interface(name)).pack(), rpc.frame))
                assert isinstance(answer, rpc.BindAck)
                assert answer.accepted == (port in placement.SAMBA[name]), (port, name)


async def test_the_mapper_knows_no_other_interface() -> None:
    async with serving(controller()) as running:
        bind = rpc.Bind(1, *interface("rpc-samr")).pack()
        answer = rpc.unpack(await over_tcp(running, "rpc/tcp", bind, rpc.frame))
    assert isinstance(answer, rpc.BindAck)
    assert not answer.accepted


@pytest.mark.parametrize("size", [2048, 5840])
async def test_the_fragment_size_is_echoed(size: int) -> None:
    bind = bytearray(rpc.Bind(1, epm.INTERFACE, epm.VERSION).pack())
    bind[16:18] = size.to_bytes(2, "little")
    async with serving(controller()) as running:
        answer = rpc.unpack(await over_tcp(running, "rpc/tcp", bytes(bind), rpc.frame))
    assert isinstance(answer, rpc.BindAck)
    assert answer.max_xmit == size


async def test_after_a_fault_the_connection_ends() -> None:
    async with serving(controller(mapper_refuses_strangers=True)) as running, Talk.to(running, "rpc/tcp") as talk:
        assert await talk.ask(rpc.Bind(1, epm.INTERFACE, epm.VERSION).pack(), rpc.frame)
        fault = rpc.unpack(await talk.ask(epm.map_request(*interface("rpc-samr"), 2), rpc.frame))
        assert isinstance(fault, rpc.Fault)
        assert await talk.ended()


@pytest.mark.parametrize(("manner", "level", "reason"), [(WINDOWS, 7, 4), (WINDOWS, LEVEL_2012_R2, 0), (SAMBA, 7, 0)])
async def test_a_bind_without_context_is_refused_and_ends_it(manner: Manner, level: int, reason: int) -> None:
    bind = bytearray(rpc.Bind(1, epm.INTERFACE, epm.VERSION).pack()[:28])
    bind[8:10], bind[24] = len(bind).to_bytes(2, "little"), 0
    dc = controller(manner, level=level)
    async with serving(dc) as running, Talk.to(running, "rpc-dynamic-1/tcp") as talk:
        refused = rpc.unpack(await talk.ask(bytes(bind), rpc.frame))
        assert refused == rpc.BindNak(reason, 1)
        assert await talk.ended()


@pytest.mark.parametrize("manner", Manner)
async def test_a_second_negotiate_ends_the_connection(manner: Manner) -> None:
    async with serving(controller(manner)) as running, Talk.to(running, "smb/tcp") as talk:
        assert await talk.ask(NEGOTIATE, smb.frame)
        talk.send(NEGOTIATE)
        assert await talk.ended()


def smb1(*dialects: bytes) -> bytes:
    words = b"".join(b"\x02" + dialect + b"\0" for dialect in dialects)
    message = b"\xffSMB\x72" + bytes(27) + b"\0" + struct.pack("<H", len(words)) + words
    return len(message).to_bytes(4, "big") + message


@pytest.mark.parametrize("manner", Manner)
async def test_the_smb1_form_gets_smb2_where_it_offers_it_and_one_more_negotiate(manner: Manner) -> None:
    async with serving(controller(manner)) as running, Talk.to(running, "smb/tcp") as talk:
        first = smb.NegotiateResponse.unpack(await talk.ask(smb1(b"NT LM 0.12", b"SMB 2.???"), smb.frame))
        second = smb.NegotiateResponse.unpack(await talk.ask(NEGOTIATE, smb.frame))
        assert (first.dialect, second.dialect) == (smb.MULTI_PROTOCOL, 0x0311)


async def test_smb1_alone_gets_nothing() -> None:
    async with serving(controller()) as running, Talk.to(running, "smb/tcp") as talk:
        talk.send(smb1(b"NT LM 0.12"))
        assert await talk.ended()


async def test_2012_r2_ends_at_3_0_2_and_no_dialect_at_all_is_an_error() -> None:
    none = bytearray(NEGOTIATE)
    none[4 + smb.HEADER + 2 : 4 + smb.HEADER + 4] = b"\0\0"
    async with serving(controller(level=LEVEL_2012_R2)) as running:
        old = smb.NegotiateResponse.unpack(await over_tcp(running, "smb/tcp", NEGOTIATE, smb.frame))
        odd = smb.NegotiateResponse.unpack(await over_tcp(running, "smb/tcp", bytes(none), smb.frame))
    assert (old.dialect, odd.status) == (0x0302, smb.INVALID_PARAMETER)


@pytest.mark.parametrize(("manner", "accepted"), [(WINDOWS, False), (SAMBA, True)])
async def test_windows_takes_no_session_for_another_name(manner: Manner, accepted: bool) -> None:
    async with serving(controller(manner)) as running:
        told = await over_tcp(running, "netbios-ssn/tcp", nbt.session_request("NOBODY"), nbt.frame)
        own = await over_tcp(running, "netbios-ssn/tcp", nbt.session_request("DC1"), nbt.frame)
    reply = nbt.SessionReply.unpack(told)
    assert (reply.accepted, reply.code) == (accepted, None if accepted else 0x8F)
    assert nbt.SessionReply.unpack(own).accepted


@pytest.mark.parametrize(("version", "opcode"), [(0x06, 23), (0x02, 19), (0x01, 19)])
@pytest.mark.parametrize("manner", Manner)
async def test_the_ping_has_the_form_that_was_asked_for(manner: Manner, version: int, opcode: int) -> None:
    asked = PingRequest("alpha.test", nt_version=version).pack()
    async with serving(controller(manner)) as running:
        reply = netlogon.unpack_ping(await over_udp(running, "ldap-ping/udp", asked)).netlogon
    assert reply is not None
    assert (int(reply.opcode), reply.netbios_host) == (opcode, "DC1")
    assert bool(reply.host) == (version != 1)


@pytest.mark.parametrize(
    ("dc", "user", "opcode"),
    [
        (controller(), "nobody", Opcode.USER_UNKNOWN_EX),
        (controller(paused=True), "", Opcode.PAUSE_EX),
        (controller(), "", Opcode.LOGON_EX),
    ],
)
async def test_the_ping_tells_unknown_users_and_a_pause(dc: Controller, user: str, opcode: Opcode) -> None:
    async with serving(dc) as running:
        reply = netlogon.unpack_ping(await over_udp(running, "ldap-ping/udp", PingRequest(user=user).pack())).netlogon
        root = await rootdse(running)
    assert reply is not None
    assert (reply.opcode, reply.host, reply.user) == (opcode, "dc1.alpha.test", user)
    assert root.is_synchronized is (opcode is not Opcode.PAUSE_EX)


@pytest.mark.parametrize(("manner", "flags"), [(WINDOWS, 0x3F3FD), (SAMBA, 0x13FD)])
async def test_each_manner_announces_its_own_roles(manner: Manner, flags: int) -> None:
    async with serving(controller(manner)) as running:
        reply = netlogon.unpack_ping(await over_udp(running, "ldap-ping/udp", PingRequest().pack())).netlogon
    assert reply is not None
    assert int(reply.flags) == flags
    assert ("adws" in reply.roles) == (manner is WINDOWS)


async def rootdse(running: Running) -> RootDse:
    told = await over_tcp(running, "ldap/tcp", rootdse_request().pack(), ldap.AnswerFrame())
    entry = ldap.unpack_messages(told)[0].op
    assert isinstance(entry, ldap.SearchEntry)
    return RootDse.from_entry(entry)


@pytest.mark.parametrize(
    ("dc", "level"),
    [(controller(), 7), (controller(level=LEVEL_2025), 10), (controller(SAMBA), 4)],
    ids=["2016", "2025", "samba"],
)
async def test_the_level_is_the_versions_and_samba_has_no_extensions(dc: Controller, level: int) -> None:
    async with serving(dc) as running:
        root = await rootdse(running)
    assert root.domain_controller_level == level
    assert bool(root.supported_extensions) == dc.windows


@pytest.mark.parametrize("manner", Manner)
async def test_over_udp_the_rootdse_is_answered_and_other_bases_as_each_does(manner: Manner) -> None:
    elsewhere = ldap.SearchRequest(base="DC=alpha,DC=test").pack()
    async with serving(controller(manner)) as running:
        answer = ldap.unpack_messages(await over_udp(running, "ldap-ping/udp", elsewhere, rootdse_request(7).pack()))
    assert answer[0].message_id == (7 if manner is WINDOWS else 1)


@pytest.mark.parametrize(
    ("dc", "name", "code"),
    [
        (controller(), "", 0),
        (controller(SAMBA), "", 0),
        (controller(), "somebody", 49),
        (controller(signing=True), "", 8),
    ],
)
async def test_nobody_but_the_anonymous_binds_and_not_even_they_unsigned(dc: Controller, name: str, code: int) -> None:
    head = b"\x02\x01\x03\x04" + bytes([len(name)]) + name.encode() + b"\x80\x00"
    body = b"\x60" + bytes([len(head)]) + head
    bind = b"\x30" + bytes([3 + len(body)]) + b"\x02\x01\x01" + body
    async with serving(dc) as running:
        answer = ldap.unpack_message(await over_tcp(running, "ldap/tcp", bind, ldap.frame)).op
        assert (await rootdse(running)).dns_host_name == "dc1.alpha.test"  # which needs no bind
    assert isinstance(answer, ldap.BindResponse)
    assert answer.code == code


async def kdc(running: Running, asked: AsRequest) -> KrbError:
    error = kerberos.unpack_reply(await over_udp(running, "kerberos/udp", asked.pack()))
    assert isinstance(error, KrbError)
    return error


@pytest.mark.parametrize("manner", Manner)
async def test_only_samba_tells_text_and_the_clients_name(manner: Manner) -> None:
    async with serving(controller(manner)) as running:
        error = await kdc(running, AsRequest("ALPHA.TEST", "DC1$"))
    told = (error.e_text is not None, error.cname, error.crealm)
    assert told == ((False, None, None) if manner is WINDOWS else (True, "DC1$", "ALPHA.TEST"))


@pytest.mark.parametrize(
    ("dc", "etypes", "code"),
    [
        (controller(), (3, 1), 14),
        (controller(), (23,), 25),
        (controller(level=LEVEL_2025), (23,), 14),
        (controller(SAMBA), (3, 1), 14),
        (controller(SAMBA), (23,), 25),
    ],
)
async def test_without_a_common_encryption_type_it_says_so(dc: Controller, etypes: tuple[int, ...], code: int) -> None:
    async with serving(dc) as running:
        assert int((await kdc(running, AsRequest("ALPHA.TEST", "DC1$", etypes=etypes))).code) == code


@pytest.mark.parametrize("manner", Manner)
async def test_an_unknown_service_and_the_short_name_of_the_realm(manner: Manner) -> None:
    async with serving(controller(manner)) as running:
        service = await kdc(running, AsRequest("ALPHA.TEST", "DC1$", sname="nobody/there"))
        short = await kdc(running, AsRequest("ALPHA", "DC1$"))
    assert (int(service.code), service.sname, int(short.code)) == (7, "nobody/there", 25)
    assert short.realm == ("ALPHA.TEST" if manner is WINDOWS else "ALPHA")


@pytest.mark.parametrize(("realm", "code"), [("ALPHA.TEST", 41), ("BETA.TEST", 35)])
async def test_a_password_for_another_realm_is_not_ours(realm: str, code: int) -> None:
    async with serving(controller()) as running:
        reply = kpasswd.unpack_reply(await over_udp(running, "kpasswd/udp", kpasswd.request(realm, bytes(512))))
    assert reply.error is not None
    assert int(reply.error.code) == code


@pytest.mark.parametrize(("manner", "answered"), [(WINDOWS, False), (SAMBA, True)])
async def test_windows_alone_is_deaf_to_two_source_ports(manner: Manner, answered: bool) -> None:
    async with serving(controller(manner)) as running:
        heard = await asyncio.to_thread(_from_deaf_port, running.ports["kerberos/tcp"])
    assert heard is answered


def _from_deaf_port(port: int) -> bool:
    """Whether the KDC answers somebody who comes from 22528."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.settimeout(60)
        try:
            sock.bind(("127.0.0.1", 22528))
        except OSError as error:
            pytest.skip(f"no source port 22528 here: {error}")
        try:
            sock.connect(("127.0.0.1", port))
            sock.sendall(kerberos.tcp(AsRequest("ALPHA.TEST", "DC1$").pack()))
            return bool(sock.recv(100))
        except ConnectionError:
            return False


async def records(running: Running, question: dns.message.Message) -> dns.message.Message:
    return dns.message.from_wire(await over_udp(running, "dns/udp", question.to_wire()))


@pytest.mark.parametrize(("manner", "cut"), [(WINDOWS, True), (SAMBA, False)])
async def test_windows_cuts_a_long_answer_short_and_samba_never_does(manner: Manner, cut: bool) -> None:
    many = [Controller(f"another-controller-{n}.alpha.test", "alpha.test") for n in range(40)]
    async with serving(controller(manner), many) as running:
        plain = await records(running, dns.message.make_query("_ldap._tcp.dc._msdcs.alpha.test", "SRV"))
        wide = dns.message.make_query("_ldap._tcp.dc._msdcs.alpha.test", "SRV", use_edns=0, payload=4096)
        large = await records(running, wide)
    assert (bool(plain.flags & dns.flags.TC), bool(large.flags & dns.flags.TC)) == (cut, cut)
    assert (large.edns >= 0) == (manner is WINDOWS)


@pytest.mark.parametrize(
    ("manner", "chaos", "transfer"),
    [(WINDOWS, dns.rcode.SERVFAIL, dns.rcode.REFUSED), (SAMBA, dns.rcode.NXDOMAIN, dns.rcode.NOERROR)],
)
async def test_version_and_transfer_are_refused_as_each_does(manner: Manner, chaos: int, transfer: int) -> None:
    async with serving(controller(manner)) as running:
        version = await records(running, dns.message.make_query("version.bind", "TXT", "CH"))
        zone = await records(running, dns.message.make_query("alpha.test", "AXFR"))
    assert (version.rcode(), zone.rcode()) == (chaos, transfer)


async def test_a_controller_with_both_families_has_both_records() -> None:
    dc = replace(controller(), more_addresses=("::1",))
    async with serving(dc) as running:
        four = await records(running, dns.message.make_query("dc1.alpha.test", "A"))
        six = await records(running, dns.message.make_query("dc1.alpha.test", "AAAA"))
        _, writer = await asyncio.open_connection("::1", running.ports["ldap/tcp"])
        writer.close()
    assert "127.0.0.1" in four.answer[0].to_text()
    assert "::1" in six.answer[0].to_text()


async def test_windows_ignores_a_time_question_without_a_time_and_tells_an_unset_clock() -> None:
    empty, plain = b"\x23" + bytes(47), ntp.NtpRequest(b"plain-48").pack()
    async with serving(controller(synchronized=False)) as running:
        reply = ntp.NtpReply.unpack(await over_udp(running, "time/udp", empty, plain), b"plain-48")
    assert (reply.synchronized, reply.leap, reply.stratum, reply.reference_id) == (False, 3, 0, "INIT")


async def test_web_services_for_another_host_are_not_found() -> None:
    async with serving(controller()) as running:
        told = await over_tcp(running, "adws/tcp", nmf.preamble("elsewhere.test"), nmf.frame)
    assert nmf.unpack_reply(told).fault_name == "EndpointNotFound"


RODC = (WINDOWS_FLAGS & ~NetlogonFlags.WRITABLE) | NetlogonFlags.SELECT_SECRET


@pytest.mark.parametrize(
    ("dc", "gone"),
    [
        (controller(flags=WINDOWS_FLAGS & ~NetlogonFlags.GC), {"gc/tcp", "gc-tls/tcp"}),
        (controller(flags=WINDOWS_FLAGS & ~NetlogonFlags.TIMESERV), {"time/udp"}),
        (controller(flags=WINDOWS_FLAGS & ~NetlogonFlags.WS), {"adws/tcp"}),
        (
            controller(flags=WINDOWS_FLAGS & ~NetlogonFlags.KDC),
            {"kerberos/tcp", "kerberos/udp", "kpasswd/tcp", "kpasswd/udp"},
        ),
        (controller(flags=RODC), {"kpasswd/tcp", "kpasswd/udp"}),
        (controller(), set()),
        (controller(SAMBA), {"winrm/tcp", "adws/tcp"}),
    ],
)
def test_without_its_role_a_service_is_silent_on_windows_and_refused_on_samba(dc: Controller, gone: set[str]) -> None:
    wrong = {service: dc.wrong(service) for service in dc.services if dc.wrong(service)}
    assert wrong == dict.fromkeys(gone, Misbehaviour.SILENT if dc.windows else Misbehaviour.REFUSED)


Told = Callable[[Controller], Misbehaviour | None]


@pytest.mark.parametrize(
    ("named", "here"),
    [
        ("rpc-dynamic/tcp", {1, 2, 3}),
        ("rpc-samr/tcp", {3}),
        ("rpc-lsarpc/tcp", {2}),
        ("rpc-dynamic-1/tcp", {1}),
    ],
)
def test_dynamic_ports_misbehave_together_or_by_interface(named: str, here: set[int]) -> None:
    dc = controller(SAMBA, misbehave={named: Misbehaviour.SILENT})
    assert {n for n in (1, 2, 3) if dc.wrong(f"rpc-dynamic-{n}/tcp")} == here


async def test_a_certificate_without_names_has_a_subject_alone() -> None:
    from cryptography import x509

    async with serving(controller(certificate=Certificate.NO_NAMES)) as running:
        shown = x509.load_pem_x509_certificate(running.pem)
    assert "dc1.alpha.test" in shown.subject.rfc4514_string()
    assert not list(shown.extensions)
