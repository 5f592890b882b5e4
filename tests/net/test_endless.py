"""Peers that never stop talking: whoever listens to them lets others run, and gives up by bytes, pieces and records."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator

import pytest
from net import servers
from patience import PATIENT

from portcheck.model import State
from portcheck.net import http
from portcheck.net import stream as tcp
from portcheck.net.errors import NetError
from portcheck.net.network import Net
from portcheck.net.tls import contexts
from portcheck.wire import ldap

HELLO_REQUEST = bytes.fromhex("160303000400000000")  # RFC 5246, 7.4.1.1: to be ignored in the middle of a handshake
ENTRY = ldap.SearchEntry(1, "", (("a", (b"b",)),)).pack()

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the other side of a flood


@pytest.fixture(autouse=True)
def _sweep() -> Iterator[None]:
    """The sockets of a flood that was cut are told here, not at the next test."""
    yield
    gc.collect()


async def flood(writer: asyncio.StreamWriter, what: bytes) -> None:
    try:
        while True:
            writer.write(what)
            await writer.drain()
    except ConnectionError:
        return
    finally:  # where the test ends first, too
        writer.transport.abort()


async def test_a_socket_that_always_has_something_lets_others_run(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read()
        except ConnectionError:
            return
        finally:
            writer.transport.abort()

    async def at_once(*_: object) -> bytes:
        return b"x"

    async with servers.tcp(silent) as port:
        with await Net("127.0.0.1", PATIENT).tcp(port) as stream:
            monkeypatch.setattr(asyncio.get_running_loop(), "sock_recv", at_once)
            turns: list[int] = []

            async def beside() -> None:
                while True:
                    turns.append(1)
                    await asyncio.sleep(0)

            other = asyncio.create_task(beside())
            for _ in range(50):
                await stream.receive()
            other.cancel()
            monkeypatch.undo()
    assert len(turns) >= 25


@pytest.mark.parametrize("inside", ["an answer", "a handshake"])
async def test_a_flood_is_given_up_by_its_bytes(inside: str) -> None:
    async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await flood(writer, HELLO_REQUEST * 1000)

    async with servers.tcp(endless) as port, asyncio.timeout(60):
        with await Net("127.0.0.1", PATIENT).tcp(port) as stream:
            answer = stream.read_frame(lambda _: None)
            handshake = contexts.handshake(stream, contexts.reaching(), "dc1.alpha.test")
            listening, other = (answer, handshake) if inside == "an answer" else (handshake, answer)
            other.close()
            with pytest.raises(NetError, match="without end") as caught:
                await listening
    assert caught.value.state is State.MISMATCH


async def test_crumbs_are_given_up_by_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "MOST_PIECES", 3)

    async def crumbs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1):
            writer.write(b"x")
        writer.transport.abort()

    async with servers.tcp(crumbs) as port, asyncio.timeout(60):
        with await Net("127.0.0.1", PATIENT).tcp(port) as stream:
            for _ in range(3):
                await stream.send(b"?", "question")
                assert await stream.receive() == b"x"
            with pytest.raises(NetError, match="3 pieces"):
                await stream.receive()
            stream.turn_to(stream.trail, 20.0)  # another question, another patience
            await stream.send(b"?", "question")
            assert await stream.receive() == b"x"


async def test_an_answer_in_many_pieces_that_ends_is_an_answer() -> None:
    whole = ENTRY * 500 + ldap.SearchDone(1).pack()

    async def slowly(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for at in range(0, len(whole), 7):
            writer.write(whole[at : at + 7])
            await writer.drain()

    async with servers.tcp(slowly) as port:
        with await Net("127.0.0.1", PATIENT).tcp(port) as stream:
            assert await stream.read_frame(ldap.AnswerFrame()) == whole


def test_an_ldap_answer_is_not_read_again_at_each_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    framed: list[int] = []
    frame = ldap.frame

    def counting(buffer: bytes, offset: int = 0) -> int | None:
        framed.append(offset)
        return frame(buffer, offset)

    monkeypatch.setattr(ldap, "frame", counting)
    asked, buffer = ldap.AnswerFrame(), bytearray(ENTRY * 4000)
    assert asked(bytes(buffer)) is None
    for byte in ENTRY[:-1]:
        buffer.append(byte)
        assert asked(bytes(buffer)) is None
    assert len(framed) <= 4000 + 4  # a length is told by the first bytes; then nothing is looked at until it is there


async def test_a_length_once_known_is_not_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    pieces = [b"x" * 10] * 100

    def thousand(buffer: bytes) -> int:
        asked.append(len(buffer))
        return 1000

    async def next_piece() -> bytes:
        return pieces.pop()

    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with servers.tcp(silent) as port:
        with await Net("127.0.0.1", PATIENT).tcp(port) as stream:
            monkeypatch.setattr(stream, "receive", next_piece)
            assert await stream.read_frame(thousand) == b"x" * 1000
    assert asked == [10]


def test_a_head_of_http_is_read_once() -> None:
    request = http._request("GET", "/", "host", ())
    reading = http.Reading(request)
    head = b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n"
    for size in range(1, len(head)):
        assert reading(head[:size]) is None
    assert reading(head) == len(head)
    assert reading.answer is not None
    assert reading.answer.first("server") == "x"


async def test_foreign_datagrams_without_end_are_counted_and_not_kept() -> None:
    def refuse(data: bytes) -> bytes:
        raise ValueError("foreign")

    class Flood(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def datagram_received(self, _: bytes, addr: tuple[str, int]) -> None:
            for _ in range(300):
                self.transport.sendto(b"x", addr)  # type: ignore[attr-defined]

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Flood, local_addr=("127.0.0.1", 0))
    net = Net("127.0.0.1", PATIENT)
    with pytest.raises(NetError, match="not in this protocol") as caught:
        await net.udp(transport.get_extra_info("sockname")[1], lambda _: b"?", refuse)
    transport.close()
    assert caught.value.state is State.MISMATCH
    assert sum(step.event == "foreign" for step in net.trail.steps) <= 8
