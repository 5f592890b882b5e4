"""HTTP/1.1 in the small (RFC 9112): one request, and the head of its answer. No chunks, no redirects, no cookies."""

from __future__ import annotations

import re

from portcheck.frozen import dataclass
from portcheck.wire import WireError
from portcheck.wire.text import printable

MAX_HEAD = 16_384
MAX_BODY = 65_536
MAX_HEADERS = 100
STATUS_LINE = re.compile(rb"HTTP/(\d\.\d) (\d{3})(?: ([^\r\n]*))?")
REQUEST_LINE = re.compile(rb"([A-Z]{1,16}) (\S{1,2048}) HTTP/1\.[01]")
FIRST_WORD = re.compile(rb"[A-Z]{1,16}([ /]|\Z)")
BODILESS = frozenset({204, 304})

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class HttpRequest:
    method: str
    path: str
    headers: Headers = ()
    body: bytes = b""

    def pack(self) -> bytes:
        length = (("Content-Length", str(len(self.body))),) if self.body or self.method == "POST" else ()
        return _pack(f"{self.method} {self.path} HTTP/1.1", self.headers + length, self.body)

    @classmethod
    def unpack(cls, data: bytes) -> HttpRequest:
        first, headers, body = _split(data)
        line = REQUEST_LINE.fullmatch(first)
        if line is None:
            raise WireError("not an HTTP request")
        return cls(line[1].decode("ascii"), printable(line[2], limit=2048), headers, body)

    def header(self, name: str) -> str | None:
        return _header(self.headers, name)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    status: int
    reason: str = ""
    headers: Headers = ()
    body: bytes = b""

    def pack(self) -> bytes:
        length = () if self.status in BODILESS else (("Content-Length", str(len(self.body))),)
        return _pack(f"HTTP/1.1 {self.status} {self.reason}", self.headers + length, self.body)

    @classmethod
    def unpack(cls, data: bytes) -> HttpResponse:
        """The head, and as much of the body as `data` holds."""
        first, headers, body = _split(data)
        line = STATUS_LINE.fullmatch(first)
        if line is None:
            raise WireError("not an HTTP response")
        return cls(int(line[2]), printable(line[3] or b"", "latin-1"), headers, body)

    def header(self, name: str) -> str | None:
        return _header(self.headers, name)

    @property
    def server(self) -> str | None:
        return self.header("Server")


def request(method: str, host: str, path: str = "/", headers: Headers = (), body: bytes = b"") -> bytes:
    """`host` as it stands in the Host header: with its port where that is not the scheme's."""
    return HttpRequest(method, path, (("Host", host), *headers, ("Connection", "close")), body).pack()


def frame(buffer: bytes) -> int | None:
    """Length of the first message with its announced body; of a body without Content-Length only the head counts."""
    if buffer and not FIRST_WORD.match(buffer[:17]):
        raise WireError("not HTTP")
    end = buffer.find(b"\r\n\r\n", 0, MAX_HEAD)
    if end < 0:
        if len(buffer) >= MAX_HEAD:
            raise WireError("HTTP head without end")
        return None
    first, headers, _ = _split(buffer[: end + 4])
    return end + 4 + _body_length(first, headers)


def _body_length(first: bytes, headers: Headers) -> int:
    status = STATUS_LINE.fullmatch(first)
    if status and int(status[2]) in BODILESS:
        return 0
    announced = _header(headers, "Content-Length") or "0"
    if not re.fullmatch(r"[0-9]{1,18}", announced):
        raise WireError("HTTP Content-Length is no number")
    return min(int(announced), MAX_BODY)


def _split(data: bytes) -> tuple[bytes, Headers, bytes]:
    head, end, body = data[: MAX_HEAD + MAX_BODY].partition(b"\r\n\r\n")
    if not end or len(head) > MAX_HEAD:
        raise WireError("HTTP head ends early")
    first, *lines = head.split(b"\r\n")
    if len(lines) > MAX_HEADERS:
        raise WireError(f"HTTP head with {len(lines)} headers")
    return first, tuple(_read_header(line) for line in lines), body


def _read_header(line: bytes) -> tuple[str, str]:
    name, colon, value = line.partition(b":")
    if not colon or not name.strip():
        raise WireError("HTTP header without a name")
    return printable(name.strip(), "latin-1"), printable(value.strip(), "latin-1")


def _header(headers: Headers, name: str) -> str | None:
    return next((value for key, value in headers if key.lower() == name.lower()), None)


def _pack(first: str, headers: Headers, body: bytes) -> bytes:
    lines = (first, *(f"{name}: {value}" for name, value in headers))
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a line break inside an HTTP head")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
