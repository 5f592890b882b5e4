"""NetBIOS: the table of names, and the session request before SMB on 139."""

from __future__ import annotations

import pytest
from scapy.layers.netbios import NBNSHeader, NBNSNodeStatusResponse

from portcheck.wire import WireError, nbt

DC = nbt.NodeStatus(7, (("DC1", 0x00, False), ("ALPHA", 0x1C, True), ("ALPHA", 0x1B, False)), "00:0d:3a:1e:0f:00")


def test_the_question_is_byte_for_byte_a_recorded_clients(recordings) -> None:
    for recorded in recordings("nbns"):
        transaction_id = int.from_bytes(recorded.request[:2], "big")
        assert nbt.nbstat_request(transaction_id) == recorded.request
        assert nbt.unpack_nbstat_request(recorded.request) == transaction_id


def test_recorded_answers_list_the_names_an_independent_dissector_read(recordings) -> None:
    for recorded in recordings("nbns"):
        status, expected = nbt.unpack_nbstat(recorded.response), recorded.expected
        assert status.transaction_id == int.from_bytes(recorded.request[:2], "big")
        assert [name for name, _, _ in status.names] == expected["nbns.netbios_name"]
        assert [group for _, _, group in status.names] == [
            bool(int(flags, 16) & nbt.GROUP) for flags in expected["nbns.name_flags"]
        ]
        assert status.mac == "00:0d:3a:1e:0f:00"


def test_an_answer_comes_back_as_it_was_packed() -> None:
    assert nbt.unpack_nbstat(DC.pack()) == DC
    assert nbt.unpack_nbstat(nbt.NodeStatus(7, ()).pack()) == nbt.NodeStatus(7, ())


def test_scapy_reads_our_answer_as_we_meant_it() -> None:
    packet = NBNSHeader(DC.pack())
    status = packet[NBNSNodeStatusResponse]
    assert packet.NAME_TRN_ID == 7
    assert [bytes(entry.NETBIOS_NAME).rstrip() for entry in status.NODE_NAME] == [b"DC1", b"ALPHA", b"ALPHA"]
    assert [entry.SUFFIX for entry in status.NODE_NAME] == [0x00, 0x1C, 0x1B]
    assert DC.mac == status.MAC_ADDRESS


def test_a_question_repeated_and_a_pointer_instead_of_the_name_are_read() -> None:
    raw = DC.pack()
    rest = raw[12 + nbt.ENCODED :]
    question = nbt.nbstat_request(7)[12:]
    echoed = raw[:4] + b"\0\x01\0\x01\0\0\0\0" + question + b"\xc0\x0c" + rest
    assert nbt.unpack_nbstat(echoed) == DC


def test_a_name_cannot_steer_the_terminal() -> None:
    status = nbt.unpack_nbstat(nbt.NodeStatus(7, (("\x1b[2J\x07X", 0x20, False),)).pack())
    assert status.names[0][0].isprintable()


def test_no_answer_is_made_of_a_question_an_error_or_another_record() -> None:
    raw = DC.pack()
    question = nbt.nbstat_request(7)
    name_error = raw[:3] + b"\x03" + raw[4:]
    other_type = raw[:46] + b"\x00\x20" + raw[48:]
    endless = raw[:12] + b"\x01A" * 40
    for wrong in (question, name_error, other_type, endless):
        with pytest.raises(WireError):
            nbt.unpack_nbstat(wrong)
    with pytest.raises(WireError):
        nbt.unpack_nbstat_request(raw)


def test_the_session_request_names_whoever_listens() -> None:
    raw = nbt.session_request()
    assert raw[:4].hex() == "81000044"
    assert raw[4:38] == b" CKFDENECFDEFFCFGEFFCCACACACACACA\0"  # *SMBSERVER<20>
    assert nbt.SessionRequest.unpack(raw) == nbt.SessionRequest("*SMBSERVER", "PORTCHECK")


@pytest.mark.parametrize(
    ("raw", "reply"),
    [
        ("82000000", nbt.SessionReply("positive")),
        ("830000018f", nbt.SessionReply("negative", code=0x8F)),  # recorded from Windows
        ("8300000182", nbt.SessionReply("negative", code=0x82)),
        ("840000060a4d010a008b", nbt.SessionReply("retarget", address="10.77.1.10", port=139)),
    ],
)
def test_each_session_reply_is_read_and_written(raw: str, reply: nbt.SessionReply) -> None:
    assert nbt.SessionReply.unpack(bytes.fromhex(raw)) == reply
    assert reply.pack().hex() == raw
    assert nbt.frame(bytes.fromhex(raw)) == len(bytes.fromhex(raw))
    assert reply.accepted == (reply.kind == "positive")


@pytest.mark.parametrize("foreign", [b"\x00", b"HTTP", b"\x82\x00\x02\x00", b"\x85\x00\x00\x00"])
def test_what_cannot_be_a_session_packet_is_refused(foreign: bytes) -> None:
    with pytest.raises(WireError):
        nbt.frame(foreign)
