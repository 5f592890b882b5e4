"""The lab's own plain look at a port, without portcheck: what a socket reports, and which machine said it by ICMP.

Runs in the client's namespace as a script: an argument `[protocol, address, port, options]` in JSON each; standard
library only.
"""

from __future__ import annotations

import errno
import json
import socket
import struct
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

IP_RECVERR, IPV6_RECVERR = 11, 25  # linux/in.h, linux/in6.h; not in Python's socket module
IP_MTU_DISCOVER, IP_PMTUDISC_PROBE = 10, 3
ICMP_ORIGINS = (2, 3)  # linux/errqueue.h: SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6
NTP_QUESTION = b"\x23" + bytes(47)


@dataclass(frozen=True, slots=True)
class Sight:
    """`error` is the symbol of the errno, `timeout`, or empty; `icmp` is type, code and who said it."""

    error: str = ""
    icmp: tuple[int, int, str] | None = None
    heard: str = ""  # the first bytes of the answer, in hex
    closed: bool = False  # the other side hung up without a word

    @classmethod
    def load(cls, seen: dict[str, Any]) -> Sight:
        icmp = seen["icmp"]
        return cls(seen["error"], (icmp[0], icmp[1], icmp[2]) if icmp else None, seen["heard"], seen["closed"])


def look(protocol: str, address: str, port: int, options: dict[str, Any]) -> Sight:
    """Connect (UDP: send), say the words, listen for an answer until `patience_s`."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    words = bytes.fromhex(options.get("words", "")) or (NTP_QUESTION if protocol == "udp" else b"")
    with socket.socket(family, kind) as sock:
        level, option = (socket.IPPROTO_IPV6, IPV6_RECVERR) if ":" in address else (socket.IPPROTO_IP, IP_RECVERR)
        sock.setsockopt(level, option, 1)
        sock.settimeout(options.get("patience_s", 1.0))
        if options.get("dont_fragment"):
            sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE)
        if source := options.get("source"):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(("::" if ":" in address else "0.0.0.0", source))
        try:
            sock.connect((address, port))
            if words:
                sock.send(words)
            answer = sock.recv(64) if words or options.get("listen") else None
        except TimeoutError:
            return Sight("timeout", said_by_icmp(sock))
        except OSError as error:
            return Sight(errno.errorcode.get(error.errno or 0, "?"), said_by_icmp(sock))
        return Sight() if answer is None else Sight(heard=answer.hex(), closed=not answer)


def said_by_icmp(sock: socket.socket) -> tuple[int, int, str] | None:
    """The first ICMP error in the socket's error queue. struct sock_extended_err, then the offender's address."""
    sock.setblocking(False)  # with a timeout Python would wait for the queue, whatever the flags say
    try:
        _, ancillary, _, _ = sock.recvmsg(2048, 512, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT)
    except OSError:
        return None
    for _, _, data in ancillary:
        _, origin, icmp_type, code, _, _, _ = struct.unpack_from("=IBBBBII", data)
        if origin in ICMP_ORIGINS:
            (family,) = struct.unpack_from("=H", data, 16)
            raw = data[24:40] if family == socket.AF_INET6 else data[20:24]
            return icmp_type, code, socket.inet_ntop(family, raw)
    return None


if __name__ == "__main__":
    spots = [json.loads(argument) for argument in sys.argv[1:]]
    with ThreadPoolExecutor(len(spots)) as pool:  # all at once: silence costs its patience only once
        seen = pool.map(lambda spot: asdict(look(*spot)), spots)
    sys.stdout.write(json.dumps(list(seen)))
