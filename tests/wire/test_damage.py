"""Damaged and hostile bytes: every codec here answers them with WireError, and with nothing else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portcheck.wire import WireError, epm, fingerprint, http, nbt, nmf, ntp, rpc, smb, spnego, tds, wsman

NETLOGON = "12345678-1234-abcd-ef00-01234567cffb"
GUID = "99a80eae-1f7b-46f2-bb24-30163630408c"
TOWERS = epm.MapAnswer(0, (epm.Tower(NETLOGON, 1, tcp_port=49668), epm.Tower(NETLOGON, 1, named_pipe=r"\PIPE\lsass")))
SMB_ANSWER = smb.NegotiateResponse(0, 0x0311, 3, GUID, 0x2F, 1.6e9, None, smb.MECHANISMS)
HTTP_HEAD = b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n"

Unpack = Callable[[bytes], object]

MESSAGES: dict[str, tuple[Unpack, bytes]] = {
    "bind": (rpc.unpack, rpc.Bind(1, NETLOGON, 1).pack()),
    "bind_ack": (rpc.unpack, rpc.BindAck(1, ((0, 0), (2, 1)), "49668").pack()),
    "bind_nak": (rpc.unpack, rpc.BindNak(4).pack()),
    "request": (rpc.unpack, epm.map_request(NETLOGON, 1, 1)),
    "response": (rpc.unpack, rpc.RpcResponse(1, TOWERS.pack()).pack()),
    "fault": (rpc.unpack, rpc.Fault(1, 5).pack()),
    "ept_map request": (epm.MapRequest.unpack, epm.MapRequest(NETLOGON, 1).pack()),
    "ept_map answer": (epm.unpack_map, TOWERS.pack()),
    "smb request": (smb.NegotiateRequest.unpack, smb.negotiate_request(bytes(16), bytes(32))),
    "smb answer": (smb.NegotiateResponse.unpack, SMB_ANSWER.pack()),
    "node status": (nbt.unpack_nbstat, nbt.NodeStatus(1, (("DC1", 0, False),)).pack()),
    "node status request": (nbt.unpack_nbstat_request, nbt.nbstat_request(1)),
    "session request": (nbt.SessionRequest.unpack, nbt.session_request()),
    "session retarget": (nbt.SessionReply.unpack, nbt.SessionReply("retarget", address="10.0.0.1", port=139).pack()),
    "ntp request": (ntp.NtpRequest.unpack, ntp.NtpRequest(b"8 bytes.").pack()),
    "ntp reply": (ntp.NtpReply.unpack, ntp.NtpReply(0, 4, 2, "LOCL", bytes(8), 1.6e9, 1.6e9).pack()),
    "preamble": (nmf.Preamble.unpack, nmf.preamble("dc1.alpha.test")),
    "framing fault": (nmf.unpack_reply, nmf.NmfReply("fault", nmf.FAULTS + "UpgradeInvalid").pack()),
    "http head": (http.HttpResponse.unpack, HTTP_HEAD),
    "http request": (http.HttpRequest.unpack, http.request("GET", "dc1.alpha.test")),
    "pre-login": (tds.PreLogin.unpack, tds.PreLogin((16, 0, 1000), reply=True).pack()),
}

FRAMES: dict[str, tuple[Callable[[bytes], int | None], bytes]] = {
    "rpc": (rpc.frame, rpc.BindAck(1, ((0, 0),), "135").pack()),
    "smb": (smb.frame, SMB_ANSWER.pack()),
    "nbt": (nbt.frame, nbt.session_request()),
    "nmf": (nmf.frame, nmf.NmfReply("fault", nmf.FAULTS + "x" * 100).pack()),
    "nmf preamble": (nmf.frame_preamble, nmf.preamble("dc1.alpha.test")),
    "http": (http.frame, wsman.identify_request("dc1.alpha.test")),
    "tds": (tds.frame, tds.PreLogin(reply=True).pack()),
}


def only_wire_errors(read: Callable[[bytes], object], data: bytes) -> None:
    with suppress(WireError):
        read(data)


@pytest.mark.parametrize("kind", MESSAGES)
def test_every_truncation_of_a_valid_message_is_refused(kind: str) -> None:
    unpack, message = MESSAGES[kind]
    unpack(message)
    for length in range(len(message)):
        with pytest.raises(WireError):
            unpack(message[:length])


@pytest.mark.parametrize("kind", ["rpc", "smb", "nbns", "epm"])
def test_every_truncation_of_a_recorded_answer_is_refused(recordings, kind: str) -> None:
    unpack: dict[str, Unpack] = {
        "rpc": rpc.unpack,
        "epm": rpc.unpack,
        "smb": smb.NegotiateResponse.unpack,
        "nbns": nbt.unpack_nbstat,
    }
    for recorded in recordings(kind):
        for length in range(len(recorded.response)):
            with pytest.raises(WireError):
                unpack[kind](recorded.response[:length])


@pytest.mark.parametrize("kind", FRAMES)
def test_a_frame_is_not_known_until_it_is_and_then_does_not_change(kind: str) -> None:
    frame, message = FRAMES[kind]
    told = [frame(message[:length]) for length in range(len(message) + 1)]
    first = told.index(len(message))
    assert told == [None] * first + [len(message)] * (len(message) + 1 - first)


@pytest.mark.parametrize("kind", MESSAGES)
@given(data=st.data())
def test_a_damaged_message_is_read_or_refused(kind: str, data: st.DataObject) -> None:
    unpack, message = MESSAGES[kind]
    places = st.integers(0, len(message) - 1)
    damage = data.draw(st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=6))
    damaged = bytearray(message)
    for place, byte in damage:
        damaged[place] = byte
    only_wire_errors(unpack, bytes(damaged) + data.draw(st.binary(max_size=8)))


@pytest.mark.parametrize("kind", FRAMES)
@given(noise=st.binary(max_size=64), keep=st.integers(0, 12))
def test_noise_never_frames_to_nothing_or_without_bound(kind: str, noise: bytes, keep: int) -> None:
    frame, message = FRAMES[kind]
    try:
        length = frame(message[:keep] + noise)
    except WireError:
        return
    assert length is None or 0 < length <= 4 + smb.MAX_MESSAGE


@given(noise=st.binary(max_size=200))
def test_noise_is_never_more_than_a_wire_error(noise: bytes) -> None:
    for unpack, _ in MESSAGES.values():
        only_wire_errors(unpack, noise)
    for word in (epm.NDR32, epm.NDR64):
        only_wire_errors(lambda stub, word=word: epm.unpack_map(stub, word), noise)
        only_wire_errors(lambda stub, word=word: epm.MapRequest.unpack(stub, word), noise)
    assert isinstance(spnego.mechanisms(noise), tuple)
    assert wsman.product(noise) is None
    assert fingerprint.name(noise) != ""


@given(tail=st.binary(max_size=120))
def test_noise_behind_a_true_beginning_is_never_more_than_a_wire_error(tail: bytes) -> None:
    for unpack, message in MESSAGES.values():
        for keep in (4, 16, 64):
            only_wire_errors(unpack, message[:keep] + tail)
    assert isinstance(spnego.mechanisms(spnego.pack(("KRB5",))[:16] + tail), tuple)
