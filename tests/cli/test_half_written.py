"""A signal while a command writes: the file is whole, or what was there still is, and nothing is left beside it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
PROJECT = str(Path(__file__).parents[2])
PLAIN = ("-m", "portcheck")
BY = """
import os, signal, time
real = {place}
def told(*given):
    os.kill(os.getpid(), signal.SIGTERM)
    return real(*given)
{place} = told
from portcheck.__main__ import main
main()
"""
SIGNALLED = ("-c", BY.format(place="os.fsync"))
"""The program, that hears of a SIGTERM when all is written and nothing is in its place yet."""
WRITING = {
    "report {run} -o out.html": "out.html",
    "request {run} -o out.md": "out.md",
    "merge {run} -f json -o out.json": "out.json",
    "plan 127.0.0.1 -o out.csv": "out.csv",
    "config init a.test -o out.toml": "out.toml",
    "schedule 127.0.0.1 --every 15m --write .": "portcheck.service",
    "schedule 127.0.0.1 --every 15m --for cron --write .": "portcheck.cron",
    "history --digest 7d -o out.md": "out.md",
}
"""What writes a file without asking anything, and a file that it writes."""


def said(folder: Path, line: str, how: tuple[str, ...] = PLAIN) -> subprocess.CompletedProcess[str]:
    settings = {**os.environ, "PYTHONPATH": PROJECT, "PORTCHECK_STATE_DIR": str(folder.parent / "state")}
    command = [sys.executable, *how, *line.split()]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180, env=settings, check=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    said(folder, "check 127.0.0.1 --only ldap --timeout 100ms -q --save run.json")
    return folder / "run.json"


@pytest.mark.parametrize(("line", "name"), WRITING.items())
def test_what_is_being_written_is_written_whole_and_leaves_no_draft(
    line: str, name: str, run: Path, tmp_path: Path
) -> None:
    undisturbed, signalled = tmp_path / "undisturbed", tmp_path / "signalled"
    undisturbed.mkdir()
    signalled.mkdir()
    said(undisturbed, line.format(run=run))
    assert said(signalled, line.format(run=run), SIGNALLED).returncode == 130
    files = {path.name for path in undisturbed.iterdir()}
    assert name in files
    assert {path.name for path in signalled.iterdir()} == files
    assert all((signalled / name).stat().st_size == (undisturbed / name).stat().st_size for name in files)


def test_a_pipe_that_nobody_reads_keeps_no_command_from_being_ended(run: Path, tmp_path: Path) -> None:
    """What is written into a stream is not held until it is whole: nothing else can come of waiting."""
    os.mkfifo(tmp_path / "pipe")
    told = said(tmp_path, f"report {run} -f html -o pipe", ("-c", BY.format(place="time.sleep")))
    assert (told.returncode, "nobody reads" in told.stderr) == (130, False)
