"""Who holds a port: from a /proc of the test's own, from this machine's, and from tables as Windows lays them out."""

from __future__ import annotations

import ipaddress
import os
import socket
import struct
import sys
from pathlib import Path

import pytest

from portcheck.net.platform.port_owners import UNTOLD, Owners, pids

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux'")
HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def line(address: str, port: int, state: str, inode: int) -> str:
    return f"   0: {address}:{port:04X} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  0  0 {inode} 1\n"


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    (tmp_path / "net").mkdir()
    here, everywhere, other = "0A024D0A", "00000000", "0100007F"
    tcp = line(here, 389, "01", 7) + line(everywhere, 389, "0A", 8) + line(other, 88, "0A", 9)
    (tmp_path / "net" / "tcp").write_text(HEAD + tcp)
    (tmp_path / "net" / "udp6").write_text(HEAD + line("0" * 32, 464, "07", 10))
    for pid, name, inodes in ((812, "slapd", (8, 7)), (813, "slapd", (8,)), (900, "kadmind", (10,))):
        (tmp_path / str(pid) / "fd").mkdir(parents=True)
        (tmp_path / str(pid) / "comm").write_text(f"{name}\n")
        for number, inode in enumerate(inodes):
            (tmp_path / str(pid) / "fd" / str(number)).symlink_to(f"socket:[{inode}]")
    return tmp_path


@LINUX
@pytest.mark.parametrize(
    ("port", "transport", "told"),
    [
        (389, "tcp", "slapd (pid 812), slapd (pid 813)"),
        (464, "udp", "kadmind (pid 900)"),
        (88, "tcp", None),  # at another address: not in the way
        (389, "udp", None),
    ],
)
def test_the_owner_is_named_with_all_who_share_its_socket(
    proc: Path, port: int, transport: str, told: str | None
) -> None:
    assert Owners(proc).of("10.77.2.10", port, transport) == told


@LINUX
def test_an_owner_that_may_not_be_seen_is_not_guessed(proc: Path) -> None:
    for fd in (proc / "900" / "fd").iterdir():
        fd.unlink()
    assert Owners(proc).of("10.77.2.10", 464, "udp") == UNTOLD


@LINUX
def test_our_own_socket_is_found_in_the_real_proc() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        told = Owners().of("127.0.0.1", server.getsockname()[1], "tcp")
    assert f"(pid {os.getpid()})" in (told or "")


def port(number: int) -> bytes:
    """dwLocalPort: in network byte order, in the first two of four bytes; the others hold anything."""
    return struct.pack(">H", number) + b"\xaa\xbb"


def row(transport: str, at: str, number: int, pid: int) -> bytes:
    """As tcpmib.h and udpmib.h have it: TCP begins (IPv4) or ends (IPv6) with the state, and has a far side."""
    packed = ipaddress.ip_address(at).packed
    if transport == "udp":
        return packed + (bytes(4) if ":" in at else b"") + port(number) + struct.pack("<I", pid)
    if ":" in at:
        return packed + bytes(4) + port(number) + bytes(16 + 4 + 4) + struct.pack("<II", 2, pid)
    return struct.pack("<I", 2) + packed + port(number) + bytes(8) + struct.pack("<I", pid)


def table(*rows: bytes) -> bytes:
    return struct.pack("<I", len(rows)) + b"".join(rows)


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize(
    ("family", "here", "everywhere", "other"),
    [(socket.AF_INET, "10.77.2.10", "0.0.0.0", "127.0.0.1"), (socket.AF_INET6, "fd77::10", "::", "::1")],
)
def test_windows_tables_tell_who_is_in_the_way(
    transport: str, family: socket.AddressFamily, here: str, everywhere: str, other: str
) -> None:
    rows = (row(transport, here, 389, 7), row(transport, everywhere, 389, 8), row(transport, other, 389, 9))
    read = table(*rows, row(transport, everywhere, 390, 10))
    assert pids(read + bytes(200), family, here, 389, transport) == {7, 8}  # Windows gives more room than it fills
    assert pids(read, family, here, 88, transport) == set()


@pytest.mark.parametrize("cut", [0, 3, 4, 20, 27])
def test_a_table_that_is_cut_short_is_read_as_far_as_it_goes(cut: int) -> None:
    assert pids(table(row("tcp", "0.0.0.0", 389, 7))[:cut], socket.AF_INET, "10.77.2.10", 389, "tcp") == set()
