"""The addresses of this machine: a listener has a socket for each, so that it answers from where it was asked."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

LOOPBACK = "127.0.0.1"
LOCAL = re.compile(r"\|-- (\S+)\n\s+/32 host LOCAL")
GLOBAL_SCOPE = "00"  # net/ipv6: of an interface's address
UNUSABLE = 0x08 | 0x40  # IFA_F_DADFAILED, IFA_F_TENTATIVE


def own_addresses() -> tuple[str, ...]:
    """IPv4 first; without loopback and link-local, unless there is nothing else."""
    found = _from_proc() if sys.platform == "linux" else _from_name()
    usable = {ipaddress.ip_address(text) for text in found}
    shown = [each for each in usable if not (each.is_loopback or each.is_link_local or each.is_multicast)]
    return tuple(str(each) for each in sorted(shown, key=lambda each: (each.version, int(each)))) or (LOOPBACK,)


def _from_proc(net: Path = Path("/proc/net")) -> Iterator[str]:
    with contextlib.suppress(OSError):
        yield from LOCAL.findall((net / "fib_trie").read_text(encoding="ascii"))
    with contextlib.suppress(OSError):
        for line in (net / "if_inet6").read_text(encoding="ascii").splitlines():
            raw, _, _, scope, flags, *_ = line.split()
            if scope == GLOBAL_SCOPE and not int(flags, 16) & UNUSABLE:
                yield str(ipaddress.IPv6Address(bytes.fromhex(raw)))


def _from_name() -> Iterator[str]:
    with contextlib.suppress(OSError):
        for *_, where in socket.getaddrinfo(socket.gethostname(), None):
            yield str(where[0]).partition("%")[0]


def own_name() -> str:
    """The first label of this machine's name, as DNS could have it."""
    label = re.sub(r"[^a-z0-9-]", "-", socket.gethostname().partition(".")[0].lower()).strip("-")
    return label[:63] or "listener"
