"""Streams that are closed, full, or know few letters, a folder that is gone: never a traceback, never a lost result."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a POSIX shell and /dev/full")
CHECK = "check 127.0.0.1 --only ldap --timeout 100ms"
PROJECT = str(Path(__file__).parents[2])


def shell(line: str, **env: str) -> subprocess.CompletedProcess[str]:
    """`portcheck` in the line stands for the program."""
    run = f'portcheck() {{ "{sys.executable}" -m portcheck "$@"; }}; {line}'
    settings = {**os.environ, "PYTHONPATH": PROJECT, **env}
    return subprocess.run(["sh", "-c", run], capture_output=True, text=True, timeout=60, env=settings, check=False)


@pytest.mark.parametrize("line", [f"{CHECK} >&-", f"{CHECK} -f json >&-", f"{CHECK} 2>&-", f"{CHECK} >&- 2>&-", CHECK])
def test_a_closed_stream_changes_no_exit_code(line: str) -> None:
    told = shell(f"portcheck {line}")
    assert told.returncode == 1
    assert "Traceback" not in told.stdout + told.stderr


@pytest.mark.parametrize("arguments", [CHECK, f"{CHECK} -f json", "explain", "--help", "config show --help"])
def test_output_that_cannot_be_written_is_a_line_and_3(arguments: str) -> None:
    told = shell(f"portcheck {arguments} >/dev/full")
    assert told.returncode == 3
    assert told.stderr.splitlines()[-1] == "portcheck: the output cannot be written: No space left on device"
    assert "Traceback" not in told.stderr


def test_progress_that_cannot_be_written_loses_no_result() -> None:
    told = shell(f"portcheck {CHECK} 2>/dev/full")
    assert told.returncode == 1
    assert "not running on 127.0.0.1" in told.stdout


@pytest.mark.parametrize("encoding", ["ascii:strict", "latin-1", "utf-16", "cp1252:strict"])
@pytest.mark.parametrize("arguments", [CHECK, f"{CHECK} -f json", "explain", "check --help"])
def test_a_stream_that_knows_few_letters_gets_others(encoding: str, arguments: str) -> None:
    told = shell(f"portcheck {arguments} 2>&1 >/dev/null", PYTHONIOENCODING=encoding)
    assert told.returncode == (1 if arguments.startswith(CHECK) else 0)
    assert "Traceback" not in told.stdout + told.stderr


def test_a_folder_that_is_gone_is_no_fault(tmp_path: Path) -> None:
    told = shell(f"cd {tmp_path} && mkdir gone && cd gone && rmdir ../gone && portcheck {CHECK} -q")
    assert told.returncode == 1
    assert told.stderr == ""


def test_a_home_that_is_nowhere_is_no_fault() -> None:
    assert shell(f"portcheck {CHECK} -q", HOME="/nonexistent").stderr == ""
    assert shell(f"unset HOME; portcheck {CHECK} -q").stderr == ""
