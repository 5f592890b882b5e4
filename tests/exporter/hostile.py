"""What nobody who means well sends to an exporter: odd paths, methods, headers, bodies and what is no HTTP at all."""

from __future__ import annotations

from random import Random

CONTROL = bytes(range(1, 32))
TARGETS = (
    b"evil.test",
    b"127.0.0.1",
    b"alpha.test.",
    b"alpha.test%00",
    b"%F0%9F%92%A9",
    b"..%2f..%2fetc%2fpasswd",
    b"",
)
METHODS = (b"POST", b"PUT", b"DELETE", b"PATCH", b"TRACE", b"PROPFIND", b"OPTIONS", b"get", b"G\x00T", b"A" * 300)
SIZES = (0, 1, 7, 200, 4000)


def request(number: int) -> bytes:
    """The `number`-th of an endless list; the same one each time."""
    random = Random(number)
    return random.choice((path, probe, method, header, body, large, nothing_of_http))(random)


def whole(number: int) -> bytes:
    """One after which the server may go on with the same connection."""
    random = Random(number)
    return random.choice((probe, missing, refused))(random)


def missing(random: Random) -> bytes:
    return _asked(b"/" + bytes(random.choice(b"%.;:@!$&'()*+,=~-_aZ09") for _ in range(random.choice(SIZES))) + b"q")


def refused(random: Random) -> bytes:
    return _asked(b"/probe?target=alpha.test", random.choice((b"PUT", b"DELETE", b"PATCH", b"PROPFIND", b"get")))


def path(random: Random) -> bytes:
    """A page that is not there, as many ways as there are to write one."""
    rest = bytes(random.choice(b"/%.;:@!$&'()*+,=~-_aZ09") for _ in range(random.choice(SIZES)))
    return _asked(
        b"/" + random.choice((b"..", b"%2e%2e", b"report/..", b"-/", b"xx", b"\xff\xfe", b"%zz")) + rest + b"q"
    )


def probe(random: Random) -> bytes:
    """Something that is not in the file is to be asked."""
    words = [b"target=" + random.choice(TARGETS), b"profile=" + random.choice((b"graph", b"%0d%0a", b"mim&target=x"))]
    random.shuffle(words)
    return _asked(b"/probe?" + b"&".join(words * random.choice((1, 1, 2, 90))))


def method(random: Random) -> bytes:
    return _asked(b"/probe?target=alpha.test", random.choice(METHODS))


def header(random: Random) -> bytes:
    """A time that is none, a header of which there may be one only, or one that HTTP does not know."""
    if random.random() < 0.3:
        time = random.choice((b"nan", b"-1", b"1e999", b"\xff", b"0", b"soon"))
        return (
            b"GET /probe?target=alpha.test HTTP/1.1\r\nHost: x\r\nX-Prometheus-Scrape-Timeout-Seconds: %s\r\n\r\n"
            % time
        )
    told = random.choice(
        (
            b"Host: a\r\nHost: b",
            b"Content-Length: 1\r\nContent-Length: 2",
            b"Transfer-Encoding: gzip, " + bytes(random.choice(b"abc,; ") for _ in range(30)),
            b"X" + bytes([random.choice(CONTROL)]) + b": y",
            b" folded\r\n\tmore: " + bytes([random.choice(CONTROL)]),
        )
    )
    return b"GET /nothing HTTP/1.1\r\nHost: x\r\n" + told + b"\r\n\r\n"


def body(random: Random) -> bytes:
    size = random.choice(SIZES)
    chunked = b"Transfer-Encoding: chunked\r\n\r\n" + random.choice((b"zz\r\n", b"ffffffffffffffff\r\n", b"-1\r\n"))
    counted = b"Content-Length: %d\r\n\r\n" % random.choice((size, size + 5, 1 << 60))
    return b"POST / HTTP/1.1\r\nHost: x\r\n" + random.choice((chunked, counted)) + random.randbytes(size)


def large(random: Random) -> bytes:
    more = random.choice((b"X: y\r\n" * 5000, b"X: " + b"y" * 40_000 + b"\r\n", b"\r\n" * 40_000))
    return b"GET /" + random.choice((b"", b"a" * 20_000)) + b" HTTP/1.1\r\n" + more + b"\r\n"


def nothing_of_http(random: Random) -> bytes:
    return random.choice(
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"SSH-2.0-x\r\n", b"\x00", b"PRI * HTTP/2.0")
    ) + (random.randbytes(random.choice(SIZES)) + b"\r\n\r\n")


def _asked(target: bytes, how: bytes = b"GET") -> bytes:
    return how + b" " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n"
