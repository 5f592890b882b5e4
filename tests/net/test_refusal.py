"""Whether a name server's port refuses a question, on real loopback sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import pytest
from systems import not_under_wine

from portcheck.net.refusal import PortRefusal, refusal

NAME = "_ldap._tcp.dc._msdcs.alpha.test"
HERE = "127.0.0.1"


@pytest.fixture(name="taken")
def _taken() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((HERE, 0))
        yield sock


@not_under_wine("it tells no datagram socket of a port unreachable")
async def test_a_port_at_which_nobody_listens_refuses(taken: socket.socket) -> None:
    port = taken.getsockname()[1]
    taken.close()
    assert await refusal((HERE, port), NAME) == PortRefusal(HERE, "")


async def test_a_silent_port_refuses_nothing(taken: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portcheck.net.refusal.WAIT_S", 0.05)
    assert await refusal((HERE, taken.getsockname()[1]), NAME) is None


async def test_a_server_that_answers_refuses_nothing() -> None:
    class Server(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            self.transport.sendto(data, addr)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Server, local_addr=(HERE, 0))
    try:
        assert await refusal(transport.get_extra_info("sockname")[:2], NAME) is None
    finally:
        transport.close()
