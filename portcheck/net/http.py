"""One HTTP request and the head of its answer over a stream of ours, read by h11; the body is nobody's business."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from portcheck.frozen import dataclass
from portcheck.model import State
from portcheck.net.errors import NetError
from portcheck.net.stream import Stream

if TYPE_CHECKING:
    import h11

MAX_HEAD = 16_384
MOST_INTERIM = 8  # answers of the 100s before the answer itself
LONGEST = 200
AGENT = "portcheck"

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """The head of an answer, made printable."""

    status: int
    reason: str
    headers: Headers

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.headers if key == name.lower())

    def first(self, name: str) -> str:
        return next(iter(self.all(name)), "")


async def ask(stream: Stream, method: str, target: str, host: str, headers: Headers = ()) -> HttpAnswer:
    """Send a request without a body; `host` as it stands in the Host header. Raises NetError."""
    request = _request(method, target, host, headers)
    await stream.send(_packed(request), f"HTTP {method} {target[:LONGEST]}")

    reading = Reading(request)
    await stream.read_frame(reading, "HTTP answer")
    assert reading.answer is not None
    return reading.answer


def pack(method: str, target: str, host: str, headers: Headers = ()) -> bytes:
    """The request as `ask` sends it; nothing is sent."""
    return _packed(_request(method, target, host, headers))


def _request(method: str, target: str, host: str, headers: Headers) -> h11.Request:
    import h11  # late: only who talks HTTP needs it

    told = [("Host", host), ("User-Agent", AGENT), *headers]
    if method != "CONNECT":
        told.append(("Connection", "close"))
    return h11.Request(method=method, target=target, headers=told)


def _packed(request: h11.Request) -> bytes:
    import h11

    return h11.Connection(h11.CLIENT).send(request) or b""


class Reading:
    """Tells `read_frame` when the final answer is whole, and keeps it; what is no HTTP raises NetError.

    To be asked of one growing buffer: each byte is read once.
    """

    def __init__(self, request: h11.Request) -> None:
        import h11

        self.answer: HttpAnswer | None = None
        self._waiting = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)
        self._waiting.send(request)
        self._waiting.send(h11.EndOfMessage())
        self._secrets = tuple(_secrets(request))
        self._read = self._interim = 0

    def __call__(self, buffer: bytes) -> int | None:
        import h11

        self._waiting.receive_data(bytes(buffer[self._read :]))
        self._read = len(buffer)
        try:
            while self._interim < MOST_INTERIM:
                event = self._waiting.next_event()
                if event is h11.NEED_DATA:
                    return None
                if isinstance(event, h11.Response):
                    self.answer = _read(event, self._secrets)
                    return len(buffer)
                self._interim += 1
        except h11.RemoteProtocolError as error:
            raise _foreign(str(error)) from None
        raise _foreign("interim answers without end")


def _secrets(request: h11.Request) -> Iterator[bytes]:
    """What it signs in with: who answers may say it back, and what is said is reported."""
    for name, value in request.headers:
        if name.lower() == b"proxy-authorization":
            word = bytes(value).rpartition(b" ")[2]
            yield word
            yield base64.b64decode(word).partition(b":")[2]


def _read(event: h11.Response, secrets: Iterable[bytes]) -> HttpAnswer:
    headers = tuple((name.decode("ascii"), _printable(value, secrets)) for name, value in event.headers)
    return HttpAnswer(event.status_code, _printable(event.reason, secrets), headers)


def _printable(raw: bytes, secrets: Iterable[bytes]) -> str:
    for secret in filter(None, secrets):
        raw = raw.replace(secret, b"(not shown)")
    return "".join(c if c.isprintable() else "?" for c in raw[:LONGEST].decode("latin-1"))


def _foreign(why: str) -> NetError:
    return NetError(State.MISMATCH, f"answered, but not in HTTP ({why[:LONGEST]})")
