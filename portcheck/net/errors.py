"""What a failed exchange means: errno and ICMP to `State`, once, by number and by the stage it happened in."""

from __future__ import annotations

import errno
from dataclasses import field

from portcheck.frozen import dataclass
from portcheck.model import BlockedAt, Facts, Stage, State
from portcheck.net.icmp import Icmp, Said
from portcheck.net.platform import machine


@dataclass(slots=True)
class NetError(Exception):
    """The exchange ended without an answer; `state` says how."""

    state: State
    reason: str
    stage: Stage | None = None
    blocked_at: BlockedAt | None = None
    facts: Facts = field(default_factory=dict)

    def __str__(self) -> str:
        return self.reason


# Winsock and Win32 numbers first: on Windows the class of the exception says little (reference: MINGW winerror.h).
WINDOWS = {
    1225: errno.ECONNREFUSED,
    10061: errno.ECONNREFUSED,
    121: errno.ETIMEDOUT,
    10060: errno.ETIMEDOUT,
    1460: errno.ETIMEDOUT,
    1231: errno.ENETUNREACH,
    10051: errno.ENETUNREACH,
    1232: errno.EHOSTUNREACH,
    10065: errno.EHOSTUNREACH,
    1234: errno.ECONNREFUSED,  # ERROR_PORT_UNREACHABLE, UDP
    64: errno.ECONNRESET,
    10054: errno.ECONNRESET,
    10053: errno.ECONNRESET,
    1236: errno.ECONNRESET,
    10013: errno.EACCES,
    995: errno.ECANCELED,  # ERROR_OPERATION_ABORTED: this machine gave it up
    10024: errno.EMFILE,
    10047: errno.EAFNOSUPPORT,
    10048: errno.EADDRINUSE,
    10049: errno.EADDRNOTAVAIL,
    10050: errno.ENETDOWN,
    10055: errno.ENOBUFS,
    10058: errno.ESHUTDOWN,
    10064: errno.EHOSTDOWN,
}
WINSOCK = 10000  # numbers from here on are Winsock's; below, an errno may mean something else than a Win32 number
WSAENETRESET = 10052

UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN}
OWN_POLICY = {errno.EACCES, errno.EPERM}
OWN_LIMITS = {
    errno.EMFILE: "too many open files on this machine (raise the limit, or lower --concurrency)",
    errno.ENFILE: "too many open files on this machine (raise the limit, or lower --concurrency)",
    errno.EADDRNOTAVAIL: "no free local address or port on this machine",
    errno.ENOBUFS: "no buffer space on this machine",
    errno.ENOMEM: "out of memory on this machine",
    errno.EAFNOSUPPORT: "this machine does not speak this address family",
    errno.ECANCELED: "this machine gave the operation up",
}


OWN_ROUTES = {
    errno.EINVAL: "this machine itself drops what goes to that address: a blackhole route (ip route get shows it), or a"
    " link-local address without its device",
    getattr(errno, "ENOKEY", 126): "this machine's VPN has no key for that address: no peer of it takes it (WireGuard)",
    errno.EDESTADDRREQ: "this machine's VPN does not know where the peer for that address is (WireGuard: no endpoint)",
}
"""What Linux says where a route or a device of its own does not carry a packet (ip-route(8); wg_xmit in the kernel)."""


RESET_UNTOLD = "refused by a TCP reset, the host's or that of a device in its name: this machine cannot tell them apart"


PORT_PAUSES_S = (0.25, 0.5, 1.0)
"""So much later one may be free again."""


def no_port_left() -> NetError:
    """Every local port is taken, or waits after its last connection."""
    reason = "this machine has no local port left to ask from (its range of ephemeral ports is used up)"
    facts: Facts = {"local_fault": True, "local_ports_exhausted": True}
    return NetError(State.ERROR, reason, Stage.CONNECT, facts=facts)


def number(error: OSError) -> int | None:
    """The errno, with Windows' own numbers translated."""
    winerror = getattr(error, "winerror", None)
    if winerror in WINDOWS:
        return WINDOWS[winerror]
    code = error.errno or 0
    return WINDOWS.get(code, code) if code >= WINSOCK else error.errno


def while_connecting(error: OSError, icmp: Icmp | None, address: str, own: str | None) -> NetError:
    """A TCP connect or a connected datagram socket failed with `error`; `icmp` is what the error queue held."""
    if icmp is not None:
        return from_icmp(icmp, address, own)
    code = number(error)
    if code == errno.ECONNREFUSED:
        if machine.TELLS_TTL or own == address or address.startswith("127.") or address == "::1":
            return NetError(State.REFUSED, "the host refused the connection (TCP reset)", Stage.CONNECT)
        return NetError(State.REFUSED, RESET_UNTOLD, Stage.CONNECT, facts={"reset_untold": True})
    if code == errno.ETIMEDOUT:
        return NetError(State.FILTERED, "no answer to any connection attempt", Stage.CONNECT)
    if code in {errno.ECONNRESET, errno.ECONNABORTED}:
        # A handshake that is cut before we could look: SYN proxy, load balancer, or a service refusing this client.
        return NetError(State.RESET, "the connection was cut as soon as it was made", Stage.CONNECT)
    return local(error)


def local(error: OSError) -> NetError:
    """Nothing left this machine: no route, its own policy, or one of its limits."""
    code = number(error)
    facts: Facts = {"local_fault": True}
    if code in UNREACHABLE:
        return NetError(State.UNREACHABLE, "this machine has no route to the address", Stage.CONNECT, facts=facts)
    if code in OWN_POLICY:
        reason = "this machine's own firewall or policy, or a prohibit route, forbade it"
        return NetError(State.ERROR, reason, Stage.CONNECT, facts=facts | {"forbidden_here": True})
    if code == errno.EADDRINUSE:
        return no_port_left()
    limit = OWN_LIMITS.get(code or 0) or OWN_ROUTES.get(code or 0)
    return NetError(State.ERROR, limit or f"the system says: {error.strerror or code}", None, facts=facts)


def while_talking(error: OSError, icmp: Icmp | None, address: str, own: str | None, stage: Stage) -> NetError:
    """An established conversation broke."""
    code = number(error)
    if code in {errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED, errno.ESHUTDOWN}:
        return NetError(State.RESET, "the connection was reset in answer to the question", stage)
    if icmp is not None and icmp.terminal:
        return from_icmp(icmp, address, own)
    if code == errno.ETIMEDOUT:
        return NetError(State.MUTE, "connected, but what was sent was never acknowledged", stage)
    if code in UNREACHABLE:
        return NetError(State.UNREACHABLE, "the path broke during the conversation", stage)
    return local(error)


def from_icmp(icmp: Icmp, address: str, own: str | None) -> NetError:
    """Who said what: the target itself, a device in the path, or this machine."""
    facts: Facts = {"icmp_from": icmp.offender, "icmp_type": icmp.type, "icmp_code": icmp.code}
    if icmp.ttl is not None:
        facts["icmp_ttl"] = icmp.ttl
    said = icmp.says
    by_host = icmp.offender == address
    if own is not None and icmp.offender == own and not by_host:
        facts["local_fault"] = True
        if said is Said.PROHIBITED or said is Said.PORT:
            return NetError(
                State.ERROR, f"this machine's own firewall rejected it ({icmp.words})", Stage.CONNECT, None, facts
            )
        reason = "this machine's own gateway or neighbour does not answer"
        return NetError(State.UNREACHABLE, reason, Stage.CONNECT, None, facts)
    by = BlockedAt(by=icmp.offender)
    if by_host and said in (Said.PORT, Said.PROTOCOL):
        return NetError(State.REFUSED, f"the host itself said: {icmp.words}", Stage.CONNECT, None, facts)
    if said in (Said.PORT, Said.PROTOCOL, Said.PROHIBITED):
        return NetError(State.REJECTED, f"{icmp.offender} said: {icmp.words}", Stage.CONNECT, by, facts)
    return NetError(State.UNREACHABLE, f"{icmp.offender} said: {icmp.words}", Stage.CONNECT, by, facts)


def unreachable_by_another() -> NetError:
    """A connect ended in "unreachable" although this machine has a route: a device said it, and is not named."""
    reason = "the address is unreachable (ICMP; this platform does not tell who said so)"
    return NetError(State.UNREACHABLE, reason, Stage.CONNECT)


def time_exceeded() -> NetError:
    """WSAENETRESET on a datagram socket: its time to live ran out, which is a loop of routes."""
    reason = "the time to live was exceeded on the way (ICMP; this platform does not tell who said so)"
    return NetError(State.UNREACHABLE, reason, Stage.REQUEST)


def port_unreachable() -> NetError:
    """A datagram was refused by ICMP, and this platform does not tell by whom."""
    reason = "the port is unreachable (ICMP; this platform does not tell who said so)"
    return NetError(State.REFUSED, reason, Stage.REQUEST)
