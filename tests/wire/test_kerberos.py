"""Kerberos messages against recorded Windows answers, an independent decoder, and damage."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portcheck.wire import WireError, ber, kerberos
from portcheck.wire.kerberos import AsRepSeen, AsRequest, ErrorCode, KrbError, Preauth, preauth

REQUEST = AsRequest("ALPHA.TEST", "DC1$", nonce=0x1234ABCD)
WINDOWS = KrbError(ErrorCode.KDC_ERR_C_PRINCIPAL_UNKNOWN, "ALPHA.TEST", "krbtgt/ALPHA.TEST", 1795383359.000042)
SAMBA = replace(
    WINDOWS,
    code=ErrorCode(25),
    crealm="ALPHA.TEST",
    cname="nobody",
    e_text="text",
    e_data=Preauth((18,), "SALT").pack(),
)


def messages(recorded: object) -> bytes:
    return kerberos.payload(recorded.response) if recorded.transport == "tcp" else recorded.response


def test_the_request_is_these_bytes() -> None:
    assert AsRequest("A", "c", nonce=1, etypes=(18,)).pack() == bytes.fromhex(
        "6a653063"  # AS-REQ
        "a103020105a20302010a"  # pvno, msg-type
        "a4573055"  # body
        "a00703050000000010"  # options: renewable-ok
        "a10e300ca003020101a10530031b0163"  # cname
        "a2031b0141"  # realm
        "a3163014a003020102a10d300b1b066b72627467741b0141"  # krbtgt/A
        "a511180f32303337303931333032343830355a"  # till
        "a703020101a8053003020112"  # nonce, etypes
    )  # fmt: skip


def test_an_independent_decoder_reads_the_request_alike() -> None:
    scapy = pytest.importorskip("scapy.layers.kerberos", exc_type=ImportError)
    request = replace(REQUEST, padding=200)
    read = scapy.Kerberos(request.pack()).root
    body = read.reqBody
    assert isinstance(read, scapy.KRB_AS_REQ)
    assert (read.pvno.val, read.msgType.val, body.nonce.val) == (5, 10, 0x1234ABCD)
    assert (body.realm.val, [part.val for part in body.cname.nameString]) == (b"ALPHA.TEST", [b"DC1$"])
    assert [part.val for part in body.sname.nameString] == [b"krbtgt", b"ALPHA.TEST"]
    assert [etype.val for etype in body.etype] == [18, 17, 20, 19, 23]
    assert body.kdcOptions.val == f"{0x10:032b}"
    assert (body.cname.nameType.val, body.sname.nameType.val, body.till.val) == (1, 2, kerberos.TILL)
    assert [entry.padataType.val for entry in read.padata] == [-1000]


def test_an_independent_decoder_reads_the_error_alike() -> None:
    scapy = pytest.importorskip("scapy.layers.kerberos", exc_type=ImportError)
    read = scapy.Kerberos(SAMBA.pack()).root
    assert isinstance(read, scapy.KRB_ERROR)
    assert (read.errorCode.val, read.realm.val, read.susec.val) == (25, b"ALPHA.TEST", 42)
    assert read.stime.datetime == datetime(2026, 11, 22, 21, 35, 59, tzinfo=UTC)
    assert (read.crealm.val, read.eText.val) == (b"ALPHA.TEST", b"text")
    assert [entry.padataType.val for entry in read.eData.seq] == [19, 2, 16, 15]


@pytest.mark.parametrize(
    "request_",
    [REQUEST, replace(REQUEST, cname=None), replace(REQUEST, padding=3000), replace(REQUEST, sname="kadmin/changepw")],
)
def test_requests_survive_the_way_there_and_back(request_: AsRequest) -> None:
    expected = replace(request_, sname=request_.sname or "krbtgt/ALPHA.TEST")
    assert AsRequest.unpack(request_.pack()) == expected


def test_padding_makes_the_request_as_large_as_wanted() -> None:
    assert len(replace(REQUEST, padding=4000).pack()) > 4000 > len(replace(REQUEST, padding=3800).pack())


def test_recorded_requests_of_windows_clients_are_understood(recordings: Callable) -> None:
    asked = [r for r in recordings("kerberos") if r.request]
    assert asked
    for recorded in asked:
        request = AsRequest.unpack(kerberos.payload(recorded.request))
        assert request.realm == recorded.expected["kerberos.realm"]
        assert request.sname == "/".join(recorded.expected["kerberos.SNameString"])
        assert request.padding == 0
        assert 18 in request.etypes
        assert request.cname


def test_recorded_errors_say_what_the_dissector_read(recordings: Callable) -> None:
    for recorded in recordings("kerberos"):
        error, told = kerberos.unpack_reply(messages(recorded)), recorded.expected
        assert isinstance(error, KrbError), recorded.name
        names = told["kerberos.SNameString"]
        assert error.sname == (names if isinstance(names, str) else "/".join(names)), recorded.name
        assert (str(error.code.value), error.realm) == (told["kerberos.error_code"], told["kerberos.realm"])
        assert str(error.sname_type) == told.get("kerberos.name_type", "2")
        stated = datetime.strptime(told["kerberos.stime"][:-14], "%b %d, %Y %H:%M:%S").replace(tzinfo=UTC)
        assert error.stime == stated.timestamp() + int(told["kerberos.susec"]) / 1_000_000
        assert (error.e_text, error.cname, error.crealm) == (None, None, None)


def test_recorded_pre_authentication_names_types_and_salt(recordings: Callable) -> None:
    salts = {}
    for recorded in recordings("kerberos"):
        found = preauth(KrbError.unpack(messages(recorded)).e_data)
        if "kerberos.padata_type" in recorded.expected:
            assert [str(kind) for kind in found.types] == recorded.expected["kerberos.padata_type"]
        if "kerberos.etype" in recorded.expected:
            assert [str(etype) for etype in found.etypes] == recorded.expected["kerberos.etype"]
            salts[recorded.name] = found.salt
        else:
            assert found is None, recorded.name
    assert salts["25-preauth-tcp-lsass-campaign-2"] == "PANDALAB.COMpedro.gustavo"
    assert salts["14-etype-nosupp-udp-denydc"] == "DENYDC.COMdes"


def test_recorded_errors_are_rebuilt_byte_by_byte(recordings: Callable) -> None:
    for recorded in recordings("kerberos"):
        error = KrbError.unpack(messages(recorded))
        assert error.pack() == messages(recorded), recorded.name
        found = preauth(error.e_data)
        if found is not None and recorded.name.startswith("25"):
            assert found.pack() == error.e_data, recorded.name


@pytest.mark.parametrize("error", [WINDOWS, SAMBA, KrbError(ErrorCode(52))], ids=lambda e: e.code.name)
def test_errors_survive_the_way_there_and_back(error: KrbError) -> None:
    assert kerberos.unpack_reply(error.pack()) == error


def test_a_code_without_name_keeps_its_number() -> None:
    error = KrbError.unpack(KrbError(ErrorCode(4711)).pack())
    assert (error.code, error.code.name) == (4711, "UNNAMED_4711")
    assert ErrorCode(68) is ErrorCode.KDC_ERR_WRONG_REALM


@pytest.mark.parametrize("packed", [REQUEST.pack(), WINDOWS.pack(), SAMBA.pack()], ids=["AS-REQ", "Windows", "Samba"])
def test_every_truncation_is_an_error_and_an_incomplete_frame(packed: bytes) -> None:
    for size in range(len(packed)):
        for read in (kerberos.unpack_reply, AsRequest.unpack):
            with pytest.raises(WireError):
                read(packed[:size])
    framed = kerberos.tcp(packed)
    assert [kerberos.frame(framed[:size]) for size in range(4)] == [None] * 4
    assert {kerberos.frame(framed[:size]) for size in range(4, len(framed) + 1)} == {len(framed)}
    with pytest.raises(WireError):
        kerberos.payload(framed[:-1])
    assert kerberos.payload(framed) == packed


@pytest.mark.parametrize("buffer", [b"HTTP", b"\x80\0\0\x10", b"\x16\x03\x01\x02", b"\x30\x0c\x02\x01"])
def test_foreign_frames_and_the_reserved_bit_are_refused(buffer: bytes) -> None:
    with pytest.raises(WireError):
        kerberos.frame(buffer)


def test_a_ticket_is_seen_and_not_kept() -> None:
    ticket = ber.tlv(0x6B, ber.tlv(0x30, b"secret"))
    assert kerberos.unpack_reply(ticket) == AsRepSeen()
    assert not kerberos.is_as_rep(ticket[:-1])
    with pytest.raises(WireError):
        kerberos.unpack_reply(ticket[:-1])


def test_other_versions_and_kinds_are_refused() -> None:
    packed = WINDOWS.pack()
    for right, wrong in (("a003020105", "a003020104"), ("a10302011e", "a10302010b"), ("a503", "a502")):
        damaged = bytes.fromhex(packed.hex().replace(right, wrong, 1))
        assert damaged != packed
        with pytest.raises(WireError):
            KrbError.unpack(damaged)


@pytest.mark.parametrize(
    "e_data",
    [
        None,
        b"",
        b"\0\2text",
        bytes.fromhex("3015a103020103a20e040c6c0200c00000000003000000"),  # KERB-ERROR-DATA (MS-KILE 2.2.2)
        bytes.fromhex("3009a003020180a1020400"),  # as a Windows KDC sent with code 7
        b"\x30\x80\0\0",
        Preauth((18,), "S").pack()[:-1],
    ],
)
def test_e_data_of_another_kind_is_no_pre_authentication(e_data: bytes | None) -> None:
    assert preauth(e_data) is None


def test_pre_authentication_without_encryption_types_is_still_one() -> None:
    """MS-KILE 3.3.5.1: a KDC that wants armour names PA-FX-FAST alone."""
    assert preauth(Preauth((), None, (136,)).pack()) == Preauth((), None, (136,))


@given(st.binary(max_size=200), st.sampled_from([REQUEST.pack(), WINDOWS.pack(), SAMBA.pack()]), st.data())
def test_noise_and_damage_raise_nothing_but_wire_errors(noise: bytes, packed: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(packed) - 1))
    damaged = packed[:place] + noise + packed[place + len(noise) :]
    for hostile in (
        noise,
        b"\x7e" + noise,
        packed[:place] + bytes((packed[place] ^ 1,)) + packed[place + 1 :],
        damaged,
    ):
        for read in (kerberos.unpack_reply, AsRequest.unpack, kerberos.frame, kerberos.payload, preauth):
            with suppress(WireError):
                read(hostile)
