"""Who holds a port that cannot be had: on Linux from /proc; elsewhere the system's own tools tell."""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
LISTENING = "0A"  # TCP_LISTEN (include/net/tcp_states.h)
UNTOLD = "another program; only root may see which"
MOST_NAMES = 4
SOCKET = "socket:["
TOOLS = {"win32": "another program (netstat -abno tells which)", "darwin": "another program (lsof -i tells which)"}


@dataclass(slots=True)
class Owners:
    """Who holds which socket, looked up once: a machine may have very many."""

    proc: Path = PROC
    _by_inode: Mapping[str, set[str]] | None = None

    def of(self, address: str, port: int, transport: str) -> str:
        """Name and process id, in words."""
        if sys.platform != "linux":
            return TOOLS.get(sys.platform, "another program")
        inodes = set(_inodes(address, port, transport, self.proc))
        if not inodes:
            return "another program"
        if self._by_inode is None:
            self._by_inode = _holders(self.proc)
        names = sorted({name for inode in inodes for name in self._by_inode.get(inode, ())})
        return ", ".join(names[:MOST_NAMES]) if names else UNTOLD


def _inodes(address: str, port: int, transport: str, proc: Path) -> Iterator[str]:
    """Of the sockets that stand in the way: at the same address, or at all of them."""
    for name, family in ((transport, socket.AF_INET), (f"{transport}6", socket.AF_INET6)):
        with contextlib.suppress(OSError, ValueError):
            lines = (proc / "net" / name).read_text(encoding="ascii").splitlines()[1:]
            for line in lines:
                fields = line.split()
                place, _, number = fields[1].partition(":")
                if int(number, 16) != port or (transport == "tcp" and fields[3] != LISTENING):
                    continue
                if _address(place, family) in {address, "0.0.0.0", "::"}:  # noqa: S104 - read, not bound
                    yield fields[9]


def _address(text: str, family: socket.AddressFamily) -> str:
    """`0100007F` in the machine's byte order, a word at a time."""
    words = (int(text[at : at + 8], 16) for at in range(0, len(text), 8))
    return socket.inet_ntop(family, b"".join(struct.pack("=I", word) for word in words))


def _holders(proc: Path) -> Mapping[str, set[str]]:
    """The processes by the inodes of their sockets; a worker shares those of its master."""
    found: dict[str, set[str]] = {}
    for folder in proc.iterdir():
        if not folder.name.isdecimal():
            continue
        with contextlib.suppress(OSError):  # another user's, or gone meanwhile
            name = (folder / "comm").read_text(encoding="utf-8", errors="replace").strip()
            for fd in (folder / "fd").iterdir():
                link = str(fd.readlink())
                if link.startswith(SOCKET):
                    found.setdefault(link[len(SOCKET) : -1], set()).add(f"{name} (pid {folder.name})")
    return found
