"""TCP on real loopback sockets: every way a conversation can end badly has its state."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import Callable, Iterator

import pytest
from net import servers
from patience import MUTE, PATIENT, SILENT
from systems import linux_only

from portcheck.model import Stage, State
from portcheck.net import connect, stream, tries
from portcheck.net.errors import NetError
from portcheck.net.network import Net
from portcheck.net.platform import sockets
from portcheck.net.timeouts import Timeouts


def ten(buffer: bytes) -> int | None:
    return 10 if len(buffer) >= 10 else None


async def ask(port: int, frame: Callable[[bytes], int | None] = ten, patience: Timeouts = PATIENT) -> bytes:
    async with asyncio.timeout(120):
        with await Net("127.0.0.1", patience).tcp(port) as stream:
            await stream.send(b"question", "question")
            return await stream.read_frame(frame)


async def failed(port: int, frame: Callable[[bytes], int | None] = ten, patience: Timeouts = PATIENT) -> NetError:
    with pytest.raises(NetError) as caught:
        await ask(port, frame, patience)
    return caught.value


@contextlib.contextmanager
def full_backlog() -> Iterator[int]:
    """A listener whose queue of connections is full: the kernel ignores every further SYN."""
    with socket.socket() as listener, contextlib.ExitStack() as callers:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            caller = callers.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@pytest.mark.skipif(sys.platform != "linux", reason="a full backlog is silent only on Linux")
async def test_silence_to_every_syn_is_filtered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "REPEAT_AFTER_S", 0.1)
    with full_backlog() as port:
        net = Net("127.0.0.1", SILENT)
        with pytest.raises(NetError) as caught:
            await net.tcp(port)
    assert (caught.value.state, caught.value.stage) == (State.FILTERED, Stage.CONNECT)
    assert (net.trail.attempts, net.trail.answers) == (2, 0)


async def test_the_try_that_is_answered_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "REPEAT_AFTER_S", 0.05)
    real = tries.Tries._send

    def first_is_lost(self: tries.Tries, one: tries.Try) -> None:
        if self.sent_at:
            real(self, one)
        else:
            self._left(one)

    monkeypatch.setattr(tries.Tries, "_send", first_is_lost)
    async with servers.tcp(lambda reader, _: reader.read()) as port:
        net = Net("127.0.0.1", PATIENT)
        with await net.tcp(port):
            pass
    assert (net.trail.facts["answered_on_attempt"], net.trail.attempts) == (2, 2)


@pytest.mark.parametrize("asked_first", [True, False], ids=["after-the-question", "at-once"])
async def test_a_connection_that_is_cut_is_a_reset(asked_first: bool) -> None:
    async def habit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if asked_first:
            await reader.readexactly(8)
        servers.cut(writer)

    async with servers.tcp(habit) as port:
        assert (await failed(port)).state is State.RESET


async def test_half_a_frame_and_a_goodbye_is_a_reset_that_says_how_much_came() -> None:
    async def habit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)
        writer.write(b"half")
        await writer.drain()

    async with servers.tcp(habit) as port:
        fault = await failed(port)
    assert fault.state is State.RESET
    assert "after 4 bytes" in fault.reason


async def test_a_drip_does_not_renew_the_patience() -> None:
    wanted, over = asyncio.Event(), asyncio.Event()
    seen: list[int] = []

    async def habit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)
        while not over.is_set():
            writer.write(b"x")
            await writer.drain()
            await wanted.wait()
            wanted.clear()

    def never(buffer: bytes) -> None:
        seen.append(len(buffer))
        wanted.set()  # the next byte comes as soon as this one is here

    async with servers.tcp(habit) as port:
        fault = await failed(port, never, MUTE)
        over.set()
        wanted.set()
    assert fault.state is State.MUTE
    assert max(seen) > 3


async def test_an_answer_in_pieces_is_one_frame_and_the_rest_is_kept() -> None:
    async def habit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in (b"answ", b"er", b"1234next"):
            await reader.readexactly(1)
            writer.write(piece)
            await writer.drain()
        await reader.read()

    async with servers.tcp(habit) as port, asyncio.timeout(120):
        with await Net("127.0.0.1", PATIENT).tcp(port) as stream:
            await stream.send(b"abc", "three letters")
            assert await stream.read_frame(ten) == b"answer1234"
            assert await stream.receive() == b"next"


async def test_a_stranger_s_frame_is_not_swallowed() -> None:
    def foreign(buffer: bytes) -> int | None:
        raise ValueError("not ours")

    async def habit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400")
        await reader.read()

    async with servers.tcp(habit) as port, asyncio.timeout(120):
        net = Net("127.0.0.1", PATIENT)
        with pytest.raises(ValueError, match="not ours"), await net.tcp(port) as stream:
            await stream.read_frame(foreign)
    assert net.trail.head == b"HTTP/1.1 400"


@pytest.mark.skipif(sys.platform != "linux", reason="what a connect to a group answers differs by platform")
async def test_a_try_that_is_refused_tells_from_which_port_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[int] = []
    told = tries.Tries._told

    def noted(self: tries.Tries, one: tries.Try, error: OSError | None) -> None:
        assert one.sock is not None
        used.append(one.sock.getsockname()[1])
        told(self, one, error)

    monkeypatch.setattr(tries.Tries, "_told", noted)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = taken.getsockname()[1]
    net = Net("127.0.0.1", PATIENT)
    with pytest.raises(NetError) as caught:
        await net.tcp(closed)
    assert caught.value.state is State.REFUSED
    assert (net.trail.facts["local_address"], [net.trail.facts["local_port"]]) == ("127.0.0.1", used)
    assert net.trail.facts["source_ports"] == used
    assert "source_ports_unanswered" not in net.trail.facts  # it was answered


async def test_a_try_that_never_left_tells_no_port() -> None:
    net = Net("127.0.0.1", PATIENT, source_ip="192.0.2.77")
    with pytest.raises(NetError) as caught:
        await net.tcp(9)
    assert caught.value.state is State.ERROR
    assert not {"local_port", "local_address"} & net.trail.facts.keys()


@linux_only("elsewhere no error says that no route leads to a group")
async def test_an_address_without_a_route_is_this_machine_s_own_fault() -> None:
    net = Net("224.0.0.1", PATIENT)  # no TCP route leads to a group: ENETUNREACH at once, on every Linux
    with pytest.raises(NetError) as caught:
        await net.tcp(9)
    assert (caught.value.state, caught.value.facts["local_fault"]) == (State.UNREACHABLE, True)


async def test_a_foreign_source_address_is_this_machine_s_own_fault() -> None:
    with pytest.raises(NetError) as caught:
        await Net("127.0.0.1", PATIENT, source_ip="192.0.2.1").tcp(9)
    assert (caught.value.state, caught.value.facts["local_fault"]) == (State.ERROR, True)


async def test_no_socket_is_left_open_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[socket.socket] = []
    real, fifth = sockets.make, asyncio.Event()

    def remembered(*arguments: object) -> socket.socket:
        made.append(real(*arguments))  # type: ignore[arg-type]
        if len(made) == 5:
            fifth.set()
        return made[-1]

    monkeypatch.setattr(sockets, "make", remembered)
    monkeypatch.setattr(connect, "REPEAT_AFTER_S", 0.1)

    async def habit(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        servers.cut(writer)

    async with servers.tcp(habit) as port:
        await failed(port)
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        await failed(reserved.getsockname()[1])
    if sys.platform == "linux":
        with full_backlog() as port:
            await failed(port, patience=SILENT)
            task = asyncio.create_task(ask(port))
            await asyncio.wait_for(fifth.wait(), 60)  # cancelled in the middle of connecting
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    assert len(made) >= (5 if sys.platform == "linux" else 2)
    assert [sock for sock in made if sock.fileno() >= 0] == []


def test_a_port_that_controllers_ignore_is_given_back_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    names = iter([88, 464, 22528, 53249, 40000])
    made: list[Twin] = []

    class Twin(socket.socket):
        """A socket to whom the kernel gives the next of `names`."""

        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments)  # type: ignore[arg-type]
            self.port = next(names)
            assert all(earlier.fileno() >= 0 for earlier in made), "given back too early, the kernel may offer it again"
            made.append(self)

        def getsockname(self) -> tuple[str, int]:
            return ("127.0.0.1", self.port)

    monkeypatch.setattr(sockets.socket, "socket", Twin)
    with sockets.make("127.0.0.1", socket.SOCK_DGRAM) as kept:
        assert kept.getsockname()[1] == 40000
        assert [twin.port for twin in made if twin.fileno() < 0] == [88, 464, 22528, 53249]


async def talked(pause_s: float, questions: int, patience: Timeouts) -> int:
    """How many of so many questions were answered, each with ten bytes so long after it."""

    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(100):
            await asyncio.sleep(pause_s)
            writer.write(b"0123456789")

    answered = 0
    async with servers.tcp(late) as port:
        with await Net("127.0.0.1", patience).tcp(port) as stream, contextlib.suppress(NetError):
            for _ in range(questions):
                await stream.send(b"question", "question")
                await stream.read_frame(ten)
                answered += 1
    return answered


async def test_each_answer_is_waited_for_anew() -> None:
    assert await talked(0.3, 2, Timeouts(60.0, 0.5, 1)) == 2


async def test_a_conversation_that_goes_on_slowly_is_not_waited_for_for_ever() -> None:
    assert await talked(0.3, 20, Timeouts(60.0, 0.5, 1)) < 20


@pytest.mark.parametrize(("round_trip_ms", "ends"), [(30_000.0, "answered"), (200.0, State.MUTE), (0.0, State.MUTE)])
async def test_the_answer_on_a_line_that_filled_up_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, round_trip_ms: float, ends: str
) -> None:
    """The patience is over, and then the kernel tells how long packets take by now."""
    over = asyncio.Event()

    def told(_: socket.socket) -> dict[str, object]:
        over.set()
        return {"rtt_ms": round_trip_ms}

    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.write(b"0123456789")
        await reader.read()

    async with servers.tcp(late) as port:
        with await Net("127.0.0.1", MUTE).tcp(port) as talk:
            monkeypatch.setattr(stream.tcpinfo, "read", told)
            try:
                await talk.read_frame(ten)
                seen: str = "answered"
            except NetError as fault:
                seen = fault.state
    assert seen == ends


async def test_what_one_conversation_learns_of_the_way_is_known_to_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"0123456789")
        await reader.read()

    async with servers.tcp(answer) as port:
        net = Net("127.0.0.1", PATIENT)
        with await net.tcp(port) as talk:
            before = net.repeats.delay.seconds
            monkeypatch.setattr(stream.tcpinfo, "read", lambda _: {"rtt_ms": 5000.0})
            await talk.read_frame(ten)
    assert (before, net.repeats.delay.seconds) == (0.0, 5.0)
