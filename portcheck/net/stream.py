"""TCP: a stream whose every failure has a name, with TLS on top where a protocol wants it."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from portcheck.model import Stage, State
from portcheck.net import errors, icmp
from portcheck.net.errors import NetError
from portcheck.net.pacing import Delay, patiently
from portcheck.net.platform import error_queue, sockets, tcpinfo
from portcheck.net.timeline import Timeline
from portcheck.net.tls import alerts

T = TypeVar("T")
CHUNK = 65536
USUAL_SEGMENT = 1448  # of Ethernet and IPv4, beside TCP's timestamps
OF_RECORD = 29  # at most, around what is encrypted (TLS 1.2; 22 in 1.3)
MOST_BYTES = 4 * 2**20  # of one conversation: four times the longest answer that any protocol here may give
MOST_HANDSHAKE = 512 * 1024  # bytes from ClientHello to Finished; real chains take some 10 kB
MOST_PIECES = 20_000  # reads of one conversation; who answers in crumbs does so to keep us busy


class Stream:
    """A connected TCP socket. Each whole answer is waited for anew, all of them for two patiences at most."""

    def __init__(self, sock: socket.socket, address: str, trail: Timeline, answer_s: float, delay: Delay) -> None:
        self._sock = sock
        self._address = address
        local = trail.facts.get("local_address")
        self._own = local if isinstance(local, str) else sockets.own_address(sock)
        self._trail = trail
        self._patience = answer_s
        self._delay = delay
        self._deadline = asyncio.get_running_loop().time() + answer_s
        self._latest = self._deadline + answer_s
        self._buffer = b""
        self._heard = self._pieces = 0
        self._asked_ms = trail.elapsed_ms()
        self._tls: ssl.SSLObject | None = None
        self._incoming: ssl.MemoryBIO
        self._outgoing: ssl.MemoryBIO

    @property
    def trail(self) -> Timeline:
        return self._trail

    @property
    def two_segments(self) -> int:
        """Bytes that fill two packets of the usual size, or of this connection's where that is smaller."""
        size = 2 * min(sockets.segment(self._sock) or USUAL_SEGMENT, USUAL_SEGMENT)
        return size if self._tls is None else size - OF_RECORD

    def turn_to(self, trail: Timeline, patience_s: float) -> None:
        """From now on this conversation is about something else, with a timeline and a patience of its own."""
        self._trail, self._patience, self._asked_ms = trail, patience_s, trail.elapsed_ms()
        self._deadline = asyncio.get_running_loop().time() + patience_s
        self._latest = self._deadline + patience_s
        self._heard = self._pieces = 0

    async def send(self, data: bytes, what: str) -> None:
        """Send all of `data`; `what` names it in the evidence."""
        self._trail.stage = Stage.REQUEST
        self._trail.note("sent", f"{what}, {len(data)} bytes")
        self._asked_ms = self._trail.elapsed_ms()
        if self._tls is None:
            await self._send_raw(data)
        else:
            self._tls.write(data)
            await self._send_raw(self._outgoing.read())

    async def receive(self) -> bytes:
        """The next bytes; b"" at the end of the stream."""
        self._pieces += 1
        if self._pieces > MOST_PIECES:
            raise self._endless(f"more than {MOST_PIECES} pieces")
        if self._buffer:
            data, self._buffer = self._buffer, b""
            return data
        if self._tls is None:
            return await self._receive_raw()
        return await self._decrypted(self._tls)

    async def unasked(self, within_s: float) -> bytes | None:
        """What the peer says by itself within so many seconds; None: nothing; b"": it hung up. Before TLS."""
        if self._buffer or await sockets.readable_within(self._sock, within_s):
            return await self.receive()
        return None

    async def read_frame(self, frame: Callable[[bytes], int | None], what: str = "answer") -> bytes:
        """One whole message. `frame(buffer)` tells its length, None while it cannot; WireError if it is foreign."""
        buffer, self._buffer = bytearray(self._buffer), b""
        length: int | None = None
        while True:
            if buffer:
                self._trail.head = bytes(buffer[:64])
                if length is None:  # once told, it is not asked again at each byte
                    length = frame(cast(bytes, buffer))  # only looked at, so that nothing is copied
                if length is not None and len(buffer) >= length:
                    self._buffer = bytes(buffer[length:])
                    self._trail.stage = Stage.ANSWER
                    self._trail.answered_at = time.time()
                    self._trail.note("received", f"{what}, {length} bytes")
                    self._heard_the_way()
                    self._wait_anew()
                    return bytes(buffer[:length])
            chunk = await self.receive()
            if not chunk:
                raise self._ended(buffer)
            if not buffer:
                self._trail.answers += 1
                self._trail.latency_ms = round(self._trail.elapsed_ms() - self._asked_ms, 2)
            buffer += chunk

    def _wait_anew(self) -> None:
        """Who answers may take as long for the next one: on a line that loses much, one alone can take it all."""
        again = asyncio.get_running_loop().time() + self._patience
        self._deadline = max(self._deadline, min(again, self._latest + self._delay.more_s))

    async def start_tls(self, context: ssl.SSLContext, server_name: str | None) -> ssl.SSLObject:
        """Hand the conversation over to TLS. Raises NetError, or ssl.SSLError for what the peer said in TLS."""
        self._trail.stage = Stage.TLS
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)
        self._trail.note("sent", "TLS ClientHello")
        before = self._heard
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                await self._send_raw(self._outgoing.read())
                await self._feed()
                if self._heard - before > MOST_HANDSHAKE:
                    raise self._endless(f"a TLS handshake of more than {MOST_HANDSHAKE // 1024} kB") from None
        await self._send_raw(self._outgoing.read())
        self._tls = tls
        self._trail.answers += 1
        self._trail.note("received", f"TLS handshake done: {tls.version()}, {(tls.cipher() or ('?',))[0]}")
        return tls

    def close(self) -> None:
        self._sock.close()

    def observe(self) -> None:
        """Keep what the kernel knows of the conversation, while the socket still is."""
        self._trail.facts.update(tcpinfo.read(self._sock))

    async def _decrypted(self, tls: ssl.SSLObject) -> bytes:
        while True:
            try:
                return tls.read(CHUNK)
            except ssl.SSLWantReadError:
                await self._send_raw(self._outgoing.read())
                await self._feed()
            except ssl.SSLZeroReturnError:
                return b""
            except ssl.SSLError as error:  # TLS 1.3: no to the client's side of the handshake comes after its end
                raise self._broken(error) from None

    def _broken(self, error: ssl.SSLError) -> NetError:
        fault = alerts.refusal(error, self._trail)
        self.observe()
        self._trail.answers += 1
        self._trail.note(fault.state, fault.reason)
        return fault

    async def _feed(self) -> None:
        data = await self._receive_raw()
        if not data:
            raise self._ended(b"")
        self._trail.head = self._trail.head or data[:64]
        self._incoming.write(data)

    async def _send_raw(self, data: bytes) -> None:
        if data:
            await self._guarded(asyncio.get_running_loop().sock_sendall(self._sock, data))

    async def _receive_raw(self) -> bytes:
        data = await self._guarded(self._yielding())
        self._heard += len(data)
        if self._heard > MOST_BYTES:
            raise self._endless(f"more than {MOST_BYTES // 2**20} MB")
        return data

    async def _yielding(self) -> bytes:
        """A socket that always has something to read would never let anybody else run, nor any patience end."""
        if self._heard:
            await asyncio.sleep(0)
        return await asyncio.get_running_loop().sock_recv(self._sock, CHUNK)

    async def _guarded(self, step: Coroutine[Any, Any, T]) -> T:
        try:
            return await patiently(step, self._limit)
        except TimeoutError:
            self.observe()
            self._trail.note("timeout", f"no answer within {self._patience:g} s of connecting")
            reason = f"connected, but no answer within {self._patience:g} s"
            if self._trail.facts.get("unacked_bytes"):
                reason = f"connected, but what was sent was not acknowledged within {self._patience:g} s"
            raise NetError(State.MUTE, reason, self._trail.stage) from None
        except OSError as error:
            self.observe()
            seen = icmp.first_terminal(error_queue.drain(self._sock))
            fault = errors.while_talking(error, seen, self._address, self._own, self._trail.stage)
            self._trail.answers += 1
            self._trail.note(fault.state, fault.reason)
            raise fault from None

    def _limit(self) -> float:
        """Before the patience ends the kernel is asked how long the way takes: an answer may wait for a narrow line."""
        limit = self._deadline + self._delay.more_s
        if limit > asyncio.get_running_loop().time():
            return limit
        self._heard_the_way()
        return self._deadline + self._delay.more_s

    def _heard_the_way(self) -> None:
        """By now, of this conversation: connections were made before the line filled up with what they brought."""
        round_trip = tcpinfo.read(self._sock).get("rtt_ms")
        if isinstance(round_trip, float) and round_trip > 0:
            self._delay.heard(round_trip / 1000)

    def _endless(self, what: str) -> NetError:
        self._trail.note("endless", what)
        return NetError(State.MISMATCH, f"answers without end: {what}", self._trail.stage)

    def _ended(self, got: bytes | bytearray) -> NetError:
        self.observe()
        said = f"after {len(got)} bytes of an unfinished answer" if got else "without an answer"
        self._trail.answers += 1
        self._trail.note("closed", f"by the peer {said}")
        return NetError(State.RESET, f"the peer closed the connection {said}", self._trail.stage)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._sock.fileno() >= 0:
            self.observe()
        self.close()
