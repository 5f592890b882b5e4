"""A connected UDP socket on Windows: a thread waits for it, since the Proactor loop's datagrams lose ICMP errors.

CPython issues 91227 and 127057: after a port-unreachable the transport stops reading, or swallows the error.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import threading

from portcheck.net import errors, sockets
from portcheck.net.errors import NetError

LARGEST = 65535
LOOK_UP_S = 0.25


class Port:
    """One local port talking to one remote one; what arrives goes to the inbox."""

    def __init__(self, address: str, port: int, source_ip: str | None, inbox: asyncio.Queue[bytes | NetError]) -> None:
        self._inbox = inbox
        self._loop = asyncio.get_running_loop()
        self._closed = threading.Event()
        self.reply_ttl: int | None = None
        try:
            self._sock = sockets.make(address, socket.SOCK_DGRAM, source_ip)
            self._sock.settimeout(LOOK_UP_S)
            self._sock.connect((address, port))
        except OSError as error:
            raise errors.local(error) from None
        name = self._sock.getsockname()
        self.local: tuple[str, int] = (name[0], name[1])
        self._thread = threading.Thread(target=self._listen, name=f"udp {address}:{port}", daemon=True)
        self._thread.start()

    def send(self, datagram: bytes) -> None:
        try:
            self._sock.send(datagram)
        except OSError as error:
            raise self._fault(error) from None

    def close(self) -> None:
        self._closed.set()
        self._sock.close()

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                got: bytes | NetError = self._sock.recv(LARGEST)
            except TimeoutError:
                continue
            except OSError as error:
                if self._closed.is_set():
                    return
                got = self._fault(error)
            try:
                self._loop.call_soon_threadsafe(self._inbox.put_nowait, got)
            except RuntimeError:  # the loop is gone: nobody waits any more
                return
            if isinstance(got, NetError):
                return

    def _fault(self, error: OSError) -> NetError:
        # 10054 on a datagram socket is an ICMP port unreachable (SIO_UDP_CONNRESET); who sent it is not told.
        if errors.number(error) in {errno.ECONNREFUSED, errno.ECONNRESET}:
            return errors.port_unreachable()
        return errors.local(error)
