"""A SOCKS 5 proxy (RFC 1928) that knows the names it is given and no others: `NAME=ADDRESS` each; `auth` wants more.

Runs in the client's namespace as a script, tells where it listens, and ends when it is killed.
"""

from __future__ import annotations

import socket
import socketserver
import struct
import sys
import threading

OPEN, NONE_OF_THESE = 0, 255
NAME = 3
GRANTED, UNREACHABLE, REFUSED = 0, 4, 5


class Client(socketserver.BaseRequestHandler):
    request: socket.socket

    def handle(self) -> None:
        stream = self.request.makefile("rb")
        stream.read(stream.read(2)[1])
        self.request.sendall(bytes([5, NONE_OF_THESE if "auth" in sys.argv else OPEN]))
        if len(asked := stream.read(4)) < 4:
            return
        host = _host(stream.read(stream.read(1)[0] if asked[3] == NAME else 4), named=asked[3] == NAME)
        (port,) = struct.unpack("!H", stream.read(2))
        word, there = _connected(host, port)
        self.request.sendall(bytes([5, word, 0, 1]) + bytes(6))
        if there is not None:
            threading.Thread(target=_carry, args=(there, self.request), daemon=True).start()
            _carry(self.request, there)


def _host(told: bytes, *, named: bool) -> str:
    known = dict(word.split("=") for word in sys.argv[1:] if "=" in word)
    return known.get(told.decode(), "") if named else socket.inet_ntoa(told)


def _connected(host: str, port: int) -> tuple[int, socket.socket | None]:
    if not host:
        return UNREACHABLE, None
    try:
        return GRANTED, socket.create_connection((host, port), 5)
    except ConnectionRefusedError:
        return REFUSED, None
    except OSError:
        return UNREACHABLE, None


def _carry(one: socket.socket, other: socket.socket) -> None:
    try:
        while told := one.recv(65536):
            other.sendall(told)
        other.shutdown(socket.SHUT_WR)
    except OSError:  # either has gone
        return


if __name__ == "__main__":
    socketserver.ThreadingTCPServer.daemon_threads = True
    socketserver.ThreadingTCPServer.request_queue_size = 128  # a full one loses what is lost nowhere else
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Client) as server:
        sys.stdout.write("{}:{}\n".format(*server.server_address[:2]))
        sys.stdout.flush()
        server.serve_forever()
