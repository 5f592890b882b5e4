"""DCE/RPC: bind and call, against recorded servers and an independent dissector."""

from __future__ import annotations

import pytest
from scapy.layers.dcerpc import DceRpc5, DceRpc5Bind, DceRpc5BindAck, DceRpc5BindNak, DceRpc5Fault

from portcheck.wire import WireError, epm, guid, rpc

NETLOGON = "12345678-1234-abcd-ef00-01234567cffb"
BIND_EPM = (  # as Windows clients with one context send it
    "05000b03100000004800000001000000b810b8100000000001000000000001000883afe11f5dc91191a408002b14a0fa"
    "03000000045d888aeb1cc9119fe808002b10486002000000"
)


def test_a_bind_to_the_endpoint_mapper_is_byte_for_byte_the_known_one() -> None:
    bind = rpc.Bind(1, epm.INTERFACE, epm.VERSION)
    assert bind.pack().hex() == BIND_EPM
    assert rpc.unpack(bind.pack()) == bind


@pytest.mark.parametrize(
    "message",
    [
        rpc.Bind(7, NETLOGON, 1, (rpc.NDR, "71710533-beba-4937-8319-b5dbef9ccc36")),
        rpc.BindAck(7, ((2, 1), (0, 0)), "49668", 5840),
        rpc.BindAck(7, ((2, 1),), ""),
        rpc.BindNak(4, call_id=7),
        rpc.RpcRequest(7, 3, b"stub"),
        rpc.RpcResponse(7, b"part", last=False),
        rpc.RpcResponse(7, b"", first=False),
        rpc.Fault(7, rpc.ACCESS_DENIED),
    ],
    ids=lambda message: type(message).__name__,
)
def test_each_pdu_comes_back_as_it_was_packed(message: rpc.Bind) -> None:
    raw = message.pack()
    assert rpc.frame(raw + b"surplus") == len(raw)
    assert rpc.unpack(raw + b"surplus") == message


def test_recorded_bind_acks_say_what_an_independent_dissector_read(recordings) -> None:
    for recorded in recordings("rpc"):
        ack, expected = rpc.unpack(recorded.response), recorded.expected
        assert isinstance(ack, rpc.BindAck), recorded.name
        results = expected["dcerpc.cn_ack_result"]
        assert [str(verdict) for verdict, _ in ack.results] == (results if isinstance(results, list) else [results])
        assert ack.secondary_address == expected["dcerpc.cn_sec_addr"]
        assert ack.max_xmit == int(expected["dcerpc.cn_max_xmit"])
        assert ack.call_id == int(expected["dcerpc.cn_call_id"])
        assert ack.accepted


def test_recorded_binds_offer_as_many_contexts_as_were_answered(recordings) -> None:
    for recorded in recordings("rpc"):
        bind, ack = rpc.unpack(recorded.request), rpc.unpack(recorded.response)
        assert isinstance(bind, rpc.Bind)
        assert isinstance(ack, rpc.BindAck)
        assert len(bind.offered) == len(ack.results), recorded.name
        assert bind.offered[0] == rpc.NDR


def test_a_bind_ack_is_accepted_by_one_good_context_and_refused_without() -> None:
    assert rpc.BindAck(1, ((2, 2), (0, 0), (3, 3))).accepted
    assert not rpc.BindAck(1, ((rpc.PROVIDER_REJECTION, rpc.ABSTRACT_SYNTAX_NOT_SUPPORTED),)).accepted
    assert not rpc.BindAck(1, ()).accepted


def test_random_padding_of_windows_is_passed_over() -> None:
    ack = rpc.BindAck(1, ((0, 0),), "49668")
    raw = bytearray(ack.pack())
    assert raw[26:32] == b"49668\0"
    for place in (33, 34, 35):  # after the number of contexts
        raw[place] = 0xA5
    assert rpc.unpack(bytes(raw)) == ack
    odd = bytearray(rpc.BindAck(1, ((0, 0),), "135").pack())
    odd[30:32] = b"\xa5\xa5"  # after the address
    assert rpc.unpack(bytes(odd)) == rpc.BindAck(1, ((0, 0),), "135")


def test_an_object_id_and_an_authentication_trailer_are_no_part_of_the_stub() -> None:
    raw = bytearray(rpc.RpcRequest(1, 3, bytes(16) + b"stub").pack())
    raw[3] |= rpc.OBJECT
    raw += b"\xa5\xa5\xa5\xa5" + b"\x0a\x02\x04\x00\0\0\0\0" + b"secret"  # 4 bytes padding, trailer, 6 bytes value
    raw[8:10] = len(raw).to_bytes(2, "little")
    raw[10:12] = (6).to_bytes(2, "little")
    assert rpc.unpack(bytes(raw)) == rpc.RpcRequest(1, 3, b"stub")


def test_what_cannot_be_this_protocol_is_refused_at_its_first_wrong_byte() -> None:
    big_endian = bytes.fromhex("05000c0300000000")
    for foreign in (b"H", b"\x16", b"\x05\x02", big_endian, bytes.fromhex("05000c03100000000f00000001000000")):
        with pytest.raises(WireError):
            rpc.frame(foreign)
    for incomplete in (b"", b"\x05", b"\x05\x00", bytes.fromhex("05000c03100000003c0000000100")):
        assert rpc.frame(incomplete) is None


def test_a_type_without_a_place_here_is_refused() -> None:
    shutdown = bytes.fromhex("05001103100000001000000001000000")
    with pytest.raises(WireError, match="type 17"):
        rpc.unpack(shutdown)


def test_scapy_reads_our_pdus_as_we_meant_them() -> None:
    bind = DceRpc5(rpc.Bind(9, NETLOGON, 1).pack())
    assert bind.call_id == 9
    context = bind[DceRpc5Bind].context_elem[0]
    assert str(context.abstract_syntax.if_uuid) == NETLOGON
    assert context.abstract_syntax.if_version == 1

    ack = DceRpc5(rpc.BindAck(9, ((0, 0), (2, 1)), "49668", 5840).pack())[DceRpc5BindAck]
    assert (ack.max_xmit_frag, ack.sec_addr.port_spec) == (5840, b"49668\0")
    assert [each.result for each in ack.results] == [0, 2]

    assert DceRpc5(rpc.BindNak(4, 9).pack())[DceRpc5BindNak].provider_reject_reason == 4
    assert DceRpc5(rpc.Fault(9, rpc.RANGE_ERROR).pack())[DceRpc5Fault].status == rpc.RANGE_ERROR


def test_guids_keep_microsofts_mixed_byte_order() -> None:
    assert guid.pack(epm.INTERFACE).hex() == "0883afe11f5dc91191a408002b14a0fa"
    assert guid.unpack(guid.pack(NETLOGON)) == NETLOGON
    assert guid.pack(NETLOGON.upper()) == guid.pack(NETLOGON)
    with pytest.raises(ValueError, match="not a GUID"):
        guid.pack("netlogon")
    with pytest.raises(WireError):
        guid.unpack(bytes(15))
