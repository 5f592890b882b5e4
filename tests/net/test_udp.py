"""Datagrams on real loopback sockets, on the loop's port and on the threads' port that Windows uses."""

from __future__ import annotations

import asyncio
import errno
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from net import servers
from systems import not_under_wine

from portcheck.model import State
from portcheck.net import errors, udp
from portcheck.net.errors import NetError
from portcheck.net.network import Net
from portcheck.net.platform import select_thread, udp_threads
from portcheck.net.timeouts import Timeouts
from portcheck.net.udp import Datagram

QUICK = Timeouts(connect_s=0.5, answer_s=0.5, attempts=2)  # for silence, and for noise
LONG = Timeouts(connect_s=60.0, answer_s=60.0, attempts=3)
NO_REFUSAL = not_under_wine("it tells no datagram socket of a port unreachable")
ANY_SOURCE = not_under_wine("a datagram socket may have any source address there")
KINDS = ["threads"] if sys.platform == "win32" else ["loop", "threads"]


@pytest.fixture(params=KINDS, autouse=True)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every test runs on each kind of port, with short pauses between the tries."""
    if request.param == "threads":
        monkeypatch.setattr(udp, "DatagramPort", udp_threads.ThreadedPort)
    monkeypatch.setattr(udp, "AGAIN_AFTER_S", 0.1)
    monkeypatch.setattr(udp, "FRESH_AFTER_S", 0.2)
    monkeypatch.setattr(select_thread, "LINGER_S", 0.02)
    return str(request.param)


def ours(data: bytes) -> bytes:
    if not data.startswith(b"answer"):
        raise ValueError("not an answer")
    return data


async def ask(port: int, net: Net) -> Datagram[bytes]:
    async with asyncio.timeout(120):
        return await net.udp(port, lambda number: b"question %d" % number, ours)


async def failed(port: int, net: Net) -> NetError:
    with pytest.raises(NetError) as caught:
        await ask(port, net)
    return caught.value


async def test_an_answer_at_once_needs_one_datagram() -> None:
    async with servers.udp(lambda data, _: b"answer to " + data) as (port, seen):
        net = Net("127.0.0.1", LONG)
        assert (await ask(port, net)).value == b"answer to question 0"
    assert (net.trail.attempts, net.trail.answers, len(seen)) == (1, 1, 1)
    assert net.trail.facts["local_port"] == seen[0][1]
    assert "resent" not in net.trail.facts


async def test_silence_is_filtered_after_tries_from_more_than_one_port() -> None:
    async with servers.udp(lambda *_: None) as (port, seen):
        net = Net("127.0.0.1", QUICK)
        fault = await failed(port, net)
    assert fault.state is State.FILTERED
    assert net.trail.attempts == len(seen) == 4
    assert len({source for _, source in seen}) == 2
    assert [data for data, _ in seen] == [b"question 0"] * 2 + [b"question 1"] * 2


@pytest.mark.parametrize("lost", [0, 1])
async def test_answers_that_are_only_late_are_no_loss(lost: int) -> None:
    """Each datagram is answered after three repeats' time; only the first `lost` of them never."""
    loop = asyncio.get_running_loop()
    far_s, heard = 0.35, 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.setblocking(False)

        def hear() -> None:
            nonlocal heard
            _, sender = server.recvfrom(100)
            heard += 1
            if heard > lost:
                loop.call_later(far_s, server.sendto, b"answer", sender)

        net = Net("127.0.0.1", LONG)
        with servers.told_of(server, hear):
            answer = await ask(server.getsockname()[1], net)
    assert net.trail.attempts > 1
    assert net.trail.facts.get("resent", 0) == lost
    assert answer.latency_ms >= 1000 * far_s - 5  # not counted from the latest repeat


@pytest.mark.parametrize(("queued_s", "lost"), [(0.0, 1), (1.5, 0)])
async def test_on_a_line_that_fills_the_answer_to_a_repeat_is_waited_for_longer(queued_s: float, lost: int) -> None:
    """The second datagram's answer is much later than the first one's: as late as other answers are here, or later."""
    loop, heard = asyncio.get_running_loop(), 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.setblocking(False)

        def hear() -> None:
            nonlocal heard
            _, sender = server.recvfrom(100)
            heard += 1
            if heard == 2:
                net.repeats.delay.heard(queued_s)
                server.sendto(b"answer to the first", sender)
                loop.call_later(1.2, server.sendto, b"answer to the second", sender)

        net = Net("127.0.0.1", LONG)
        with servers.told_of(server, hear):
            await ask(server.getsockname()[1], net)
    assert net.trail.facts.get("resent", 0) == lost


@contextmanager
def asked_and_answering(address: str) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Who is asked, and who answers in its place, at this address."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
    ):
        server.bind(("127.0.0.1", 0))
        server.setblocking(False)
        other.bind((address, 0))
        yield server, other


@not_under_wine("it does not tell from which address a datagram came")
async def test_an_answer_from_another_address_is_heard_by_a_loose_socket_alone() -> None:
    with asked_and_answering("127.0.0.2") as (server, other):
        port = server.getsockname()[1]
        net = Net("127.0.0.1", LONG, loose=True)
        with servers.told_of(server, lambda: other.sendto(b"answer", server.recvfrom(100)[1])):
            assert (await failed(port, Net("127.0.0.1", QUICK))).state is State.FILTERED
            assert (await ask(port, net)).value == b"answer"
    assert net.trail.facts["answered_from"] == "127.0.0.2"


@not_under_wine("it does not tell from which port a datagram came")
async def test_an_answer_from_another_port_is_told_by_a_loose_socket() -> None:
    with asked_and_answering("127.0.0.1") as (server, other):
        its_port = other.getsockname()[1]
        net = Net("127.0.0.1", LONG, loose=True)
        with servers.told_of(server, lambda: other.sendto(b"answer", server.recvfrom(100)[1])):
            assert (await ask(server.getsockname()[1], net)).value == b"answer"
    assert net.trail.facts["answered_from_port"] == its_port
    assert "answered_from" not in net.trail.facts


async def test_an_answer_in_the_last_moment_of_the_patience_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(udp, "AGAIN_AFTER_S", 0.6)  # the wait for late answers, too, is longer than what is then left
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        heard: list[bytes] = []

        def answer_the_second() -> None:
            data, where = server.recvfrom(100)
            heard.append(data)
            if len(heard) == 2:
                server.sendto(b"answer", where)

        net = Net("127.0.0.1", Timeouts(connect_s=1.0, answer_s=1.0, attempts=1))
        with servers.told_of(server, answer_the_second):
            answer = await net.udp(server.getsockname()[1], lambda _: b"question", bytes)
    assert (answer.value, net.trail.facts["resent"], len(heard)) == (b"answer", 1, 2)


async def test_a_second_question_does_not_count_the_first_ones_datagrams() -> None:
    async with servers.udp(lambda _, __: b"answer") as (port, _):
        net = Net("127.0.0.1", LONG)
        await ask(port, net)
        await ask(port, net)
    assert "resent" not in net.trail.facts
    assert net.trail.attempts == 2


async def test_an_answer_to_the_second_datagram_alone_counts_the_lost_one() -> None:
    async with servers.udp(lambda _, before: b"answer" if before else None) as (port, _):
        net = Net("127.0.0.1", LONG)
        await ask(port, net)
    assert net.trail.facts["resent"] == 1


async def test_a_slow_server_that_answers_both_lost_nothing() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(("127.0.0.1", 0))
        seen_from: list[int] = []
        net = Net("127.0.0.1", LONG)

        def answer_twice() -> None:
            _, where = sender.recvfrom(100)
            if len(seen_from) == 1:
                sender.sendto(b"answer", where)
                sender.sendto(b"answer", where)
            seen_from.append(where[1])

        with servers.told_of(sender, answer_twice):
            await ask(sender.getsockname()[1], net)
    assert net.trail.attempts == 2
    assert net.trail.answers == 2
    assert "resent" not in net.trail.facts


async def test_foreign_datagrams_alone_are_a_mismatch() -> None:
    async with servers.udp(lambda *_: b"noise") as (port, _):
        net = Net("127.0.0.1", QUICK)
        fault = await failed(port, net)
    assert fault.state is State.MISMATCH
    assert "not an answer" in fault.reason
    assert net.trail.head == b"noise"


async def test_a_foreign_datagram_before_the_answer_does_no_harm() -> None:
    async with servers.udp(lambda _, before: b"answer" if before else b"noise") as (port, _):
        assert (await ask(port, Net("127.0.0.1", LONG))).value == b"answer"


async def test_a_datagram_from_another_port_is_no_answer() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked, socket.socket(type=socket.SOCK_DGRAM) as stranger:
        asked.bind(("127.0.0.1", 0))

        def meddle() -> None:
            _, where = asked.recvfrom(100)
            stranger.sendto(b"answer", where)

        with servers.told_of(asked, meddle):
            assert (await failed(asked.getsockname()[1], Net("127.0.0.1", QUICK))).state is State.FILTERED


@NO_REFUSAL
async def test_a_closed_port_is_refused_and_the_host_itself_said_so(kind: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
    net = Net("127.0.0.1", LONG)
    fault = await failed(port, net)
    assert fault.state is State.REFUSED
    assert net.trail.answers == 1
    if kind == "loop" and sys.platform == "linux":
        assert (fault.facts["icmp_from"], fault.facts["icmp_type"], fault.facts["icmp_code"]) == ("127.0.0.1", 3, 3)


@ANY_SOURCE
async def test_a_source_address_that_is_not_ours_is_this_machine_s_own_fault() -> None:
    fault = await failed(9, Net("127.0.0.1", LONG, source_ip="192.0.2.1"))
    assert (fault.state, fault.facts["local_fault"]) == (State.ERROR, True)


async def test_a_datagram_too_large_for_this_machine_is_its_own_fault() -> None:
    async with servers.udp(lambda *_: None) as (port, seen):
        with pytest.raises(NetError) as caught:
            await Net("127.0.0.1", LONG).udp(port, lambda _: b"x" * 70_000, ours)
    assert (caught.value.state, caught.value.facts["local_fault"]) == (State.ERROR, True)
    assert seen == []


@ANY_SOURCE
async def test_no_thread_stays_behind() -> None:
    async with servers.udp(lambda *_: b"answer") as (port, _):
        await ask(port, Net("127.0.0.1", LONG))
        await failed(port, Net("127.0.0.1", LONG, source_ip="192.0.2.1"))
    left = [thread for thread in threading.enumerate() if thread.name == select_thread.NAME]
    for thread in left:
        await asyncio.to_thread(thread.join, 10)
    assert not any(thread.is_alive() for thread in left)


@pytest.mark.parametrize(
    ("winerror", "state"),
    [
        (1234, State.REFUSED),
        (10054, State.REFUSED),
        (10013, State.ERROR),
        (10051, State.UNREACHABLE),
        (10052, State.UNREACHABLE),
    ],
)
async def test_a_datagram_s_windows_numbers_have_a_state(winerror: int, state: State) -> None:
    async with servers.udp(lambda *_: None) as (port, _):
        talking = udp_threads.ThreadedPort("127.0.0.1", port, None, asyncio.Queue())
        error = OSError(errno.EINVAL, "Windows")
        error.winerror = winerror  # type: ignore[attr-defined]
        try:
            assert talking._fault(error).state is state
        finally:
            talking.close()


def test_who_refused_is_not_claimed_where_the_platform_does_not_tell() -> None:
    assert errors.port_unreachable().facts == {}
