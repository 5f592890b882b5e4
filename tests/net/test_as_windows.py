"""The network as it is built on Windows, on this machine's own loopback: what Winsock would say is put in its place."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import importlib
import os
import selectors
import socket
import sys
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from net import servers
from systems import not_under_wine

import portcheck.net
from portcheck.model import State

HOST, ROUTER = "127.0.0.1", "10.77.100.2"
SERVER_2016, SERVER_2019, SERVER_2022 = 14393, 17763, 20348


class Ioctl:
    """WSAIoctl that writes a TCP_INFO_v0 with 312 bytes in flight, sent twice."""

    def __call__(self, _: int, code: int, __: Any, ___: int, room: Any, size: int, written: Any, *_____: None) -> int:
        assert code == 0xD8000027
        info = bytearray(88)
        info[20:24], info[28:32], info[68:72] = ((n).to_bytes(4, "little") for n in (4_000, 312, 624))
        ctypes.memmove(room, bytes(info), size)
        written._obj.value = size
        return 0


def win_error(code: int) -> OSError:
    error = OSError(code, os.strerror(code))
    error.winerror = code  # type: ignore[attr-defined]
    return error


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., SimpleNamespace]]:
    """`windows(build)`: portcheck.net imported anew as that Windows would, with a Winsock that has no ICMP to tell."""
    before = {name: sys.modules.pop(name) for name in list(sys.modules) if _ours(name)}
    package = portcheck.net
    monkeypatch.setattr(ctypes, "WinDLL", lambda _: SimpleNamespace(WSAIoctl=Ioctl()), raising=False)
    monkeypatch.setattr(ctypes, "WinError", win_error, raising=False)
    monkeypatch.setattr(asyncio, "ProactorEventLoop", asyncio.SelectorEventLoop, raising=False)
    monkeypatch.setattr(asyncio, "IocpProactor", selectors.DefaultSelector, raising=False)

    def imported(build: int = SERVER_2022) -> SimpleNamespace:
        monkeypatch.setattr(sys, "platform", "win32")
        monkeypatch.setattr(sys, "getwindowsversion", lambda: SimpleNamespace(build=build), raising=False)
        names = ["network", "connect", "errors", "hops", "icmp", "timeouts", "udp"]
        names += [f"platform.{name}" for name in ("error_queue", "machine", "select_thread", "sockets", "winsock")]
        room = {name.rpartition(".")[2]: importlib.import_module(f"portcheck.net.{name}") for name in names}
        for option in ("ask_for_icmp", "send_one_syn"):  # their numbers mean something else on this machine
            monkeypatch.setattr(room["winsock"], option, lambda _: True)
        monkeypatch.setattr(room["winsock"], "icmp_of", lambda _: None)
        return SimpleNamespace(**room)

    yield imported
    monkeypatch.undo()
    for name in [name for name in sys.modules if _ours(name)]:
        del sys.modules[name]
    sys.modules.update(before)
    portcheck.net = package


def _ours(name: str) -> bool:
    return name == "portcheck.net" or name.startswith("portcheck.net.")


def ends_in(net: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """Every connect ends in this Winsock error."""

    async def connect(sock: socket.socket, peer: tuple[str, int]) -> None:
        raise net.winsock.error(code)

    monkeypatch.setattr(net.select_thread, "connect", connect)


def tells(net: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, type_: int, code: int) -> None:
    """Winsock names the router and what it said."""
    monkeypatch.setattr(net.winsock, "icmp_of", lambda _: net.icmp.Icmp(4, type_, code, ROUTER))


async def fault_of(net: SimpleNamespace, port: int = 9) -> Any:
    patience = net.timeouts.Timeouts(connect_s=10.0, answer_s=10.0, attempts=1)
    with pytest.raises(net.errors.NetError) as caught:
        await net.network.Net(HOST, patience).tcp(port)
    return caught.value


async def test_a_conversation_is_held_and_its_counters_are_windows_own(windows: Callable[..., Any]) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(4))
        await writer.drain()

    net = windows()
    async with servers.tcp(echo) as port:
        talking = net.network.Net(HOST)
        with await talking.tcp(port) as stream:
            await stream.send(b"ping", "question")
            assert await stream.read_frame(lambda _: 4) == b"ping"
    assert talking.trail.facts["local_address"] == HOST
    assert {key: talking.trail.facts[key] for key in ("unacked_bytes", "retransmits", "rtt_ms")} == {
        "unacked_bytes": 312,
        "retransmits": 1,
        "rtt_ms": 4.0,
    }


async def test_a_closed_port_is_refused(windows: Callable[..., Any]) -> None:
    net = windows()
    with socket.socket() as reserved:
        reserved.bind((HOST, 0))
        assert (await fault_of(net, reserved.getsockname()[1])).state is State.REFUSED


async def test_icmp_is_asked_for_before_the_first_packet(
    windows: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    net, order = windows(), []

    async def connect(sock: socket.socket, peer: tuple[str, int]) -> None:
        order.append("connect")
        raise net.winsock.error(10065)

    monkeypatch.setattr(net.winsock, "ask_for_icmp", lambda _: order.append("ask"))
    monkeypatch.setattr(net.select_thread, "connect", connect)
    await fault_of(net)
    assert order == ["ask", "connect"]


async def test_the_router_that_rejected_is_named(windows: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    net = windows()
    ends_in(net, monkeypatch, 10065)
    tells(net, monkeypatch, 3, 13)
    fault = await fault_of(net)
    assert (fault.state, fault.blocked_at.by) == (State.REJECTED, ROUTER)
    assert (fault.facts["icmp_type"], fault.facts["icmp_code"]) == (3, 13)


@pytest.mark.parametrize("code", [10065, 10051, 1231, 1232])
@pytest.mark.parametrize(("source", "local"), [("10.77.0.10", False), (None, True)])
async def test_unreachable_without_icmp_is_our_own_fault_only_without_a_route(
    windows: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, code: int, source: str | None, local: bool
) -> None:
    net = windows()
    ends_in(net, monkeypatch, code)
    monkeypatch.setattr(net.machine, "source_address", lambda _: source)
    fault = await fault_of(net)
    assert (fault.state, bool(fault.facts.get("local_fault"))) == (State.UNREACHABLE, local)
    assert fault.blocked_at is None


@pytest.mark.parametrize(
    ("code", "state"),
    [
        (1225, State.REFUSED),
        (10061, State.REFUSED),
        (121, State.FILTERED),
        (10060, State.FILTERED),
        (64, State.RESET),
        (10054, State.RESET),
        (1236, State.RESET),
        (10013, State.ERROR),
        (995, State.ERROR),
        (10055, State.ERROR),
    ],
)
async def test_a_connect_that_ends_in_this_number_is(
    windows: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, code: int, state: State
) -> None:
    net = windows()
    ends_in(net, monkeypatch, code)
    fault = await fault_of(net)
    assert fault.state is state
    assert bool(fault.facts.get("local_fault")) is (state is State.ERROR)


def test_a_win32_number_in_errno_of_another_system_keeps_its_own_meaning() -> None:
    from portcheck.net import errors

    assert errors.number(OSError(64, "ENONET on Linux")) == 64
    assert errors.number(OSError(10061, "SO_ERROR on Windows")) == errno.ECONNREFUSED


@pytest.mark.parametrize(("build", "walks"), [(SERVER_2016, False), (SERVER_2019, False), (SERVER_2022, True)])
def test_only_builds_that_name_routers_walk_and_only_over_tcp(
    windows: Callable[..., Any], build: int, walks: bool
) -> None:
    hops = windows(build).hops
    assert hops.TCP_WALKS is walks
    assert not hops.UDP_WALKS
    assert not hops.ANSWERS_TTL


@pytest.mark.parametrize(
    ("code", "icmp", "fate", "by"),
    [
        (10065, (11, 0), "expired", ROUTER),
        (10065, (3, 13), "objected", ROUTER),
        (10061, None, "answered", None),
        (10054, None, "answered", HOST),
        (10060, None, "lost", None),
        (10065, None, "lost", None),
    ],
)
async def test_a_syn_with_a_short_life_ends(
    windows: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    icmp: tuple[int, int] | None,
    fate: str,
    by: str | None,
) -> None:
    net = windows()
    ends_in(net, monkeypatch, code)
    if icmp is not None:
        tells(net, monkeypatch, *icmp)
    hop = await net.hops.send_tcp(HOST, 9, 3, 10.0)
    assert (hop.ttl, hop.fate, hop.by) == (3, fate, by)


@not_under_wine("it tells no datagram socket of a port unreachable")
async def test_a_datagram_of_its_own_is_heard_by_a_loop_that_watches_no_sockets(
    windows: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Proactor loop has no add_reader: every run in which two UDP services were silent ended in that."""
    net = windows()
    monkeypatch.setattr(asyncio.get_running_loop(), "add_reader", None)
    monkeypatch.setattr(net.error_queue, "drain", lambda _: [])
    with socket.socket(type=socket.SOCK_DGRAM) as closed:
        closed.bind((HOST, 0))
        nobody = closed.getsockname()[1]
    async with servers.udp(lambda *_: b"pong") as (port, _):
        for to, fate, by in ((port, "answered", HOST), (nobody, "objected", None)):
            hop = await net.hops.send_udp(HOST, to, b"ping", 64, 10.0)
            assert (hop.fate, hop.by) == (fate, by)


@pytest.mark.parametrize(("code", "fate"), [(10054, "objected"), (10052, "expired"), (10013, "lost")])
async def test_a_datagram_that_fails_ends(
    windows: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, code: int, fate: str
) -> None:
    net = windows()

    async def readable(_: socket.socket) -> None:
        raise net.winsock.error(code)

    monkeypatch.setattr(net.sockets, "readable", readable)
    assert (await net.hops.send_udp(HOST, 9, b"ping", 3, 10.0)).fate == fate


async def test_a_segment_that_cannot_be_limited_is_not_taken_for_a_silence(
    windows: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    net = windows()

    def refuse(sock: socket.socket, segment: int) -> None:
        raise net.winsock.error(10042)

    monkeypatch.setattr(net.sockets, "clamp", refuse)
    with pytest.raises(net.errors.NetError) as caught:
        await net.network.Net(HOST, segment=1200).tcp(9)
    assert (caught.value.state, caught.value.facts["local_fault"]) == (State.ERROR, True)


def test_datagrams_leave_the_loop_alone(windows: Callable[..., Any]) -> None:
    net = windows()
    assert net.udp.DatagramPort.__module__ == "portcheck.net.platform.udp_threads"
    assert "portcheck.net.platform.udp_selector" not in sys.modules


def test_a_peer_of_either_family_is_written_as_the_overlapped_connect_reads_it(windows: Callable[..., Any]) -> None:
    sockets: ModuleType = windows().sockets
    assert sockets.peer("10.77.1.1", 389) == ("10.77.1.1", 389)
    assert sockets.peer("fd77::1", 389) == ("fd77::1", 389, 0, 0)


def test_a_report_names_what_this_windows_could_not_tell(windows: Callable[..., Any]) -> None:
    told = windows(SERVER_2019).machine.vantage((HOST,))
    assert told.platform == "win32"
    assert "17763" in told.limits[0]
    assert len(windows(SERVER_2022).machine.limits_of("win32", SERVER_2022)) == len(told.limits) - 1
