"""SMB2 NEGOTIATE: what a server tells before any logon."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
import scapy.layers.spnego  # noqa: F401  # GSSAPI_BLOB reads a NegTokenInit only where this is loaded
from scapy.layers.gssapi import GSSAPI_BLOB
from scapy.layers.smb2 import (
    SMB2_Header,
    SMB2_Negotiate_Protocol_Request,
    SMB2_Negotiate_Protocol_Response,
)

from portcheck.wire import WireError, smb, spnego

GUID = "99a80eae-1f7b-46f2-bb24-30163630408c"
SALT = bytes(range(32))
CLIENT = bytes(range(16))
ANSWER = smb.NegotiateResponse(
    status=0,
    dialect=0x0311,
    security_mode=3,
    server_guid=GUID,
    capabilities=0x2F,
    system_time=1_600_000_000.25,
    start_time=1_500_000_000.5,
    mechanisms=smb.MECHANISMS,
    contexts=(smb.PREAUTH_INTEGRITY, smb.ENCRYPTION),
)


def moment(text: str) -> float | None:
    """tshark's `Oct 21, 2021 11:49:04.139266800 UTC`; the zero FILETIME prints as the epoch."""
    whole, fraction = re.fullmatch(r"(.*)\.(\d{9}) UTC", text).groups()
    day = datetime.strptime(re.sub(" +", " ", whole), "%b %d, %Y %H:%M:%S").replace(tzinfo=UTC)
    return day.timestamp() + int(fraction) / 1e9 or None


def test_recorded_answers_say_what_an_independent_dissector_read(recordings) -> None:
    for recorded in recordings("smb"):
        answer, expected = smb.NegotiateResponse.unpack(recorded.response), recorded.expected
        names = tuple(spnego.NAMES[oid] for oid in expected["spnego.MechType"])
        kinds = expected.get("smb2.negotiate_context.type", [])
        assert answer.status == int(expected["smb2.nt_status"], 16), recorded.name
        assert answer.dialect == int(expected["smb2.dialect"], 16)
        assert answer.security_mode == int(expected["smb2.sec_mode"], 16)
        assert answer.signing_required == (expected["smb2.sec_mode.sign_required"] == "1")
        assert answer.server_guid == expected["smb2.server_guid"]
        assert answer.capabilities == int(expected["smb2.capabilities"], 16)
        assert answer.mechanisms == names
        assert answer.contexts == tuple(int(kind, 16) for kind in kinds)
        assert answer.system_time == pytest.approx(moment(expected["smb2.current_time"]), abs=1e-6)
        assert (answer.start_time or 0) == pytest.approx(moment(expected["smb2.boot_time"]) or 0, abs=1e-6)
        assert smb.frame(recorded.response) == len(recorded.response)


def test_recorded_requests_offer_the_dialect_that_was_chosen(recordings) -> None:
    for recorded in recordings("smb"):
        if recorded.request[4:8] == smb.PROTOCOL_SMB1:
            continue
        request = smb.NegotiateRequest.unpack(recorded.request)
        assert int(recorded.expected["smb2.dialect"], 16) in request.dialects, recorded.name
        assert len(request.salt) == 32


def test_the_request_comes_back_as_it_was_packed() -> None:
    raw = smb.negotiate_request(CLIENT, SALT)
    assert smb.frame(raw + b"more") == len(raw)
    assert smb.NegotiateRequest.unpack(raw) == smb.NegotiateRequest(CLIENT, SALT)
    old = smb.NegotiateRequest(CLIENT, dialects=(0x0202, 0x0210))
    assert smb.NegotiateRequest.unpack(old.pack()) == old


def test_scapy_reads_our_request_as_we_meant_it() -> None:
    packet = SMB2_Header(smb.negotiate_request(CLIENT, SALT)[4:])
    request = packet[SMB2_Negotiate_Protocol_Request]
    assert (packet.Command, packet.Status) == (0, 0)
    assert tuple(request.Dialects) == smb.DIALECTS
    preauth, encryption = request.NegotiateContexts
    assert (preauth.ContextType, preauth.HashAlgorithms, preauth.Salt) == (1, [smb.SHA_512], SALT)
    assert encryption.ContextType == smb.ENCRYPTION
    assert smb.AES_128_GCM in encryption.Ciphers


@pytest.mark.parametrize(
    "answer",
    [
        ANSWER,
        smb.NegotiateResponse(0, 0x0300, 1, GUID, 0x47, 1_600_000_000.25),
        smb.NegotiateResponse(0, 0x0311, 1, GUID, contexts=(1, 2)),
        smb.NegotiateResponse(smb.NOT_SUPPORTED),
    ],
    ids=["3.1.1", "3.0 without mechanisms", "3.1.1 without mechanisms", "no dialect in common"],
)
def test_an_answer_comes_back_as_it_was_packed(answer: smb.NegotiateResponse) -> None:
    raw = answer.pack(SALT)
    assert smb.frame(raw) == len(raw)
    assert smb.NegotiateResponse.unpack(raw) == answer


def test_scapy_reads_our_answer_as_we_meant_it() -> None:
    packet = SMB2_Header(ANSWER.pack(SALT)[4:])
    answer = packet[SMB2_Negotiate_Protocol_Response]
    assert (answer.DialectRevision, int(answer.SecurityMode)) == (0x0311, 3)
    assert str(answer.GUID) == GUID
    assert [context.ContextType for context in answer.NegotiateContexts] == [1, 2]
    mechanisms = GSSAPI_BLOB(bytes(answer.SecurityBlob)).innerToken.token.mechTypes
    assert tuple(spnego.NAMES[mechanism.oid.val] for mechanism in mechanisms) == smb.MECHANISMS


def test_an_error_header_is_an_answer() -> None:
    answer = smb.NegotiateResponse.unpack(smb.NegotiateResponse(smb.NOT_SUPPORTED).pack())
    assert (answer.status, answer.dialect, answer.signing_required) == (0xC00000BB, None, False)


def test_an_smb1_answer_is_recognised() -> None:
    # header of MS-CIFS 2.2.3.1 with the reply flag, one word: no dialect was chosen (0xFFFF)
    smb1 = b"\xffSMB\x72" + bytes(4) + b"\x98" + bytes(22) + b"\x01\xff\xff\x00\x00"
    answer = smb.NegotiateResponse.unpack(len(smb1).to_bytes(4, "big") + smb1)
    assert answer.smb1
    assert answer.dialect is None


def test_our_own_request_come_back_is_no_answer() -> None:
    with pytest.raises(WireError, match="not an answer"):
        smb.NegotiateResponse.unpack(smb.negotiate_request(CLIENT, SALT))


def test_offsets_outside_the_message_are_refused() -> None:
    raw = ANSWER.pack(SALT)
    for place, value in ((4 + 64 + 56, 0xFFF0), (4 + 64 + 58, 0xFFF0), (4 + 64 + 60, 0xFFFF), (4 + 64 + 60, 8)):
        bad = bytearray(raw)
        bad[place : place + 2] = value.to_bytes(2, "little")
        with pytest.raises(WireError):
            smb.NegotiateResponse.unpack(bytes(bad))


def test_contexts_that_run_past_the_end_or_are_too_many_are_refused() -> None:
    message = ANSWER.pack(SALT)[4:]
    last = len(message) - 12  # the encryption context: header 8, one cipher 4
    overlong = message[: last + 2] + b"\xf0\xff" + message[last + 4 :]
    with pytest.raises(WireError, match="context ends early"):
        smb.NegotiateResponse.unpack(len(overlong).to_bytes(4, "big") + overlong)
    crowd = smb.MAX_CONTEXTS + 1
    crowded = message[:70] + crowd.to_bytes(2, "little") + message[72:] + bytes(4) + bytes(8 * crowd)
    with pytest.raises(WireError, match="17 negotiate contexts"):
        smb.NegotiateResponse.unpack(len(crowded).to_bytes(4, "big") + crowded)


def test_a_hint_that_is_no_spnego_leaves_the_answer_standing() -> None:
    raw = bytearray(ANSWER.pack(SALT))
    raw[4 + 128 : 4 + 136] = b"NTLMSSP\0"
    answer = smb.NegotiateResponse.unpack(bytes(raw))
    assert answer.mechanisms == ()
    assert answer.dialect == 0x0311


def test_our_mechanism_list_is_byte_for_byte_a_windows_servers(recordings) -> None:
    for recorded in recordings("smb"):
        if len(recorded.expected["spnego.MechType"]) == len(smb.MECHANISMS):
            assert recorded.response[132 : 132 + 120] == spnego.pack(smb.MECHANISMS), recorded.name


def test_an_unknown_mechanism_keeps_its_numbers() -> None:
    assert spnego.mechanisms(spnego.pack(("2.16.840.1.113730", "NTLMSSP"))) == ("2.16.840.1.113730", "NTLMSSP")


@pytest.mark.parametrize(
    "foreign", [b"\x81\0\0\0", b"H", b"\0\0\0\x40HTTP", b"\0\xff\xff\xff\xfeSMB", b"\0\0\0\x08\xfeSMB"]
)
def test_what_cannot_be_smb_is_refused_by_its_first_bytes(foreign: bytes) -> None:
    with pytest.raises(WireError):
        smb.frame(foreign)
