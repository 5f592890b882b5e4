"""kpasswd frames: the request real servers need, and refusals framed, bare and half-said."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portcheck.wire import WireError, ber, kerberos, kpasswd
from portcheck.wire.kerberos import ErrorCode, KrbError
from portcheck.wire.kpasswd import KpasswdReply, KpasswdRequest, unpack_reply

NOISE = bytes(range(256)) + bytes(range(kpasswd.ENTROPY - 256))
PLAIN = KrbError(ErrorCode(60), "ALPHA.TEST", kpasswd.SERVICE, 1795383359.0)
TOLD = KrbError(
    ErrorCode(2), "ALPHA.TEST", kpasswd.SERVICE, 1795383359.5, kpasswd.e_data(2, "NT_STATUS_LOGON_FAILURE\n")
)
REPLIES = tuple(
    reply
    for framed in (True, False)
    for reply in (KpasswdReply(framed, PLAIN), KpasswdReply(framed, TOLD, 2, "NT_STATUS_LOGON_FAILURE"))
)


def test_the_least_request_is_the_16_bytes_that_were_answered() -> None:
    assert kpasswd.minimal_request() == bytes.fromhex("0010000100056e033001007503300100")


@pytest.mark.parametrize("version", [kpasswd.CHANGE, kpasswd.SET])
def test_the_request_is_well_formed_for_an_independent_decoder(version: int) -> None:
    scapy = pytest.importorskip("scapy.layers.kerberos", exc_type=ImportError)
    packed = kpasswd.request("ALPHA.TEST", NOISE, version)
    read = scapy.KPASSWD_REQ(packed)
    assert (read.len, read.pvno) == (len(packed), version)
    ap_req, private = read.apreq, read.krbpriv
    assert isinstance(ap_req, scapy.KRB_AP_REQ)
    assert (ap_req.pvno.val, ap_req.msgType.val, ap_req.apOptions.val) == (5, 14, "0" * 32)
    assert ap_req.ticket.realm.val == b"ALPHA.TEST"
    assert [part.val for part in ap_req.ticket.sname.nameString] == [b"kadmin", b"changepw"]
    assert (ap_req.ticket.encPart.etype.val, ap_req.ticket.encPart.kvno.val) == (18, 2)
    assert isinstance(private, scapy.KRB_PRIV)
    ciphers = (ap_req.ticket.encPart.cipher.val, ap_req.authenticator.cipher.val, private.encPart.cipher.val)
    assert b"".join(ciphers) == NOISE
    assert [len(cipher) for cipher in ciphers] == [200, 100, 60]


def test_a_request_wants_enough_chance() -> None:
    with pytest.raises(ValueError, match="360"):
        kpasswd.request("ALPHA.TEST", NOISE[:-1])


def test_requests_are_understood_with_their_realm_if_they_are_well_formed() -> None:
    for version in (kpasswd.CHANGE, kpasswd.SET):
        packed = kpasswd.request("ALPHA.TEST", NOISE, version)
        assert KpasswdRequest.unpack(packed) == KpasswdRequest(version, "ALPHA.TEST")
    assert KpasswdRequest.unpack(kpasswd.minimal_request()) == KpasswdRequest(1, None)


@pytest.mark.parametrize(
    "silent", ["", "000000000000", "000600010000", "00080001000031", "000700010001aa", "0007000100026e"]
)
def test_what_real_servers_leave_unanswered_is_an_error(silent: str) -> None:
    with pytest.raises(WireError):
        KpasswdRequest.unpack(bytes.fromhex(silent))


@pytest.mark.parametrize("reply", REPLIES, ids=lambda r: f"{'framed' if r.framed else 'bare'}-{r.result_code}")
def test_refusals_survive_the_way_there_and_back(reply: KpasswdReply) -> None:
    assert unpack_reply(reply.pack()) == reply
    assert kpasswd.payload(kpasswd.tcp(reply.pack())) == reply.pack()


@pytest.mark.parametrize("reply", REPLIES, ids=lambda r: f"{'framed' if r.framed else 'bare'}-{r.result_code}")
def test_every_truncation_of_a_refusal_is_an_error(reply: KpasswdReply) -> None:
    packed = reply.pack()
    for size in range(len(packed)):
        with pytest.raises(WireError):
            unpack_reply(packed[:size])


def test_a_framed_refusal_says_its_lengths_first() -> None:
    packed = KpasswdReply(framed=True, error=PLAIN).pack()
    assert packed[:6] == len(packed).to_bytes(2, "big") + b"\0\1" + b"\0\0"
    assert packed[6:] == PLAIN.pack()


def test_a_bare_refusal_with_a_primitive_tag_counts() -> None:
    packed = b"\x5e" + PLAIN.pack()[1:]
    assert unpack_reply(packed) == KpasswdReply(framed=False, error=PLAIN)


def test_other_e_data_is_no_kpasswd_code() -> None:
    other = KrbError(ErrorCode(60), e_data=bytes.fromhex("3015a103020103a20e040c6c0200c00000000003000000"))
    assert unpack_reply(other.pack()) == KpasswdReply(framed=False, error=other)


def test_an_ap_rep_counts_and_is_not_read() -> None:
    ap_rep, private = ber.tlv(0x6F, b"\x30\0"), ber.tlv(0x75, b"\x30\0")
    body = b"\0\1" + len(ap_rep).to_bytes(2, "big") + ap_rep + private
    packed = (2 + len(body)).to_bytes(2, "big") + body
    assert unpack_reply(packed) == KpasswdReply(framed=True, error=None)
    for size in range(len(packed)):
        with pytest.raises(WireError):
            unpack_reply(packed[:size])
    with pytest.raises(ValueError, match="refusals"):
        unpack_reply(packed).pack()


def test_the_stream_framing_is_that_of_kerberos() -> None:
    assert (kpasswd.frame, kpasswd.tcp, kpasswd.payload) == (kerberos.frame, kerberos.tcp, kerberos.payload)


@given(st.binary(max_size=120), st.sampled_from([r.pack() for r in REPLIES]), st.data())
def test_noise_and_damage_raise_nothing_but_wire_errors(noise: bytes, packed: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(packed) - 1))
    framed = (6 + len(noise)).to_bytes(2, "big") + b"\0\1\0\0" + noise
    for hostile in (noise, b"\x7e" + noise, framed, packed[:place] + noise + packed[place + len(noise) :]):
        for read in (unpack_reply, KpasswdRequest.unpack):
            with suppress(WireError):
                read(hostile)
