"""`portcheck ui` from the command line: a kept run on a real terminal, and what is said where it cannot be shown."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from factories import report
from terminals import shown_until

from portcheck.report.to_json import dumps, to_json

QUIT = b"\x11"


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    file = tmp_path / "run.json"
    file.write_text(dumps(to_json(report())), encoding="utf-8")
    return file


def test_without_a_terminal_it_says_what_to_use_instead(saved: Path) -> None:
    pytest.importorskip("textual")
    ended = subprocess.run(
        [sys.executable, "-m", "portcheck", "ui", str(saved)], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "needs a terminal" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_without_the_library_it_names_the_library_and_this_interpreter(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "textual.py").write_text("raise ImportError\n")
    ended = subprocess.run(
        [sys.executable, "-m", "portcheck", "ui", str(saved)],
        capture_output=True, text=True, stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])},
    )  # fmt: skip
    assert ended.returncode == 2
    assert f"{sys.executable} -m pip install textual" in ended.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")
def test_a_kept_run_is_walked_through_on_a_terminal_and_left_with_zero(saved: Path) -> None:
    pytest.importorskip("textual")
    import pty

    pid, terminal = pty.fork()
    if not pid:
        os.environ["TERM"] = "xterm-256color"
        os.execv(sys.executable, [sys.executable, "-m", "portcheck", "ui", str(saved)])
    shown = shown_until(terminal, b"all forests")
    os.write(terminal, QUIT)
    shown += shown_until(terminal, None)
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert b"all forests" in shown
    assert b"Traceback" not in shown
    assert os.waitstatus_to_exitcode(status) == 0
