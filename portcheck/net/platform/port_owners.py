"""Who holds a port that cannot be had: on Linux from /proc, on Windows from its tables of sockets.

The rows are those of iprtrmib.h, tcpmib.h and udpmib.h; they are read everywhere, and asked for on Windows alone.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from portcheck.frozen import dataclass

PROC = Path("/proc")
LISTENING = "0A"  # TCP_LISTEN (include/net/tcp_states.h)
UNTOLD = "another program; only root may see which"
MOST_NAMES = 4
SOCKET = "socket:["
EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - read, not bound

# A table: how many rows, then these: local address (and scope), port in the first two of four bytes, owner.
COUNT = struct.Struct("<I")
ROWS = {
    ("tcp", socket.AF_INET): struct.Struct("<4x4s2s2x8xI"),  # MIB_TCPROW_OWNER_PID, of listeners alone
    ("tcp", socket.AF_INET6): struct.Struct("<16s4x2s2x28xI"),  # MIB_TCP6ROW_OWNER_PID
    ("udp", socket.AF_INET): struct.Struct("<4s2s2xI"),  # MIB_UDPROW_OWNER_PID
    ("udp", socket.AF_INET6): struct.Struct("<16s4x2s2xI"),  # MIB_UDP6ROW_OWNER_PID
}


@dataclass(slots=True)
class Owners:
    """Who holds which socket, looked up once: a machine may have very many."""

    proc: Path = PROC
    _by_inode: Mapping[str, set[str]] | None = None

    def taken(self, address: str, port: int, transport: str) -> bool:
        """Whether anybody holds it, on Linux; who, takes a look at every process."""
        return any(_inodes(address, port, transport, self.proc))

    def of(self, address: str, port: int, transport: str) -> str | None:
        """Names and process ids, in words; None where nobody is seen to hold this port (`tcp`, `udp`)."""
        if sys.platform == "win32":
            return _said(_on_windows(address, port, transport))
        inodes = set(_inodes(address, port, transport, self.proc))
        if not inodes:
            return None
        if self._by_inode is None:
            self._by_inode = _holders(self.proc)
        names = {name for inode in inodes for name in self._by_inode.get(inode, ())}
        return _said(names) or UNTOLD


def _said(names: set[str]) -> str | None:
    return ", ".join(sorted(names)[:MOST_NAMES]) or None


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
                if _address(place, family) in {address, *EVERYWHERE}:
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


def pids(table: bytes, family: socket.AddressFamily, address: str, port: int, transport: str) -> set[int]:
    """The owners in a table of Windows' whose sockets stand in the way: at this address, or at all of them."""
    row = ROWS[transport, family]
    room = (len(table) - COUNT.size) // row.size
    if room < 0:
        return set()
    rows = table[COUNT.size :][: row.size * min(COUNT.unpack_from(table)[0], room)]
    found = (
        (socket.inet_ntop(family, at), int.from_bytes(number), owner) for at, number, owner in row.iter_unpack(rows)
    )
    return {owner for at, number, owner in found if number == port and at in {address, *EVERYWHERE}}


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    TCP_LISTENERS, UDP_OWNERS = 3, 1  # TCP_TABLE_OWNER_PID_LISTENER, UDP_TABLE_OWNER_PID
    AF_INET6 = 23
    TOO_SMALL = 122  # ERROR_INSUFFICIENT_BUFFER
    TRIES = 4  # the table may grow between two calls
    PROCESSES = 0x2  # TH32CS_SNAPPROCESS

    class _Process(ctypes.Structure):  # PROCESSENTRY32W
        _fields_ = (
            ("size", wintypes.DWORD),
            ("usage", wintypes.DWORD),
            ("pid", wintypes.DWORD),
            ("heap", ctypes.c_size_t),
            ("module", wintypes.DWORD),
            ("threads", wintypes.DWORD),
            ("parent", wintypes.DWORD),
            ("priority", wintypes.LONG),
            ("flags", wintypes.DWORD),
            ("name", wintypes.WCHAR * 260),
        )

    def _on_windows(address: str, port: int, transport: str) -> set[str]:
        found: set[int] = set()
        for family, number in ((socket.AF_INET, 2), (socket.AF_INET6, AF_INET6)):
            found |= pids(_table(transport, number), family, address, port, transport)
        named = _names() if found else {}
        return {f"{named[pid]} (pid {pid})" if pid in named else f"pid {pid}" for pid in found if pid}  # 0: not told

    def _table(transport: str, family: int) -> bytes:
        """GetExtendedTcpTable, GetExtendedUdpTable; empty where the system does not tell."""
        library = ctypes.WinDLL("iphlpapi")
        ask = library.GetExtendedTcpTable if transport == "tcp" else library.GetExtendedUdpTable
        kind = TCP_LISTENERS if transport == "tcp" else UDP_OWNERS
        size = wintypes.DWORD(0)
        table = ctypes.create_string_buffer(4)
        for _ in range(TRIES):
            code = ask(table, ctypes.byref(size), False, family, kind, 0)
            if code != TOO_SMALL:
                return table.raw if code == 0 else b""
            table = ctypes.create_string_buffer(size.value)
        return b""

    def _names() -> Mapping[int, str]:
        """The programs by their process ids, also those that this user may not open (CreateToolhelp32Snapshot)."""
        kernel = ctypes.WinDLL("kernel32")
        kernel.CreateToolhelp32Snapshot.restype = wintypes.HANDLE
        for each in (kernel.Process32FirstW, kernel.Process32NextW):
            each.argtypes = (wintypes.HANDLE, ctypes.POINTER(_Process))
        kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
        handle = kernel.CreateToolhelp32Snapshot(PROCESSES, 0)
        if handle in (None, ctypes.c_void_p(-1).value):
            return {}
        try:
            return dict(_listed(kernel, handle))
        finally:
            kernel.CloseHandle(handle)

    def _listed(kernel: ctypes.WinDLL, handle: int) -> Iterator[tuple[int, str]]:
        one = _Process(size=ctypes.sizeof(_Process))
        more = kernel.Process32FirstW(handle, ctypes.byref(one))
        while more:
            yield one.pid, one.name
            more = kernel.Process32NextW(handle, ctypes.byref(one))

else:

    def _on_windows(address: str, port: int, transport: str) -> set[str]:
        """Nobody is told here."""
        del address, port, transport
        return set()
