"""A loop that was busy or stopped for longer than all patience asks the kernel before it believes in silence."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TypeVar

import pytest
from net import servers

from portcheck.model import State
from portcheck.net import lag
from portcheck.net.errors import NetError
from portcheck.net.lag import ListeningLoop, LoopClock, missed_s
from portcheck.net.network import Net
from portcheck.net.timeouts import Timeouts

T = TypeVar("T")
SHORT = Timeouts(connect_s=0.3, answer_s=0.3, attempts=1)
LONGER_S = 0.9  # three times that patience


def listening(work: Callable[[], Awaitable[T]]) -> T:
    """What comes of it in the loop that checks run in."""

    async def run() -> T:
        return await work()

    with asyncio.Runner(loop_factory=ListeningLoop) as runner:
        return runner.run(run())


class Late:
    """A server in a thread of its own, which answers one question when it is told to."""

    def __init__(self) -> None:
        self.go, self.answered = threading.Event(), threading.Event()

    @contextlib.contextmanager
    def serving(self, kind: socket.SocketKind) -> Iterator[int]:
        with socket.socket(socket.AF_INET, kind) as server:
            server.bind(("127.0.0.1", 0))
            server.settimeout(30)
            if kind == socket.SOCK_STREAM:
                server.listen()
            thread = threading.Thread(target=self._serve, args=(server, kind))
            thread.start()
            yield server.getsockname()[1]
            self.go.set()
            thread.join(30)

    def _serve(self, server: socket.socket, kind: socket.SocketKind) -> None:
        if kind == socket.SOCK_DGRAM:
            _, where = server.recvfrom(100)
            self.go.wait(30)
            server.sendto(b"the answer", where)
            self.answered.set()
            return
        caller, _ = server.accept()
        with caller:
            caller.recv(100)
            self.go.wait(30)
            caller.sendall(b"the answer")
            self.answered.set()
            caller.recv(100)

    def away(self) -> None:
        """The loop does something else until the answer has long been there, and no patience is left."""
        self.go.set()
        assert self.answered.wait(30)
        time.sleep(LONGER_S)  # that this time passes is what the test is about


async def ask_udp(port: int) -> bytes:
    return (await Net("127.0.0.1", SHORT).udp(port, lambda _: b"question", bytes)).value


async def ask_tcp(port: int) -> bytes:
    with await Net("127.0.0.1", SHORT).tcp(port) as stream:
        await stream.send(b"question", "question")
        return await stream.read_frame(lambda buffer: 10 if len(buffer) >= 10 else None)


@pytest.mark.parametrize(("kind", "ask"), [(socket.SOCK_DGRAM, ask_udp), (socket.SOCK_STREAM, ask_tcp)])
def test_what_was_answered_while_the_loop_was_busy_is_heard(
    kind: socket.SocketKind, ask: Callable[[int], Awaitable[bytes]]
) -> None:
    server = Late()

    async def work(port: int) -> bytes:
        asyncio.get_running_loop().call_later(0.1, server.away)
        return await ask(port)

    with server.serving(kind) as port:
        assert listening(lambda: work(port)) == b"the answer"


@pytest.mark.parametrize(("ask", "state"), [(ask_udp, State.FILTERED), (ask_tcp, State.MUTE)])
def test_who_never_answers_is_silent_also_after_a_busy_time(
    ask: Callable[[int], Awaitable[bytes]], state: State
) -> None:
    async def work() -> tuple[NetError, int]:
        asyncio.get_running_loop().call_later(0.1, time.sleep, LONGER_S)
        quiet = servers.udp(lambda *_: None) if ask is ask_udp else hearing()
        async with quiet as there:
            with pytest.raises(NetError) as caught:
                await ask(there[0])
            return caught.value, len(there[1])

    fault, heard = listening(work)
    assert (fault.state, heard > 0) == (state, True)


@contextlib.asynccontextmanager
async def hearing() -> AsyncIterator[tuple[int, list[bytes]]]:
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(100):
            heard.append(chunk)

    async with servers.tcp(listen) as port:
        yield port, heard


def test_connections_are_made_in_a_loop_that_is_always_late() -> None:
    """Every step of the loop is as long as the whole patience."""

    async def work() -> int:
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def slow() -> None:
            time.sleep(SHORT.connect_s)
            if not done.is_set():
                loop.call_soon(slow)

        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(128)
            loop.call_soon(slow)
            port = listener.getsockname()[1]
            made = await asyncio.gather(*(Net("127.0.0.1", SHORT).tcp(port) for _ in range(100)))
            done.set()
            for stream in made:
                stream.close()
            return len(made)

    assert listening(work) == 100


class Hands:
    """A clock that the test moves."""

    now = 50.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    hands = Hands()
    monkeypatch.setattr(lag, "time", hands)
    return hands


def test_time_that_was_listened_counts_whole(hands: Hands) -> None:
    clock = LoopClock()
    before = clock.now()
    for _ in range(40):
        hands.now += 0.1
        clock.looked(0.1, heard=False)
    assert clock.now() - before == pytest.approx(4.0)
    assert clock.missed_s == pytest.approx(0.0)


def test_time_that_was_missed_does_not_count(hands: Hands) -> None:
    clock = LoopClock()
    before = clock.now()
    hands.now += 20
    assert clock.now() - before == pytest.approx(lag.LATE_S)
    clock.looked(0.0, heard=False)
    assert clock.now() - before == pytest.approx(lag.LATE_S)
    assert clock.missed_s == pytest.approx(20 - lag.LATE_S)


def test_the_clock_waits_for_what_came_in_but_not_for_who_never_ends(hands: Hands) -> None:
    clock = LoopClock()
    hands.now += 5
    clock.looked(0.0, heard=True)
    first = clock.now()
    for _ in range(1000):
        hands.now += 0.01
        clock.looked(0.0, heard=True)
    assert clock.now() - first > 5.0


def test_the_clock_never_goes_back(hands: Hands) -> None:
    clock, seen = LoopClock(), []
    for step, heard in [(0.01, True), (3, True), (0.02, False), (0.2, True), (0.0, False), (0.09, True), (0.3, False)]:
        hands.now += step
        seen.append(clock.now())
        clock.looked(0.05, heard=heard)
        seen.append(clock.now())
    assert seen == sorted(seen)


def test_a_usual_loop_misses_nothing_that_it_knows_of() -> None:
    async def ask() -> float:
        return missed_s()

    assert asyncio.run(ask()) == missed_s() == 0.0
