"""Real sockets on loopback: no source port that controllers ignore; silence and noise have their states."""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import sys

import pytest
from patience import MUTE, PATIENT, SILENT
from systems import not_under_wine

from portcheck.model import State
from portcheck.net.errors import NetError
from portcheck.net.network import Net
from portcheck.net.platform import sockets
from portcheck.net.timeouts import Timeouts


def test_a_source_port_that_a_kdc_ignores_is_never_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "FORBIDDEN_SOURCE_PORTS", frozenset(range(1024, 65536)))
    with pytest.raises(OSError, match="ephemeral"):
        sockets.make("127.0.0.1", socket.SOCK_DGRAM)


async def test_a_connection_from_a_port_that_a_kdc_ignores_is_given_up_for_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shunned: list[int] = []

    class FirstTwo:
        """The first two ports that the system chooses, whichever they are."""

        def __contains__(self, port: int) -> bool:
            if len(shunned) < 2 and port not in shunned:
                shunned.append(port)
            return port in shunned

    monkeypatch.setattr(sockets, "FORBIDDEN_SOURCE_PORTS", FirstTwo())
    with socket.create_server(("127.0.0.1", 0)) as server:
        net = Net("127.0.0.1", PATIENT)
        with await net.tcp(server.getsockname()[1]):
            assert net.trail.facts["local_port"] not in shunned
    assert len(shunned) == 2


async def test_a_connection_that_is_made_in_the_very_turn_that_calls_it_off_is_no_fault() -> None:
    loop, faults = asyncio.get_running_loop(), list[dict[str, object]]()
    loop.set_exception_handler(lambda _, context: faults.append(context))
    with socket.create_server(("127.0.0.1", 0)) as server, sockets.make("127.0.0.1", socket.SOCK_STREAM) as sock:
        connecting = asyncio.create_task(sockets.connect(sock, *server.getsockname()))
        await asyncio.sleep(0)  # it is under way
        assert select.select([], [sock], [], PATIENT.connect_s)[1]  # made, and the loop has not looked yet
        loop.call_soon(connecting.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await connecting
    assert faults == []


@pytest.mark.skipif(sys.platform != "linux", reason="the port is chosen early there")
def test_connections_to_different_ends_share_a_local_port() -> None:
    """A port taken at bind() is taken for all; taken at connect(), it is one for each end."""
    with socket.create_server(("127.0.0.1", 0)) as server, sockets.make("127.0.0.1", socket.SOCK_STREAM) as sock:
        assert sockets.own_port(sock) == 0
        with contextlib.suppress(BlockingIOError):
            sock.connect(server.getsockname())
        assert sockets.own_port(sock) > 0


def test_the_ports_of_the_byte_order_bug_are_known() -> None:
    assert {88, 464, 22528, 53249} == sockets.FORBIDDEN_SOURCE_PORTS
    assert {int.from_bytes(port.to_bytes(2, "big"), "little") for port in (88, 464)} == {22528, 53249}


async def converse(port: int, patience: Timeouts) -> None:
    async with asyncio.timeout(120):
        with await Net("127.0.0.1", patience).tcp(port) as stream:
            await stream.send(b"question", "question")
            await stream.read_frame(lambda buffer: 10 if len(buffer) >= 10 else None)


async def failed(port: int, patience: Timeouts = PATIENT) -> NetError:
    with pytest.raises(NetError) as caught:
        await converse(port, patience)
    return caught.value


async def test_nobody_listening_is_refused() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        assert (await failed(reserved.getsockname()[1])).state is State.REFUSED


@pytest.mark.parametrize(
    ("says", "state"), [(b"", State.MUTE), (b"half", State.MUTE), (None, State.RESET)], ids=["mute", "half", "leaves"]
)
async def test_a_server_that_does_not_answer_has_a_state(says: bytes | None, state: State) -> None:
    left = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)
        if says is not None:
            writer.write(says)
            await reader.read()
        writer.close()
        await writer.wait_closed()
        left.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        patience = MUTE if state is State.MUTE else PATIENT
        assert (await failed(server.sockets[0].getsockname()[1], patience)).state is state
        await asyncio.wait_for(left.wait(), 60)


async def test_foreign_datagrams_are_a_mismatch_and_silence_is_filtered() -> None:
    def picky(data: bytes) -> bytes:
        raise ValueError("not ours")

    loop = asyncio.get_running_loop()

    class Echo(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            if data == b"speak":
                self.transport.sendto(data, addr)  # type: ignore[attr-defined]

    transport, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    for question, state in ((b"speak", State.MISMATCH), (b"hush", State.FILTERED)):
        with pytest.raises(NetError) as caught:
            await Net("127.0.0.1", SILENT).udp(port, lambda _, q=question: q, picky)
        assert caught.value.state is state
    transport.close()
    await asyncio.sleep(0)


@not_under_wine("it tells no datagram socket of a port unreachable")
async def test_a_closed_udp_port_is_refused_by_the_host_itself() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
    with pytest.raises(NetError) as caught:
        await Net("127.0.0.1", PATIENT).udp(port, lambda _: b"x", bytes)
    assert caught.value.state is State.REFUSED
