"""What the kernel knows of a TCP conversation: was our data acknowledged, was it sent again, how far is the peer."""

from __future__ import annotations

import socket
import struct
import sys

from portcheck.model import Facts

SIOCOUTQ = 0x5411  # linux/sockios.h: bytes not yet acknowledged
# struct tcp_info (linux/tcp.h): retransmits u8 @2, unacked u32 @24, rtt u32 (microseconds) @68, total_retrans u32 @100
RETRANSMITS, RTT, TOTAL_RETRANS = 2, 68, 100

if sys.platform == "linux":
    import fcntl

    def read(sock: socket.socket) -> Facts:
        """`unacked_bytes`, `retransmits`, `rtt_ms`; empty when the socket is gone. Read before closing."""
        try:
            waiting = struct.unpack("=i", fcntl.ioctl(sock.fileno(), SIOCOUTQ, b"\0\0\0\0"))[0]
            info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
        except (OSError, ValueError):
            return {}
        if len(info) < TOTAL_RETRANS + 4:
            return {"unacked_bytes": waiting}
        again = max(info[RETRANSMITS], struct.unpack_from("=I", info, TOTAL_RETRANS)[0])
        return {"unacked_bytes": waiting, "retransmits": again, "rtt_ms": struct.unpack_from("=I", info, RTT)[0] / 1000}

elif sys.platform == "win32":
    from portcheck.net.platform import winsock

    def read(sock: socket.socket) -> Facts:
        """`unacked_bytes`, `retransmits`, `rtt_ms`; empty when the socket is gone. Read before closing."""
        return winsock.unpack_tcp_info_v0(winsock.tcp_info(sock))

else:

    def read(sock: socket.socket) -> Facts:
        """Not known here."""
        return {}
