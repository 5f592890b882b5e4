"""What serves on Windows outlives visitors who leave before they are let in (CPython issue 93821), and hears Ctrl-C."""

from __future__ import annotations

import http.client
import re
import socket
import struct
from pathlib import Path

import pytest

from tests.wine.in_console import in_console
from tests.wine.windows import Windows, windows_path

AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: closing resets
HURRIED = 100
PORT = re.compile(rb"http://127\.0\.0\.1:(\d+)/")


@pytest.fixture
def forests(tmp_path: Path) -> str:
    path = tmp_path / "forests.toml"
    path.write_text('[[forest]]\nname = "alpha.test"\ndomain_controllers = ["127.0.0.1"]\n', encoding="utf-8")
    return windows_path(path)


def leave_before_being_let_in(port: int) -> None:
    for _ in range(HURRIED):
        with socket.socket() as visitor:
            visitor.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
            visitor.connect(("127.0.0.1", port))


def test_the_exporter_outlives_visitors_who_leave_early(windows: Windows, forests: str) -> None:
    with in_console(windows, "serve", "-c", forests, "--listen", "127.0.0.1:0") as (program, press_ctrl_c):
        assert program.stderr is not None
        told = PORT.search(program.stderr.readline())
        assert told is not None
        leave_before_being_let_in(int(told[1]))
        page = http.client.HTTPConnection("127.0.0.1", int(told[1]), timeout=300)
        page.request("GET", "/-/healthy")
        status = page.getresponse().status
        page.close()
        press_ctrl_c()
        _, said = program.communicate(timeout=300)
    assert (status, said, program.returncode) == (200, b"", 0)


def test_a_listener_outlives_visitors_who_leave_early(windows: Windows) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    asked = ("listen", "--bind", "127.0.0.1", "--only", "ldap", "--port", f"ldap={port}", "--for", "600s")
    with in_console(windows, *asked) as (program, press_ctrl_c):
        assert program.stdout is not None
        assert any(str(port).encode() in line for line in program.stdout)
        leave_before_being_let_in(port)
        socket.create_connection(("127.0.0.1", port), 300).close()
        press_ctrl_c()
        _, said = program.communicate(timeout=300)
    assert (said, program.returncode) == (b"", 130)
