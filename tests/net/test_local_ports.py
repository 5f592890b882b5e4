"""A machine that has no local port left has sent nothing: that is no silence of the other side, and no lost packet."""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Iterable, Iterator

import pytest
from net import servers
from net.test_stream import full_backlog
from patience import PATIENT

from portcheck.model import State
from portcheck.net import connect, errors, hops, udp
from portcheck.net.errors import NetError
from portcheck.net.network import Net
from portcheck.net.platform import sockets
from portcheck.net.timeouts import Timeouts

HASTY = Timeouts(connect_s=0.05, answer_s=60.0, attempts=3)
"""Less than a port is waited for."""
NONE, FREE = False, True
silence = pytest.mark.skipif(sys.platform != "linux", reason="a full backlog is silent only on Linux")


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "PORT_PAUSES_S", (0.1, 0.1))
    monkeypatch.setattr(udp, "PORT_PAUSES_S", (0.1, 0.1))
    monkeypatch.setattr(connect, "REPEAT_AFTER_S", 0.01)


def scarce(monkeypatch: pytest.MonkeyPatch, ports: Iterable[bool], then: bool) -> None:
    """For each socket: was there a local port left?"""
    left, real = iter(ports), sockets.make

    def make(address: str, kind: socket.SocketKind, source_ip: str | None = None, port: int = 0) -> socket.socket:
        if next(left, then):
            return real(address, kind, source_ip, port)
        raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))

    monkeypatch.setattr(sockets, "make", make)


async def caught(port: int, net: Net) -> NetError:
    with pytest.raises(NetError) as fault:
        await net.tcp(port)
    return fault.value


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


async def test_without_a_local_port_nothing_is_silent(monkeypatch: pytest.MonkeyPatch, listening: int) -> None:
    scarce(monkeypatch, [], then=NONE)
    net = Net("127.0.0.1", HASTY)
    fault = await caught(listening, net)
    assert (fault.state, fault.facts.get("local_ports_exhausted")) == (State.ERROR, True)
    assert net.trail.attempts == 0


async def test_the_patience_begins_with_the_first_packet(monkeypatch: pytest.MonkeyPatch, listening: int) -> None:
    scarce(monkeypatch, [NONE, NONE], then=FREE)
    net = Net("127.0.0.1", HASTY)
    with await net.tcp(listening):
        assert net.trail.attempts == 1
        assert "answered_on_attempt" not in net.trail.facts
        assert not net.tcp_pulse.repeated


@silence
async def test_one_try_alone_makes_no_silence_where_more_had_no_port(monkeypatch: pytest.MonkeyPatch) -> None:
    with full_backlog() as port:
        scarce(monkeypatch, [FREE], then=NONE)
        net = Net("127.0.0.1", Timeouts(connect_s=0.5, answer_s=60.0, attempts=3))
        fault = await caught(port, net)
    assert (fault.state, fault.facts.get("local_ports_exhausted")) == (State.ERROR, True)
    assert net.trail.attempts == 1


@silence
async def test_two_tries_make_a_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    with full_backlog() as port:
        scarce(monkeypatch, [FREE, FREE], then=NONE)
        net = Net("127.0.0.1", Timeouts(connect_s=0.5, answer_s=60.0, attempts=3))
        fault = await caught(port, net)
    assert fault.state is State.FILTERED
    assert "2 connection attempts" in fault.reason


async def test_a_packet_of_short_life_waits_for_a_port(monkeypatch: pytest.MonkeyPatch, listening: int) -> None:
    scarce(monkeypatch, [NONE], then=FREE)
    assert (await hops.send_tcp("127.0.0.1", listening, 64, 60.0)).fate is hops.Fate.ANSWERED


def ours(data: bytes) -> bytes:
    return data


async def asked(port: int, net: Net) -> bytes:
    return (await net.udp(port, lambda _: b"question", ours)).value


async def test_a_datagram_waits_for_a_port_without_losing_its_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    async with servers.udp(lambda *_: b"answer") as (port, seen):
        scarce(monkeypatch, [NONE, NONE], then=FREE)
        net = Net("127.0.0.1", Timeouts(connect_s=0.15, answer_s=60.0, attempts=2))
        assert await asked(port, net) == b"answer"
    assert net.trail.attempts == len(seen) == 1


async def test_a_later_datagram_takes_the_first_one_s_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(udp, "AGAIN_AFTER_S", 0.01)
    monkeypatch.setattr(udp, "FRESH_AFTER_S", 0.02)
    async with servers.udp(lambda _, before: b"answer" if before == 2 else None) as (port, seen):
        scarce(monkeypatch, [FREE], then=NONE)
        assert await asked(port, Net("127.0.0.1", PATIENT)) == b"answer"
    assert len({source for _, source in seen}) == 1


async def test_a_datagram_that_never_left_is_no_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    async with servers.udp(lambda *_: b"answer") as (port, seen):
        scarce(monkeypatch, [], then=NONE)
        with pytest.raises(NetError) as fault:
            await asked(port, Net("127.0.0.1", HASTY))
    assert (fault.value.state, seen) == (State.ERROR, [])
