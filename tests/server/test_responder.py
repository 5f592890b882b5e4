"""The responder, as clients that are not ours read it, and as our codecs do in both manners."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import dns.asyncquery
import dns.flags
import dns.message
import dns.rcode
import ldap3
import pytest
from server.talking import controller, over_tcp, over_udp

from portcheck.server.controller import zone
from portcheck.server.controller.record import Certificate, Controller, Manner, Misbehaviour
from portcheck.server.controller.serving import Running, serving
from portcheck.wire import epm, kerberos, kpasswd, ldap, nbt, netlogon, ntp, rpc
from portcheck.wire.kerberos import AsRequest, KrbError
from portcheck.wire.netlogon import PingRequest
from portcheck.wire.rootdse import rootdse_request

NETLOGON = "12345678-1234-abcd-ef00-01234567cffb"
EPM = "e1af8308-5d1f-11c9-91a4-08002b14a0fa"
WINDOWS, SAMBA = Manner.WINDOWS, Manner.SAMBA


@pytest.mark.parametrize(("manner", "head"), [(WINDOWS, b"\x30\x84"), (SAMBA, b"\x30\x82")])
async def test_windows_alone_writes_long_ber_lengths_and_names_no_vendor(manner: Manner, head: bytes) -> None:
    async with serving(controller(manner)) as running:
        told = await over_tcp(running, "ldap/tcp", rootdse_request().pack(), ldap.AnswerFrame())
    assert told.startswith(head)
    assert (b"vendorName" in told) == (manner is SAMBA)


@pytest.mark.parametrize("manner", Manner)
async def test_the_ping_is_the_same_over_udp_and_tcp_and_empty_for_a_domain_not_hosted(manner: Manner) -> None:
    ours, other = PingRequest("alpha.test").pack(), PingRequest("beta.test").pack()
    async with serving(controller(manner)) as running:
        by_udp = netlogon.unpack_ping(await over_udp(running, "ldap-ping/udp", ours))
        by_tcp = netlogon.unpack_ping(await over_tcp(running, "ldap/tcp", ours, ldap.AnswerFrame()))
        empty = netlogon.unpack_ping(await over_udp(running, "ldap-ping/udp", other))
    assert by_udp == by_tcp
    assert by_udp.netlogon is not None
    assert by_udp.netlogon.host == "dc1.alpha.test"
    assert (empty.code, empty.netlogon) == (0, None)


async def kerberos_error(manner: Manner, realm: str, cname: str) -> KrbError:
    async with serving(controller(manner)) as running:
        asked = AsRequest(realm, cname).pack()
        by_udp = kerberos.unpack_reply(await over_udp(running, "kerberos/udp", asked))
        framed = await over_tcp(running, "kerberos/tcp", kerberos.tcp(asked), kerberos.frame)
    by_tcp = kerberos.unpack_reply(kerberos.payload(framed))
    assert isinstance(by_udp, KrbError)
    assert isinstance(by_tcp, KrbError)
    assert by_udp.code == by_tcp.code
    return by_udp


@pytest.mark.parametrize(("manner", "foreign"), [(WINDOWS, 68), (SAMBA, 6)])
async def test_a_foreign_realm_is_echoed_with_each_kdcs_own_code(manner: Manner, foreign: int) -> None:
    error = await kerberos_error(manner, "BETA.TEST", "DC1$")
    assert (int(error.code), error.realm, error.e_data) == (foreign, "BETA.TEST", None)


@pytest.mark.parametrize("manner", Manner)
async def test_only_the_controllers_own_account_is_told_the_salt(manner: Manner) -> None:
    own, nobody = await kerberos_error(manner, "ALPHA.TEST", "DC1$"), await kerberos_error(manner, "ALPHA.TEST", "no")
    assert (int(own.code), int(nobody.code)) == (25, 6)
    hint = kerberos.preauth(own.e_data)
    assert hint is not None
    assert hint.salt == "ALPHA.TESThostdc1.alpha.test"


@pytest.mark.parametrize(("manner", "answers_whole"), [(WINDOWS, False), (SAMBA, True)])
async def test_windows_advises_tcp_rather_than_send_a_large_datagram(manner: Manner, answers_whole: bool) -> None:
    asked = AsRequest("ALPHA.TEST", "DC1$", sname="x" * 1900).pack()
    async with serving(controller(manner)) as running:
        error = kerberos.unpack_reply(await over_udp(running, "kerberos/udp", asked))
    assert isinstance(error, KrbError)
    assert int(error.code) == (7 if answers_whole else 52)


@pytest.mark.parametrize(("manner", "framed"), [(WINDOWS, False), (SAMBA, True)])
async def test_windows_alone_refuses_a_password_with_a_bare_error(manner: Manner, framed: bool) -> None:
    asked = kpasswd.request("ALPHA.TEST", bytes(512))
    async with serving(controller(manner)) as running:
        reply = kpasswd.unpack_reply(await over_udp(running, "kpasswd/udp", asked))
        whole = await over_tcp(running, "kpasswd/tcp", kerberos.tcp(asked), kerberos.frame)
    assert reply.framed is framed
    assert kpasswd.unpack_reply(kerberos.payload(whole)).framed is framed
    assert reply.error is not None
    assert (reply.error.e_data is not None) is framed


async def test_windows_leaves_a_junk_password_request_unanswered_and_samba_answers_it() -> None:
    junk, good = kpasswd.minimal_request(), kpasswd.request("ALPHA.TEST", bytes(512), 0xFF80)
    async with serving(controller(WINDOWS)) as windows, serving(controller(SAMBA)) as samba:
        first = kpasswd.unpack_reply(await over_udp(windows, "kpasswd/udp", junk, good))
        framed = await over_udp(samba, "kpasswd/udp", junk, good)
    assert not first.framed  # the answer to the second
    assert framed[2:4] == b"\0\x01"  # version 1: the answer to the first


@pytest.mark.parametrize(("manner", "version"), [(WINDOWS, 3), (SAMBA, 4)])
async def test_windows_tells_the_time_in_version_3(manner: Manner, version: int) -> None:
    asked = ntp.NtpRequest(b"12345678").pack()
    async with serving(controller(manner)) as running:
        reply = ntp.NtpReply.unpack(await over_udp(running, "time/udp", asked), b"12345678")
    assert reply.version == version


async def test_windows_ignores_a_time_request_of_an_odd_length() -> None:
    odd, plain = ntp.NtpRequest(b"odd-one!").pack() + bytes(4), ntp.NtpRequest(b"plain-48").pack()
    async with serving(controller(WINDOWS)) as running:
        reply = ntp.NtpReply.unpack(await over_udp(running, "time/udp", odd, plain))
    assert reply.origin == b"plain-48"


@pytest.mark.parametrize("manner", Manner)
async def test_the_mapper_names_the_port_where_the_interface_takes_binds(manner: Manner) -> None:
    async with serving(controller(manner)) as running:
        bound = rpc.unpack(await over_tcp(running, "rpc/tcp", rpc.Bind(1, EPM, 3).pack(), rpc.frame))
        asked = epm.map_request(NETLOGON, 1, 2)
        mapped = rpc.unpack(await over_tcp(running, "rpc/tcp", asked, rpc.frame))
        assert isinstance(mapped, rpc.RpcResponse)
        port = epm.unpack_map(mapped.stub).ports[0]
        (where,) = [name for name, its in running.ports.items() if its == port]
        taken = rpc.unpack(await over_tcp(running, where, rpc.Bind(1, NETLOGON, 1).pack(), rpc.frame))
    for answer in (bound, taken):
        assert isinstance(answer, rpc.BindAck)
        assert answer.accepted


async def test_the_mapper_can_lack_an_interface_or_refuse_strangers() -> None:
    asked = epm.map_request(NETLOGON, 1, 2)
    async with serving(controller(missing_interfaces=frozenset({NETLOGON}))) as running:
        missing = rpc.unpack(await over_tcp(running, "rpc/tcp", asked, rpc.frame))
    async with serving(controller(mapper_refuses_strangers=True)) as running:
        refused = rpc.unpack(await over_tcp(running, "rpc/tcp", asked, rpc.frame))
    assert isinstance(missing, rpc.RpcResponse)
    assert epm.unpack_map(missing.stub).ports == ()
    assert isinstance(refused, rpc.Fault)
    assert refused.status == rpc.ACCESS_DENIED


async def test_the_table_of_names_has_the_domains_controllers() -> None:
    async with serving(controller()) as running:
        found = nbt.unpack_nbstat(await over_udp(running, "netbios-ns/udp", nbt.nbstat_request(7)))
    assert ("ALPHA", 0x1C, True) in found.names


def read_rootdse(running: Running, pem: Path | None, service: str, start_tls: bool) -> str:
    """As ldap3 does it, verifying the certificate where one is given."""
    tls = ldap3.Tls(
        validate=ssl.CERT_REQUIRED if pem else ssl.CERT_NONE,
        ca_certs_file=str(pem) if pem else None,
        valid_names=["dc1.alpha.test"],
    )
    server = ldap3.Server(
        "127.0.0.1", port=running.ports[service], use_ssl=service == "ldaps/tcp", tls=tls, get_info=ldap3.NONE
    )
    connection = ldap3.Connection(server, auto_bind=ldap3.AUTO_BIND_NONE, receive_timeout=180)
    connection.open(read_server_info=False)
    try:
        if start_tls:
            assert connection.start_tls(read_server_info=False)
        connection.search("", "(objectClass=*)", ldap3.BASE, attributes=["dnsHostName"])
        return str(connection.response)
    finally:
        connection.socket.close()


@pytest.mark.filterwarnings("ignore:ssl.match_hostname:DeprecationWarning")  # ldap3's own use of it
@pytest.mark.parametrize("manner", Manner)
@pytest.mark.parametrize(
    ("service", "start_tls"), [("ldap/tcp", False), ("ldap/tcp", True), ("gc/tcp", False), ("ldaps/tcp", False)]
)
async def test_ldap3_reads_our_rootdse(tmp_path: Path, manner: Manner, service: str, start_tls: bool) -> None:
    async with serving(controller(manner)) as running:
        pem = tmp_path / "ca.pem"
        pem.write_bytes(running.pem)
        assert "dc1.alpha.test" in await asyncio.to_thread(read_rootdse, running, pem, service, start_tls)


async def test_without_a_certificate_start_tls_is_unavailable() -> None:
    async with serving(controller(certificate=Certificate.NONE)) as running:
        asked = ldap.ExtendedRequest().pack()
        answer = ldap.unpack_message(await over_tcp(running, "ldap/tcp", asked, ldap.frame)).op
    assert isinstance(answer, ldap.ExtendedResponse)
    assert answer.code == ldap.UNAVAILABLE


@pytest.mark.parametrize(
    ("name", "record", "told"),
    [
        ("_ldap._tcp.dc._msdcs.alpha.test", "SRV", ["dc1.alpha.test.", "dc2.alpha.test."]),
        ("_ldap._tcp.Default-First-Site-Name._sites.dc._msdcs.alpha.test", "SRV", ["dc1.alpha.test."]),
        ("_kpasswd._udp.alpha.test", "SRV", ["dc2.alpha.test."]),
        ("dc2.alpha.test", "A", ["127.0.0.2"]),
        ("alpha.test", "NS", ["dc1.alpha.test."]),
        ("alpha.test", "SOA", ["dc1.alpha.test."]),
    ],
)
@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_dnspython_reads_our_records(name: str, record: str, told: list[str], transport: str) -> None:
    second = Controller("dc2.alpha.test", "alpha.test", address="127.0.0.2")
    async with serving(controller(), [second]) as running:
        ask = dns.asyncquery.udp if transport == "udp" else dns.asyncquery.tcp
        port = running.ports[f"dns/{transport}"]
        reply = await ask(dns.message.make_query(name, record), "127.0.0.1", port=port, timeout=180)
    assert all(one in reply.answer[0].to_text() for one in told)


@pytest.mark.parametrize(
    ("name", "record", "rcode"),
    [
        ("nobody.alpha.test", "A", dns.rcode.NXDOMAIN),
        ("dc1.alpha.test", "AAAA", dns.rcode.NOERROR),
        ("_msdcs.alpha.test", "A", dns.rcode.NOERROR),
        ("other.test", "A", dns.rcode.REFUSED),
        ("notalpha.test", "A", dns.rcode.REFUSED),
    ],
)
async def test_what_the_zone_does_not_have_is_said_as_dns_says_it(name: str, record: str, rcode: int) -> None:
    async with serving(controller()) as running:
        question = dns.message.make_query(name, record)
        reply = await dns.asyncquery.udp(question, "127.0.0.1", port=running.ports["dns/udp"], timeout=180)
    assert (reply.rcode(), reply.answer) == (rcode, [])


@pytest.mark.parametrize("service", ["ldap/tcp", "kerberos/tcp", "kpasswd/tcp", "rpc/tcp", "smb/tcp", "winrm/tcp"])
async def test_what_is_no_question_ends_the_conversation_without_a_word(service: str) -> None:
    async with serving(controller()) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.ports[service])
        writer.write(b"\xff" * 4096)
        async with asyncio.timeout(60):
            said = b"".join([chunk async for chunk in _until_cut(reader)])
        writer.close()
    assert said == b""


async def _until_cut(reader: asyncio.StreamReader):  # type: ignore[no-untyped-def]
    try:
        while chunk := await reader.read(4096):
            yield chunk
    except ConnectionError:
        return


async def test_leaving_hangs_up_on_those_who_wait() -> None:
    async with serving(controller(misbehave={"ldap/tcp": Misbehaviour.MUTE})) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.ports["ldap/tcp"])
        writer.write(rootdse_request().pack())
    async with asyncio.timeout(60):
        assert [chunk async for chunk in _until_cut(reader)] == []
    writer.close()


@pytest.mark.parametrize("begun", [b"", bytes.fromhex("160301020001")], ids=["nothing said", "half a ClientHello"])
async def test_leaving_hangs_up_on_those_who_shake_hands(begun: bytes) -> None:
    async with asyncio.timeout(60):
        async with serving(controller()) as running:
            reader, writer = await asyncio.open_connection("127.0.0.1", running.ports["ldaps/tcp"])
            writer.write(begun)
            while not running.conversations:  # noqa: ASYNC110 - accepting has no event
                await asyncio.sleep(0)
        assert [chunk async for chunk in _until_cut(reader)] == []
    writer.close()


async def test_two_at_once_do_not_get_in_each_others_way() -> None:
    async with serving(controller()) as one, serving(controller()) as other:
        assert not set(one.ports.values()) & set(other.ports.values())


@pytest.mark.parametrize("manner", Manner)
def test_a_zone_of_many_controllers_is_told_whole_over_tcp_and_cut_short_only_by_windows_over_udp(
    manner: Manner,
) -> None:
    many = [Controller(f"dc{number}.alpha.test", "alpha.test", manner=manner) for number in range(40)]
    question = dns.message.make_query("_ldap._tcp.dc._msdcs.alpha.test", "SRV", use_edns=0).to_wire()
    by_tcp = dns.message.from_wire(zone.answer(many, {}, question))
    by_udp = dns.message.from_wire(zone.datagram(many, {}, question))
    assert len(by_tcp.answer[0]) == 40
    assert bool(by_udp.flags & dns.flags.TC) is (manner is Manner.WINDOWS)
