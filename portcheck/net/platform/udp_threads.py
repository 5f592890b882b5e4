"""A connected UDP socket on Windows: a thread waits for it, since the Proactor loop's datagrams lose ICMP errors.

CPython issues 91227 and 127057: after a port-unreachable the transport stops reading, or swallows the error.
"""

from __future__ import annotations

import asyncio
import errno

from portcheck.net import errors
from portcheck.net.errors import NetError
from portcheck.net.platform import select_thread, sockets

LARGEST = 65535


class ThreadedPort:
    """One local port talking to one remote one; what arrives goes to the inbox."""

    def __init__(
        self,
        address: str,
        port: int,
        source_ip: str | None,
        inbox: asyncio.Queue[bytes | NetError],
        *,
        loose: bool = False,
        from_port: int = 0,
    ) -> None:
        self._address, self._port = address, port
        self._inbox = inbox
        self.other_sender: tuple[str, int] | None = None
        self.heard = False  # anything at all
        self.reply_ttl: int | None = None  # WSARecvMsg would tell it; the socket module has no such call
        self._sock, self._to = sockets.datagrams(address, port, source_ip, from_port, loose=loose)
        name = self._sock.getsockname()
        self.local: tuple[str, int] = (name[0], name[1])
        select_thread.when_readable(self._sock, self._readable)

    def send(self, datagram: bytes) -> None:
        """Send, or raise NetError: this machine forbids it, or an ICMP error of an earlier datagram surfaces."""
        try:
            self._sock.send(datagram) if self._to is None else self._sock.sendto(datagram, self._to)
        except BlockingIOError:
            return  # the send buffer is full: counts as lost, the next try follows
        except OSError as error:
            raise self._fault(error) from None

    def close(self) -> None:
        select_thread.forget(self._sock)
        self._sock.close()

    def _readable(self) -> None:
        if self._sock.fileno() < 0:
            return  # closed while the call was on its way
        try:
            data, sender = self._sock.recvfrom(LARGEST)
            self.heard = True
            if self._to is not None and sender and sender[:2] != (self._address, self._port):
                self.other_sender = self.other_sender or (str(sender[0]), int(sender[1]))
            self._inbox.put_nowait(data)
        except BlockingIOError:
            pass
        except OSError as error:
            self._inbox.put_nowait(self._fault(error))
            return
        select_thread.when_readable(self._sock, self._readable)

    def _fault(self, error: OSError) -> NetError:
        # 10054 on a datagram socket is an ICMP port unreachable (SIO_UDP_CONNRESET); who sent it is not told.
        if errors.number(error) in {errno.ECONNREFUSED, errno.ECONNRESET}:
            return errors.port_unreachable()
        if errors.WSAENETRESET in {error.errno, getattr(error, "winerror", None)}:
            return errors.time_exceeded()
        return errors.local(error)
