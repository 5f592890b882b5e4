"""This machine: its name and addresses, and how many sockets it lets one process hold."""

from __future__ import annotations

import socket
import sys
from ipaddress import ip_address

from portcheck.model import Vantage
from portcheck.net.platform import winsock

SPARE_FILES = 64
TELLS_TTL = sys.platform == "linux"
"""Whether the TTL of an answer can be had, by which a device's reset is told from the host's own."""

WINDOWS_WITHOUT_ICMP = (
    "no ICMP evidence for TCP: Windows builds before 19041 (Server 2016, 2019; here {build}) do not tell who rejected"
    " a connection; a rejected one looks silent, and where the silence begins is not found"
)
WINDOWS_LIMITS = (
    "UDP on Windows: who rejected a datagram is not told, nor where the silence begins",
    "Windows does not tell the TTL of an answer: a device's reset looks like the host's own",
)


def socket_limit(wanted: int) -> int:
    """How many sockets may be open at once, after asking for more where the system allows it."""
    if sys.platform == "win32":
        return wanted
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = wanted + SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < enough:
        ceiling = enough if hard == resource.RLIM_INFINITY else min(enough, hard)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (ceiling, hard))
        except (OSError, ValueError):
            ceiling = soft
        soft = ceiling
    if soft == resource.RLIM_INFINITY:
        return wanted
    return max(1, min(wanted, soft - SPARE_FILES))


def source_address(towards: str) -> str | None:
    """The address this machine would send from; nothing is sent."""
    kind = socket.AF_INET6 if ":" in towards else socket.AF_INET
    try:
        with socket.socket(kind, socket.SOCK_DGRAM) as sock:
            sock.connect((towards, 9))
            return str(sock.getsockname()[0])
    except OSError:
        return None


def is_here(address: str | None) -> bool:
    """Whether this is this machine's address in its network; loopback is everybody's."""
    return address is not None and not is_loopback(address) and source_address(address) == address


def is_loopback(address: str) -> bool:
    return ip_address(address.partition("%")[0]).is_loopback


def is_own(address: str) -> bool:
    """Can this machine send from it? (Wine lets a datagram socket have any address.)"""
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM) as sock:
            sock.bind((address, 0))
    except OSError:
        return False
    return True


def name() -> str:
    """This machine's; empty where it has none. Of the `platform` module, Windows' own ask WMI, or start a shell."""
    try:
        return socket.gethostname()
    except OSError:
        return ""


def vantage(towards: tuple[str, ...]) -> Vantage:
    """Who asks: the host's name, and the addresses it uses towards these targets."""
    used = dict.fromkeys(address for target in towards if (address := source_address(target)))
    limits = limits_of(sys.platform, winsock.build())
    return Vantage(host=name() or "unknown", platform=sys.platform, addresses=tuple(used), limits=limits)


def limits_of(system: str, build: int) -> tuple[str, ...]:
    """What cannot be seen from such a machine, so that a report does not pass it over."""
    if system == "linux":
        return ()
    if system != "win32":
        return ("no ICMP error queue: who rejected a packet is not told, nor where a silence begins",)
    told = (WINDOWS_WITHOUT_ICMP.format(build=build),) if build < winsock.FIRST_BUILD_WITH_ICMP else ()
    return (*told, *WINDOWS_LIMITS)
