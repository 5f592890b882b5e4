"""What `tests/windows.ps1` asks of Winsock: `python windows_parts.py connect|segments|datagrams HOST`."""

from __future__ import annotations

import asyncio
import socket
import sys
import time

from portcheck.net import errors
from portcheck.net.platform import select_thread, sockets, tcpinfo, winsock


def main(part: str, host: str) -> None:
    print("build", winsock.build())
    asyncio.run({"connect": connects, "segments": segments, "datagrams": datagrams}[part](socket.gethostbyname(host)))


async def connects(host: str) -> None:
    """Which number each failed connect ends in, after how long, and whether the router is told."""
    for port, ttl, shows in ((389, 0, "open"), (9, 0, "closed"), (389, 1, "expires at hop 1"), (389, 2, "at hop 2")):
        for name, way in (("select", select_thread.connect), ("ConnectEx", asyncio.get_running_loop().sock_connect)):
            for one_syn in (False, True):
                print(f"{shows:18} {name:9} one SYN {one_syn!s:5}", await _ended(way, host, port, ttl, one_syn=one_syn))


async def _ended(way, host: str, port: int, ttl: int, *, one_syn: bool) -> str:
    with sockets.make(host, socket.SOCK_STREAM) as sock:
        asked = winsock.ask_for_icmp(sock)
        if one_syn:
            winsock.send_one_syn(sock)
        if ttl:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
        began = time.monotonic()
        try:
            async with asyncio.timeout(25):
                await way(sock, sockets.peer(host, port))
            ended = "connected"
        except TimeoutError:
            ended = "nothing in 25 s"
        except OSError as error:
            ended = f"winerror={getattr(error, 'winerror', None)} errno={error.errno} -> {errors.number(error)}"
        took = time.monotonic() - began
        return f"{took:5.2f} s  option 18 {asked}  {ended}  ICMP {winsock.icmp_of(sock)}"


async def segments(host: str) -> None:
    """Whether the segment size can be limited, and what TCP_INFO tells."""
    with sockets.make(host, socket.SOCK_STREAM) as sock:
        try:
            sockets.clamp(sock, 1200)
            print("TCP_MAXSEG set")
        except OSError as error:
            print("TCP_MAXSEG refused:", error)
        await select_thread.connect(sock, (host, 389))
        print("in effect:", sockets.clamped(sock, 1200))
        print("connected:", tcpinfo.read(sock), winsock.tcp_info(sock).hex())


async def datagrams(host: str) -> None:
    """What a datagram's ICMP error arrives as."""
    for port, ttl in ((9, 0), (389, 1), (389, 2)):
        with sockets.make(host, socket.SOCK_DGRAM) as sock:
            if ttl:
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
            sock.connect((host, port))
            woken = asyncio.Event()
            select_thread.when_readable(sock, woken.set)
            sock.send(b"x")
            try:
                async with asyncio.timeout(5):
                    await woken.wait()
                print(port, ttl, sock.recv(100))
            except TimeoutError:
                print(port, ttl, "silent")
            except OSError as error:
                print(port, ttl, getattr(error, "winerror", None), error.errno)
            finally:
                select_thread.forget(sock)


if __name__ == "__main__":
    main(*sys.argv[1:3])
