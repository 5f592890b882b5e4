"""SOCKS 5 over a stream of ours: the bytes of RFC 1928 and RFC 1929, and the conversation that ends in a tunnel.

A proxy that fails to connect says so in a reply, or hangs up without one as `ssh -D` does; where it waits for the far
end in vain, it keeps silent for as long. Success is its word and no proof: some grant a request before they connect.
"""

from __future__ import annotations

import ipaddress

from portcheck.model import BlockedAt, Facts, Stage, State
from portcheck.net.errors import NetError
from portcheck.net.stream import Stream

VERSION, CONNECT = 5, 1
OPEN, PASSWORD = 0, 2
IPV4, NAME, IPV6 = 1, 3, 4
LONGEST = 255  # of a name, a user or a password: lengths are one byte
REPLIES: dict[int, tuple[State, str]] = {
    1: (State.UNREACHABLE, "general failure"),
    2: (State.REJECTED, "not allowed by its rules"),
    3: (State.UNREACHABLE, "network unreachable"),
    4: (State.UNREACHABLE, "host unreachable"),
    5: (State.REFUSED, "connection refused"),
    6: (State.UNREACHABLE, "TTL expired"),
    7: (State.ERROR, "it does not do CONNECT"),
    8: (State.ERROR, "it does not take this kind of address"),
}
"""RFC 1928, 6."""


def greeting(credentials: str) -> bytes:
    """Section 3: the methods we can do."""
    methods = bytes([OPEN, PASSWORD] if credentials else [OPEN])
    return bytes([VERSION, len(methods)]) + methods


def password(credentials: str) -> bytes:
    """RFC 1929, 2; `credentials` are user:password. What does not fit is cut, and refused by the proxy."""
    user, _, secret = credentials.partition(":")
    return b"\x01" + b"".join(_counted(text.encode()[:LONGEST]) for text in (user, secret))


def request(host: str, port: int) -> bytes:
    """Section 4: connect to an address, or to a name that the proxy looks up."""
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        where = bytes([NAME]) + _counted(host.encode("ascii", "replace")[:LONGEST])
    else:
        where = bytes([IPV4 if ip.version == 4 else IPV6]) + ip.packed
    return bytes([VERSION, CONNECT, 0]) + where + port.to_bytes(2, "big")


def _counted(text: bytes) -> bytes:
    return bytes([len(text)]) + text


def two_bytes(buffer: bytes) -> int | None:
    return 2 if len(buffer) >= 2 else None


def reply(buffer: bytes) -> int | None:
    """Section 6: how long a reply is, by the kind of its bound address; foreign ones end where they show it."""
    if buffer[:1] != bytes([VERSION]):
        return 1 if buffer else None
    if len(buffer) < 5:
        return None
    return {IPV4: 10, IPV6: 22, NAME: 7 + buffer[4]}.get(buffer[3], 5)


async def tunnel(stream: Stream, proxy: str, host: str, port: int, credentials: str, by: str) -> None:
    """From here on the stream is the way to `host`. Raises NetError: the proxy's own no, with `by` for who said it."""
    await stream.send(greeting(credentials), "SOCKS 5 greeting")
    try:
        version, method = await stream.read_frame(two_bytes, "SOCKS method")
    except NetError:
        raise _cannot(proxy, "does not answer in SOCKS 5") from None
    if version != VERSION:
        raise _foreign(proxy)
    if method == PASSWORD and credentials:
        await stream.send(password(credentials), "SOCKS user and password")
        if (await stream.read_frame(two_bytes, "SOCKS sign-in"))[1]:
            raise _cannot(proxy, "does not accept the user and password")
    elif method != OPEN:
        wants = "accepts no way of signing in that is known here" if credentials else "asks for credentials"
        raise _cannot(proxy, wants)
    answer = await _asked(stream, proxy, host, port)
    if len(answer) < 5:
        raise _foreign(proxy)
    if answer[1]:
        state, words = REPLIES.get(answer[1], (State.UNREACHABLE, f"reply {answer[1]}"))
        raise _no(proxy, state, f"says: {words}", by)


async def _asked(stream: Stream, proxy: str, host: str, port: int) -> bytes:
    await stream.send(request(host, port), f"SOCKS CONNECT {host} port {port}")
    try:
        return await stream.read_frame(reply, "SOCKS reply")
    except NetError as fault:
        raise beyond(fault, proxy, "closed it without a reply") from None


def beyond(fault: NetError, proxy: str, closed: str) -> NetError:
    """No byte came from the other end of the proxy: that there is a connection to it is not known."""
    if fault.state is State.RESET:
        words = f"{closed}: seen from it the port is refused or cannot be reached"
        return NetError(State.UNREACHABLE, f"the proxy {proxy} {words}", Stage.CONNECT, facts={"proxy_said": closed})
    if fault.state is State.MUTE:
        words = "nothing came through in time: seen from it the port is silent, or the service mute"
        facts: Facts = {"proxy_said": "got no answer in time"}
        return NetError(State.FILTERED, f"the proxy {proxy}: {words}", Stage.CONNECT, facts=facts)
    return fault


def _foreign(proxy: str) -> NetError:
    return _cannot(proxy, "does not speak SOCKS 5")


def _cannot(proxy: str, words: str) -> NetError:
    """It was not asked for anything: this says nothing of the endpoint."""
    facts: Facts = {"proxy_said": words, "local_fault": True}
    return NetError(State.ERROR, f"the proxy {proxy} {words}", Stage.CONNECT, facts=facts)


def _no(proxy: str, state: State, words: str, by: str) -> NetError:
    facts: Facts = {"proxy_said": words}
    place = BlockedAt(by=by) if state is State.REJECTED else None
    return NetError(state, f"the proxy {proxy} {words}", Stage.CONNECT, place, facts)
