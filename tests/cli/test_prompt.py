"""The prompt of --bind on a real terminal: it asks, and does not echo what is typed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from terminals import shown_until

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are POSIX", allow_module_level=True)

import pty

PASSWORD = "typed-5ecret"
COMMAND = ("check", "127.0.0.1", "--bind", "--user", "svc@alpha.test", "--only", "kerberos", "--no-trace", "-q")


def test_the_password_is_asked_for_on_the_terminal_and_not_echoed(tmp_path: Path) -> None:
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(tmp_path)
        os.execv(sys.executable, [sys.executable, "-m", "portcheck", *COMMAND, "--timeout", "300ms"])
    shown = shown_until(terminal, b"Password of svc@alpha.test for 127.0.0.1: ")
    os.write(terminal, PASSWORD.encode() + b"\n")
    shown += shown_until(terminal, None)
    os.waitpid(pid, 0)
    os.close(terminal)
    assert b"Password of svc@alpha.test for 127.0.0.1: " in shown
    assert PASSWORD.encode() not in shown
    assert b"127.0.0.1" in shown
    assert [path for path in tmp_path.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()] == []
