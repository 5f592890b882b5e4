"""The thread that waits with select(), on real loopback sockets: who is woken, who is not, and when it ends."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

from portcheck.net.platform import select_thread


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Threads of this test only, which end soon after."""
    monkeypatch.setattr(select_thread, "LINGER_S", 0.01)
    monkeypatch.setattr(select_thread, "_threads", [select_thread._Thread()])
    yield
    for thread in running():
        thread.join(60)
    assert running() == []


def running() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == select_thread.NAME]


def pair() -> tuple[socket.socket, socket.socket]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    return ours, theirs


async def readable(sock: socket.socket) -> None:
    woken = asyncio.Event()
    select_thread.when_readable(sock, woken.set)
    async with asyncio.timeout(60):
        await woken.wait()


async def test_what_arrives_wakes_its_own_socket_once() -> None:
    (ours, theirs), (other, silent) = pair(), pair()
    with ours, theirs, other, silent:
        calls: list[str] = []
        select_thread.when_readable(other, lambda: calls.append("other"))
        theirs.send(b"first")
        await readable(ours)
        assert ours.recv(10) == b"first"
        theirs.send(b"second")
        await readable(ours)
        assert calls == []
        select_thread.forget(other)


async def test_a_socket_that_joins_while_the_thread_waits_is_heard() -> None:
    (early, silent), (late, theirs) = pair(), pair()
    with early, silent, late, theirs:
        select_thread.when_readable(early, pytest.fail)
        theirs.send(b"x")
        await readable(late)
        assert len(running()) == 1
        select_thread.forget(early)


async def test_a_forgotten_socket_wakes_nobody() -> None:
    (ours, theirs), (other, another) = pair(), pair()
    with ours, theirs, other, another:
        select_thread.when_readable(ours, pytest.fail)
        select_thread.forget(ours)
        theirs.send(b"x")
        another.send(b"x")
        await readable(other)  # the thread has been round since


async def test_a_socket_closed_without_a_word_does_not_stop_the_others() -> None:
    (closed, theirs), (ours, another) = pair(), pair()
    with theirs, ours, another:
        select_thread.when_readable(closed, pytest.fail)
        closed.close()
        another.send(b"x")
        await readable(ours)


async def test_more_sockets_than_select_takes_get_another_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(select_thread, "MOST", 2)
    pairs = [pair() for _ in range(5)]
    try:
        woken = [asyncio.Event() for _ in pairs]
        for (ours, _), event in zip(pairs, woken, strict=True):
            select_thread.when_readable(ours, event.set)
        assert len(running()) == 3
        for _, theirs in pairs:
            theirs.send(b"x")
        async with asyncio.timeout(60):
            await asyncio.gather(*(event.wait() for event in woken))
    finally:
        for both in pairs:
            for sock in both:
                sock.close()


async def test_a_thread_that_ended_is_followed_by_another() -> None:
    ours, theirs = pair()
    with ours, theirs:
        theirs.send(b"x")
        await readable(ours)
        for thread in running():
            await asyncio.to_thread(thread.join, 10)
        assert running() == []
        await readable(ours)


async def test_a_loop_that_is_gone_does_not_stop_the_thread() -> None:
    (lost, theirs), (ours, another) = pair(), pair()
    with lost, theirs, ours, another:
        loop = asyncio.new_event_loop()
        loop.close()
        select_thread._watch(select_thread._Wait(lost, False, pytest.fail, loop))
        theirs.send(b"x")
        another.send(b"x")
        await readable(ours)


async def connected(port: int) -> socket.socket:
    sock = socket.socket()
    sock.setblocking(False)
    try:
        async with asyncio.timeout(60):
            await select_thread.connect(sock, ("127.0.0.1", port))
    except BaseException:
        sock.close()
        raise
    return sock


async def test_a_listener_is_connected_to() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, await connected(listener.getsockname()[1]) as sock:
        assert sock.getpeername() == listener.getsockname()


async def test_a_closed_port_raises_its_number() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionRefusedError):
            await connected(reserved.getsockname()[1])


async def test_a_connect_that_is_given_up_is_forgotten() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=1) as full:
        calling = [asyncio.create_task(connected(full.getsockname()[1])) for _ in range(8)]  # more than the backlog
        done, waiting = await asyncio.wait(calling, timeout=0.5)
        assert waiting
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert all(not thread._waits for thread in select_thread._threads)
        for task in done:
            task.result().close()
