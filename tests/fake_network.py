"""A network without packets: answers by script, question by question; what was sent is kept.

For tests of what a probe says and concludes. How sockets behave is tested on loopback, with real ones.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TypeVar

from portcheck.model import Stage, State
from portcheck.net.errors import NetError
from portcheck.net.network import Network
from portcheck.net.pacing import Delay
from portcheck.net.stream import Stream
from portcheck.net.timeline import Timeline
from portcheck.net.udp import Datagram

T = TypeVar("T")
Answer = bytes | NetError | None
"""To one question: bytes, how it ended otherwise, or silence (over TCP the end of the stream)."""

TRIES = 3
LATENCY_MS = 3.0


class FakeNetwork:
    """A host that says to the first question the first answer, and so on; after the last one nothing."""

    def __init__(self, *answers: Answer, connecting: NetError | None = None) -> None:
        self.trail = Timeline()
        self.sent: list[tuple[str, int, bytes]] = []  # transport, port, bytes
        self.opened: list[FakeStream] = []
        self._answers = list(answers)
        self._connecting = connecting

    def next_answer(self) -> Answer:
        return self._answers.pop(0) if self._answers else None

    async def tcp(self, port: int) -> Stream:
        self.trail.attempts += 1
        if self._connecting is not None:
            raise self._connecting
        self.opened.append(FakeStream(self, port))
        return self.opened[-1]

    async def udp(self, port: int, request: Callable[[int], bytes], accept: Callable[[bytes], T]) -> Datagram[T]:
        self.trail.stage = Stage.REQUEST
        for number in range(TRIES):
            self.trail.attempts += 1
            self.sent.append(("udp", port, request(number)))
            answer = self.next_answer()
            if isinstance(answer, NetError):
                raise answer
            if answer is not None:
                self.trail.stage, self.trail.answers, self.trail.latency_ms = Stage.ANSWER, 1, LATENCY_MS
                return Datagram(accept(answer), len(answer), LATENCY_MS)
        raise NetError(State.FILTERED, f"no answer to {TRIES} requests", Stage.REQUEST)

    def aside(self, patience_s: float, *, same_port: bool = False) -> Network:
        """Questions beside the check's are answered from the same script."""
        del patience_s, same_port
        return self

    def twin(self) -> Network:
        return self


class FakeStream(Stream):
    """A conversation whose other side is the script."""

    def __init__(self, net: FakeNetwork, port: int) -> None:
        super().__init__(socket.socket(), "192.0.2.1", net.trail, 60.0, Delay())
        self.closed = False
        self._net, self._port = net, port
        self._coming: list[Answer] = []

    async def send(self, data: bytes, what: str) -> None:
        self._trail.stage = Stage.REQUEST
        self._trail.note("sent", f"{what}, {len(data)} bytes")
        self._net.sent.append(("tcp", self._port, data))
        self._coming.append(self._net.next_answer())

    async def receive(self) -> bytes:
        """One answer at a time; bytes that belong to the next message stay with it."""
        if self._buffer:
            data, self._buffer = self._buffer, b""
            return data
        answer = self._coming.pop(0) if self._coming else None
        if isinstance(answer, NetError):
            raise answer
        return answer or b""

    def observe(self) -> None:
        """No kernel knows of this conversation."""

    def close(self) -> None:
        self.closed = True
        super().close()
