"""Who holds a port: from a /proc of the test's own, and from this machine's."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from portcheck.server.listener.owners import UNTOLD, Owners
from portcheck.server.own_addresses import LOOPBACK, _from_proc, is_own, own_addresses, own_name

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
        (88, "tcp", "another program"),  # at another address: not in the way
        (389, "udp", "another program"),
    ],
)
def test_the_owner_is_named_with_all_who_share_its_socket(proc: Path, port: int, transport: str, told: str) -> None:
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
    assert f"(pid {os.getpid()})" in told


@LINUX
def test_addresses_are_those_that_others_can_reach(tmp_path: Path) -> None:
    (tmp_path / "fib_trie").write_text(
        "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 10.77.2.0\n        /24 link UNICAST\n"
        "     |-- 10.77.2.10\n        /32 host LOCAL\n     |-- 127.0.0.1\n        /32 host LOCAL\n"
    )
    (tmp_path / "if_inet6").write_text(
        "fd770000000000120000000000000010 02 40 00 80     eth0\n"
        "fe80000000000000984bd6fffe3a6a0b 02 40 20 80     eth0\n"
        "fd770000000000130000000000000010 02 40 00 c8     eth0\n"
        "00000000000000000000000000000001 01 80 10 80       lo\n"
    )
    assert list(_from_proc(tmp_path)) == ["10.77.2.10", "127.0.0.1", "fd77:0:0:12::10"]


def test_this_machines_own_addresses_can_be_bound() -> None:
    assert own_addresses()
    assert all(is_own(address) for address in own_addresses())
    assert is_own(LOOPBACK)
    assert not is_own("192.0.2.1")
    assert own_name().replace("-", "").isalnum()
