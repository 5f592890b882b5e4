"""This machine's own addresses and name, as `portcheck listen` takes them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from portcheck.net.platform.machine import is_own
from portcheck.server.own_addresses import LOOPBACK, _from_proc, own_addresses, own_name


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux'")
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
