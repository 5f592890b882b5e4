"""A connected UDP socket on a selector loop, with the kernel's error queue drained (undrained it burns a core)."""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
import sys

from portcheck.net import errors, icmp
from portcheck.net.errors import NetError
from portcheck.net.platform import error_queue, sockets

assert sys.platform != "win32"

LARGEST = 65535


def _asking(sock: socket.socket) -> None:
    error_queue.ask_for_errors(sock)
    sockets.ask_for_ttl(sock)


class DatagramPort:
    """One local port talking to one remote one; what arrives goes to the inbox.

    `loose`: what arrives from any address and port does, and `other_sender` is the first that is not the one asked.
    `from_port`: the local one; 0 for any.
    """

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
        self.reply_ttl: int | None = None
        self.other_sender: tuple[str, int] | None = None
        self.heard = False  # anything at all
        self._sock, self._to = sockets.datagrams(address, port, source_ip, from_port, loose=loose, ask=_asking)
        name = self._sock.getsockname()
        self.local: tuple[str, int] = (name[0], name[1])
        asyncio.get_running_loop().add_reader(self._sock, self._readable)

    def send(self, datagram: bytes) -> None:
        """Send, or raise NetError: this machine forbids it, or an ICMP error of an earlier datagram surfaces."""
        try:
            self._sock.send(datagram) if self._to is None else self._sock.sendto(datagram, self._to)
        except BlockingIOError:
            return  # the send buffer is full: counts as lost, the next try follows
        except OSError as error:
            raise self._fault(error) from None

    def close(self) -> None:
        if self._sock.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._sock)
            self._sock.close()

    def _readable(self) -> None:
        try:
            data, ancillary, _, sender = self._sock.recvmsg(LARGEST, 256)
        except BlockingIOError:
            seen = icmp.first_terminal(error_queue.drain(self._sock))
            if seen is not None:
                self._inbox.put_nowait(errors.from_icmp(seen, self._address, self.local[0]))
            return
        except OSError as error:
            self._inbox.put_nowait(self._fault(error))
            return
        self.heard = True
        for level, kind, body in ancillary:
            if (level, kind) in {(0, sockets.IP_TTL), (41, sockets.IPV6_HOPLIMIT)} and len(body) >= 4:
                self.reply_ttl = struct.unpack_from("=i", body)[0]
        if self._to is not None and sender and sender[:2] != (self._address, self._port):
            self.other_sender = self.other_sender or (str(sender[0]), int(sender[1]))
        self._inbox.put_nowait(data)

    def _fault(self, error: OSError) -> NetError:
        seen = icmp.first_terminal(error_queue.drain(self._sock))
        if seen is not None:
            return errors.from_icmp(seen, self._address, self.local[0])
        if errors.number(error) == errno.ECONNREFUSED:
            return errors.port_unreachable()
        return errors.local(error)
