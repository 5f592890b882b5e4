"""ept_map: the question for a port, and the towers that answer it."""

from __future__ import annotations

import struct

import pytest

from portcheck.wire import WireError, epm, rpc

NETLOGON = "12345678-1234-abcd-ef00-01234567cffb"
MAP_NETLOGON = (  # a recorded client's, with the address 0.0.0.0
    "05000003100000009c0000000100000084000000000003000100000000000000000000000000000000000000020000004b0000004b000000"
    "050013000d785634123412cdabef0001234567cffb01000200000013000d045d888aeb1cc9119fe808002b10486002000200000001000b02"
    "0000000100070200000001000904000000000000000000000000000000000000000000000000000001000000"
)
TOWER = epm.Tower(NETLOGON, 1, tcp_port=49668, address="172.16.5.58")
TOWER_NETLOGON = (
    "050013000d785634123412cdabef0001234567cffb01000200000013000d045d888aeb1cc9119fe808002b10486002000200000001000b02"
    "0000000100070200c2040100090400ac10053a"
)


def word(recorded) -> int:
    """Clients of the recordings with context 1 had chosen NDR64 there."""
    return epm.NDR64 if recorded.response[20:22] == b"\x01\x00" else epm.NDR32


def aslist(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]


def test_the_question_is_byte_for_byte_a_known_clients() -> None:
    assert epm.map_request(NETLOGON, 1, call_id=1, max_towers=1).hex() == MAP_NETLOGON


def test_a_tcp_tower_is_75_bytes_in_five_floors() -> None:
    assert TOWER.pack().hex() == TOWER_NETLOGON
    assert len(TOWER.pack()) == 75
    assert epm.Tower.unpack(bytes.fromhex(TOWER_NETLOGON)) == TOWER


def test_recorded_answers_give_the_ports_an_independent_dissector_read(recordings) -> None:
    for recorded in recordings("epm"):
        response = rpc.unpack(recorded.response)
        assert isinstance(response, rpc.RpcResponse)
        assert response.last
        answer, expected = epm.unpack_map(response.stub, word(recorded)), recorded.expected
        assert answer.status == int(expected["epm.rc"], 16), recorded.name
        assert len(answer.towers) == int(expected["epm.num_towers"])
        assert [str(port) for port in answer.ports] == aslist(expected["epm.proto.tcp_port"])
        assert [tower.address for tower in answer.towers] == aslist(expected["epm.proto.ip"])
        assert {tower.interface for tower in answer.towers} == {expected["epm.uuid"][0]}


def test_recorded_questions_ask_for_what_was_answered(recordings) -> None:
    for recorded in recordings("epm"):
        request = rpc.unpack(recorded.request)
        assert isinstance(request, rpc.RpcRequest)
        assert request.opnum == epm.MAP
        question = epm.MapRequest.unpack(request.stub, word(recorded))
        assert question.interface == recorded.expected["epm.uuid"][0], recorded.name
        assert int(recorded.expected["epm.num_towers"]) <= question.max_towers <= 4


@pytest.mark.parametrize(
    "answer",
    [
        epm.MapAnswer(0, (TOWER,)),
        epm.MapAnswer(epm.NOT_REGISTERED),
        epm.MapAnswer(
            0,
            (
                epm.Tower(NETLOGON, 1, named_pipe=r"\PIPE\lsass"),
                epm.Tower(NETLOGON, 1, http_port=593, address="10.0.0.1"),
                TOWER,
                TOWER,
            ),
        ),
    ],
    ids=["one", "not registered", "other transports beside it"],
)
def test_an_answer_comes_back_as_it_was_packed(answer: epm.MapAnswer) -> None:
    assert epm.unpack_map(answer.pack()) == answer


def test_only_tcp_ports_count_and_each_once() -> None:
    pipe = epm.Tower(NETLOGON, 1, named_pipe=r"\PIPE\lsass")
    web = epm.Tower(NETLOGON, 1, http_port=593)
    assert epm.MapAnswer(0, (pipe, TOWER, web, TOWER)).ports == (49668,)


def test_an_unknown_floor_is_passed_over_by_its_length() -> None:
    floors = bytes.fromhex(TOWER_NETLOGON)[2:]
    extra = b"\x03\x00\x44ab\x05\x00hello"
    assert epm.Tower.unpack(b"\x06\x00" + floors + extra) == TOWER


def test_counts_that_contradict_each_other_or_the_specification_are_refused() -> None:
    good = bytearray(epm.MapAnswer(0, (TOWER,)).pack())
    for place, value in ((20, 2), (32, 501), (40, 2001), (44, 74)):
        bad = bytearray(good)
        bad[place : place + 4] = value.to_bytes(4, "little")
        with pytest.raises(WireError):
            epm.unpack_map(bytes(bad))
    many = epm.MAX_TOWERS + 1
    nulls = bytes(20) + struct.pack("<IIII", many, many, 0, many) + bytes(4 * many) + bytes(4)
    with pytest.raises(WireError, match="501 towers"):
        epm.unpack_map(nulls)
    long = epm.Tower(NETLOGON, 1, named_pipe="x" * epm.MAX_TOWER_BYTES)
    with pytest.raises(WireError, match="tower of"):
        epm.unpack_map(epm.MapAnswer(0, (long,)).pack())
    with pytest.raises(WireError, match="floors"):
        epm.Tower.unpack(b"\xff\xff" + TOWER.pack()[2:])
    with pytest.raises(WireError, match="without an interface"):
        epm.Tower.unpack(b"\x00\x00")
