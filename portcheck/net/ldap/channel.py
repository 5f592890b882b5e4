"""The socket of a sign-in, which ldap3 gets after it: it ends when the patience does, and keeps the fault that was.

Where a security layer was agreed on, it signs and seals what passes (RFC 4752, 3.1).
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import field
from typing import NoReturn

from portcheck.frozen import dataclass
from portcheck.model import Stage, State
from portcheck.net import errors
from portcheck.net.errors import NetError
from portcheck.net.timeline import Timeline
from portcheck.net.tls import alerts

MOST = 32 * 2**20  # bytes of all answers together: a directory has no reason to say more here
LARGEST_FRAME = 16 * 2**20
CHUNK, HEAD = 65536, 16  # bytes to read at once, and from which a message's length is told
Seal = Callable[[bytes], bytes]
Frame = Callable[[bytes], int | None]


@dataclass(slots=True)
class Channel:
    """A connected, blocking socket. Used by one thread; only `cut` may come from another."""

    sock: socket.socket
    answer_s: float
    fault: NetError | None = None
    received: int = 0
    proven: bool = False  # the server is who it is to be: a verified certificate, or the ticket's own service
    wrap: Seal | None = None
    unwrap: Seal | None = None
    _until: float = field(default_factory=time.monotonic)
    _clear: bytes = b""

    def expect(self) -> None:
        """A question is about to be asked: from now on its answer has the whole patience."""
        self._until = time.monotonic() + self.answer_s

    def ask(self, question: bytes, frame: Frame) -> bytes:
        """One whole message for one. What follows it unasked would pass for something said later: it is a fault."""
        self.sendall(question)
        got = bytearray()
        while (length := self._length(got, frame)) is None or len(got) < length:
            part = self.recv(CHUNK)
            if not part:
                raise ConnectionError
            got += part
        if len(got) > length:
            self._refuse("more came than was asked for")
        return bytes(got)

    def _length(self, got: bytearray, frame: Frame) -> int | None:
        try:
            return frame(bytes(got[:HEAD]))
        except ValueError:
            self._refuse("the answer is not LDAP")

    def _refuse(self, why: str) -> NoReturn:
        self.fault = NetError(State.MISMATCH, why, Stage.ANSWER)
        raise self.fault

    def recv(self, size: int) -> bytes:
        if self.unwrap is None:
            return self._recv(size)
        if not self._clear:
            self._clear = self._opened()
        part, self._clear = self._clear[:size], self._clear[size:]
        return part

    def _opened(self) -> bytes:
        """The content of one sealed frame; empty where the server hung up."""
        assert self.unwrap is not None
        head = self._exactly(4)
        length = int.from_bytes(head, "big")
        if len(head) < 4 or not 0 < length <= LARGEST_FRAME:
            return b""
        frame = self._exactly(length)
        return self.unwrap(frame) if len(frame) == length else b""

    def _exactly(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size and (part := self._recv(min(65536, size - len(data)))):
            data += part
        return bytes(data)

    def _recv(self, size: int) -> bytes:
        left = self._until - time.monotonic()
        try:
            if left <= 0 or self.received > MOST:
                raise TimeoutError
            self.sock.settimeout(left)
            data = self.sock.recv(size)
        except OSError as error:
            self._keep(error)
            raise
        if not data:
            self.fault = NetError(State.RESET, "the server hung up instead of answering", Stage.ANSWER)
        self.received += len(data)
        return data

    def sendall(self, data: bytes) -> None:
        if self.wrap is not None:
            sealed = self.wrap(data)
            data = len(sealed).to_bytes(4, "big") + sealed
        try:
            self.sock.settimeout(self.answer_s)
            self.sock.sendall(data)
        except OSError as error:
            self._keep(error)
            raise

    def _keep(self, error: OSError) -> None:
        if isinstance(error, TimeoutError):
            self.fault = NetError(State.MUTE, f"no answer within {self.answer_s:g} s", Stage.ANSWER)
        elif isinstance(error, ssl.SSLError):
            self.fault = alerts.refusal(error, Timeline(stage=Stage.ANSWER))
        else:
            self.fault = errors.while_talking(error, None, "", None, Stage.ANSWER)

    def certificate(self) -> bytes:
        """What the server showed, as DER; empty without TLS."""
        return (self.sock.getpeercert(binary_form=True) or b"") if isinstance(self.sock, ssl.SSLSocket) else b""

    def shutdown(self, how: int) -> None:
        self.sock.shutdown(how)

    def close(self) -> None:
        self.sock.close()

    def cut(self) -> None:
        """End whatever another thread waits for here."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)  # TLS is not touched: the other thread is in it
