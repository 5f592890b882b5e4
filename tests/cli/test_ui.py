"""`portcheck ui` from the command line: a kept run on a real terminal, and what is said where it cannot be shown."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from factories import outcome, report
from terminals import shown_until

from portcheck.cli.app import run
from portcheck.report.to_json import dumps, to_json

QUIT = b"\x11"


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    file = tmp_path / "run.json"
    seen = report(outcome("kpasswd/udp", "filtered"), outcome("ldap/tcp"))
    file.write_text(dumps(to_json(seen)), encoding="utf-8")
    return file


def test_without_a_terminal_it_says_what_to_use_instead(saved: Path) -> None:
    pytest.importorskip("textual")
    ended = subprocess.run(
        [sys.executable, "-m", "portcheck", "ui", str(saved)], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "needs a terminal" in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "instead"),
    [(["last"], "portcheck report last"), (["contoso.com", "--no-trace"], "portcheck check contoso.com")],
    ids=["a run", "a target"],
)
def test_who_hears_the_screen_is_told_what_to_hear_instead(
    words: list[str], instead: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["ui", *words, "--accessible"]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n"), said.err.endswith(f" {instead} --accessible\n")) == ("", 1, True), said.err
    monkeypatch.setenv("PORTCHECK_ACCESSIBLE", "1")
    assert run(["ui", *words]) == 2
    assert capsys.readouterr() == said


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


TMUX = shutil.which("tmux")


@pytest.mark.skipif(TMUX is None, reason="NOT TRIED: tmux is not installed (Debian: apt install tmux)")
def test_in_tmux_at_80_by_24_keys_walk_to_the_evidence_and_out_again(saved: Path, tmp_path: Path) -> None:
    pytest.importorskip("textual")

    def tmux(*words: str) -> str:
        command = [str(TMUX), "-S", str(tmp_path / "socket"), "-f", "/dev/null", *words]
        return subprocess.run(command, capture_output=True, text=True).stdout

    def screen(*wanted: str) -> str:
        """As soon as all of it stands there: tmux tells no other program of what it draws, so it is asked."""
        seen, end = "", time.monotonic() + 60
        while not all(words in seen for words in wanted) and time.monotonic() < end:
            seen = tmux("capture-pane", "-p", "-t", "board")
        assert all(words in seen for words in wanted), seen
        return seen

    run = [sys.executable, "-m", "portcheck", "ui", str(saved)]
    done = f"{shlex.join(run)}; tmux -S {tmp_path / 'socket'} wait-for -S over"
    tmux("new-session", "-d", "-x", "80", "-y", "24", "-s", "board", "-e", f"PYTHONPATH={Path.cwd()}", done)
    try:
        assert max(map(len, screen("all forests", "alpha.test", "Quit").splitlines())) <= 80
        tmux("send-keys", "-t", "board", "Enter")
        screen("dc1.alpha.test", "10.77.1.1")
        tmux("send-keys", "-t", "board", "Enter")
        screen("kpasswd", "464/udp", "filtered", "389/tcp")
        tmux("send-keys", "-t", "board", "f")
        assert "389/tcp" not in screen("failures only", "464/udp")
        tmux("send-keys", "-t", "board", "Enter")
        screen("no answer to 3 tries")
        tmux("send-keys", "-t", "board", "C-q")
        tmux("wait-for", "over")
    finally:
        tmux("kill-server")
