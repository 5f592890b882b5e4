"""The LDAP ping: requests as Windows sends them, answers as Windows and the open specification shape them."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portcheck.wire import WireError, ber, ldap
from portcheck.wire.compressed_names import NamePacker, read_name
from portcheck.wire.netlogon import (
    NetlogonFlags,
    NetlogonReply,
    Opcode,
    PingAnswer,
    PingRequest,
    pack_ping,
    unpack_ping,
)
from portcheck.wire.netlogon_reply import V5EX_WITH_IP

FULL = NetlogonReply(
    opcode=Opcode.LOGON_EX,
    flags=NetlogonFlags(0x33FD),
    domain_guid="7283d863-2e2e-40b9-8b1b-163f1e10fa47",
    forest="alpha.test",
    domain="emea.alpha.test",
    host="dc1.emea.alpha.test",
    netbios_domain="EMEA",
    netbios_host="DC1",
    site="Head-Office",
    client_site="Branch",
)
SHORT = replace(FULL, opcode=Opcode.LOGON, nt_version=3, site="", client_site="")
NT4 = NetlogonReply(Opcode.USER_UNKNOWN, netbios_domain="EMEA", netbios_host="DC1", user="nobody", nt_version=1)
CLOSEST = replace(FULL, opcode=Opcode.PAUSE_EX, nt_version=0x15, next_closest_site="Head-Office")


def test_the_request_is_the_78_bytes_a_samba_controller_answered() -> None:
    packed = PingRequest("alpha.test").pack()
    terms = (
        ber.tlv(0xA3, ber.octets("DnsDomain"), ber.octets("alpha.test"))
        + ber.tlv(0xA3, ber.octets("NtVer"), ber.octets(b"\x0e\0\0\0"))
    )  # fmt: skip
    assert len(packed) == 78
    assert terms in packed
    assert packed.endswith(ber.tlv(0x30, ber.octets("NetLogon")))


def test_the_request_is_byte_identical_with_ldap3s() -> None:
    from ldap3.operation.search import search_operation
    from ldap3.protocol.rfc4511 import LDAPMessage, MessageID, ProtocolOp
    from pyasn1.codec.ber import encoder

    text = r"(&(DnsDomain=alpha.test)(NtVer=\0e\00\00\00))"
    message = LDAPMessage()
    message["messageID"] = MessageID(1)
    search = search_operation("", text, "BASE", "NEVER", ["NetLogon"], 0, 0, False, None, None)
    message["protocolOp"] = ProtocolOp().setComponentByName("searchRequest", search)
    assert encoder.encode(message) == PingRequest("alpha.test").pack()


def test_recorded_requests_of_windows_members_are_understood(recordings: Callable) -> None:
    for recorded in recordings("cldap"):
        request = PingRequest.unpack(recorded.request)
        assert (request.domain or "").lower() == recorded.expected["mscldap.domain"]
        assert request.host
        assert request.user == ""
        assert request.nt_version in (0x16, 0x20000016)


@pytest.mark.parametrize(
    "request_", [PingRequest(), PingRequest("a.test", 2, 9), PingRequest("a.test", host="H", user="U")]
)
def test_requests_survive_the_way_there_and_back(request_: PingRequest) -> None:
    assert PingRequest.unpack(request_.pack(long_form=True)) == request_


def test_other_searches_are_no_ping() -> None:
    for search in (
        ldap.SearchRequest(1),
        ldap.SearchRequest(1, base="DC=a", attributes=("netlogon",)),
        ldap.SearchDone(1),
    ):
        with pytest.raises(WireError):
            PingRequest.unpack(search.pack())


def test_recorded_answers_say_what_the_dissector_read(recordings: Callable) -> None:
    for recorded in recordings("cldap"):
        answer, told = unpack_ping(recorded.response), recorded.expected
        assert (answer.entry_present, answer.code) == (True, int(told["ldap.resultCode"]))
        reply = answer.netlogon
        assert reply is not None
        read = {
            "netlogon.opcode": str(reply.opcode.value),
            "netlogon.flags": f"0x{reply.flags:08x}",
            "domain.guid": reply.domain_guid,
            "forest": reply.forest,
            "domain": reply.domain,
            "hostname": reply.host,
            "nb_domain": reply.netbios_domain,
            "nb_hostname": reply.netbios_host,
            "username": reply.user,
            "sitename": reply.site,
            "clientsitename": reply.client_site,
            "ntver.flags": f"0x{reply.nt_version:08x}",
        }
        assert read == {key: told[f"mscldap.{key}"] for key in read}, recorded.name
        words = {"good_timeserv": "good-time", "timeserv": "time"}
        for flag in ("pdc", "gc", "ldap", "ds", "kdc", "timeserv", "closest", "writable", "good_timeserv", "rodc"):
            assert (words.get(flag, flag) in reply.roles) == (told[f"mscldap.netlogon.flags.{flag}"] == "1"), flag


def test_recorded_answers_are_rebuilt_byte_by_byte(recordings: Callable) -> None:
    for recorded in recordings("cldap"):
        entry = ldap.unpack_messages(recorded.response)[0].op
        blob = entry.first_bytes("netlogon")
        assert NetlogonReply.unpack(blob).pack() == blob, recorded.name


@pytest.mark.parametrize("reply", [FULL, SHORT, NT4, CLOSEST], ids=lambda r: f"{r.opcode.name}-{r.nt_version}")
def test_answers_of_every_form_survive_the_way_there_and_back(reply: NetlogonReply) -> None:
    assert unpack_ping(pack_ping(5, reply, long_form=True)) == PingAnswer(True, 0, reply, 5)


@pytest.mark.parametrize("reply", [FULL, SHORT, NT4, CLOSEST], ids=lambda r: f"{r.opcode.name}-{r.nt_version}")
def test_every_truncation_of_an_answer_is_an_error(reply: NetlogonReply) -> None:
    blob, datagram = reply.pack(), pack_ping(1, reply)
    for size in range(len(blob)):
        with pytest.raises(WireError):
            NetlogonReply.unpack(blob[:size])
    for size in range(len(datagram)):
        with pytest.raises(WireError):
            unpack_ping(datagram[:size])


def test_a_domain_the_controller_does_not_host_is_a_success_without_value() -> None:
    done = ldap.SearchDone(4).pack(long_form=True)
    assert unpack_ping(done) == unpack_ping(pack_ping(4, None)) == PingAnswer(False, 0, None, 4)
    assert unpack_ping(ldap.SearchEntry(4).pack() + done) == PingAnswer(True, 0, None, 4)
    assert unpack_ping(ldap.SearchEntry(4, "", (("netlogon", ()),)).pack() + done).netlogon is None


def test_the_address_some_servers_add_is_stepped_over() -> None:
    plain = FULL.pack()
    with_address = plain[:-8] + bytes((16,)) + bytes(16) + (13).to_bytes(4, "little") + plain[-4:]
    assert NetlogonReply.unpack(with_address) == replace(FULL, nt_version=13)


def test_paused_and_read_only_controllers_are_told_by_opcode_and_flags() -> None:
    assert (FULL.paused, CLOSEST.paused, NT4.paused) == (False, True, False)
    assert replace(FULL, flags=NetlogonFlags.SELECT_SECRET | NetlogonFlags.KDC).roles == ("kdc", "rodc")
    assert "rodc" not in replace(FULL, flags=NetlogonFlags.SELECT_SECRET | NetlogonFlags.WRITABLE).roles
    assert FULL.roles == (
        "pdc", "gc", "ldap", "ds", "kdc", "time", "closest", "writable", "good-time", "adws", "full-secret",
    )  # fmt: skip


def test_unknown_flag_bits_survive() -> None:
    future = replace(FULL, flags=NetlogonFlags(0xC0040101))
    assert NetlogonReply.unpack(future.pack()).flags == 0xC0040101


def test_an_opcode_nobody_knows_is_an_error() -> None:
    with pytest.raises(WireError, match="opcode 99"):
        NetlogonReply.unpack(b"\x63" + FULL.pack()[1:])


def test_names_point_back_to_endings_and_never_forward_or_round() -> None:
    packer = NamePacker(b"")
    for name in ("alpha.test", "dc1.alpha.test", "alpha.test", ""):
        packer.add(name)
    assert packer.data == b"\x05alpha\x04test\0" + b"\x03dc1\xc0\0" + b"\xc0\0" + b"\0"
    for loop in (b"\xc0\0", b"\x01a\xc0\0", b"\xc0\x02\xc0\0", b"\x80a", b"\xc0", b"\x05al", b""):
        with pytest.raises(WireError):
            read_name(loop, 0, len(loop))


def test_a_name_that_grows_through_pointers_ends_at_255_bytes() -> None:
    label, start, data = b"\x3f" + b"a" * 63, 0, b""
    for depth in range(4):
        target, start = start, len(data)
        data += label + ((0xC000 | target).to_bytes(2, "big") if depth else b"\0")
    with pytest.raises(WireError, match="255"):
        read_name(data, start, len(data))


@given(st.binary(max_size=120), st.sampled_from([r.pack() for r in (FULL, SHORT, NT4, CLOSEST)]), st.data())
def test_noise_and_damage_raise_nothing_but_wire_errors(noise: bytes, blob: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(blob) - 1))
    for hostile in (noise, b"\x17\0" + noise, b"\x13\0" + noise, blob[:place] + noise + blob[place + len(noise) :]):
        entry = ldap.SearchEntry(1, "", (("netlogon", (hostile,)),)).pack() + ldap.SearchDone(1).pack()
        for read, given_ in ((NetlogonReply.unpack, hostile), (unpack_ping, entry), (PingRequest.unpack, hostile)):
            with suppress(WireError):
                read(given_)


def with_address(sockaddr: bytes) -> NetlogonReply:
    """An answer of the form that 5EX_WITH_IP asks for (MS-ADTS 6.3.1.9): the address stands after the sites."""
    plain = NetlogonReply(Opcode.LOGON_EX, forest="a.test", domain="a.test", host="dc1.a.test", nt_version=5).pack()
    names, end = plain[:-8], plain[-8:]
    version = (int.from_bytes(end[:4], "little") | V5EX_WITH_IP).to_bytes(4, "little")
    return NetlogonReply.unpack(names + bytes([len(sockaddr)]) + sockaddr + version + end[4:])


@pytest.mark.parametrize(
    ("sockaddr", "address"),
    [
        (b"\2\0\0\0\x0a\x4d\2\x0a" + bytes(8), "10.77.2.10"),
        (b"\x17\0\0\0" + bytes(12), ""),  # of another family
        (b"\2\0\0\0\x0a", ""),  # cut short
        (b"", ""),
    ],
)
def test_the_address_that_a_controller_tells_of_itself(sockaddr: bytes, address: str) -> None:
    reply = with_address(sockaddr)
    assert (reply.address, reply.host, reply.domain) == (address, "dc1.a.test", "a.test")
