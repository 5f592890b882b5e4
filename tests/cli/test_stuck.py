"""A run that its event loop can no longer end: the deadline, or Ctrl-C, ends it from outside, and keeps what it has."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = str(Path(__file__).parents[2])
STUCK = """
import sys, threading
from portcheck import __main__
from portcheck.asking import engine
from portcheck.probes import exchange, probe
async def stuck(check, net, subject):
    print("stuck", file=sys.stderr, flush=True)
    while True:
        pass
row = probe.Probe("stuck", stuck, exchange.nothing)
engine.probes = lambda: {"ldap": row, "kerberos": row}
sys.argv = ["portcheck", "check", "127.0.0.1", "--only", "ldap", "-f", "json", *sys.argv[1:]]
__main__.main()
"""


def stuck(state: Path, *more: str) -> subprocess.Popen[str]:
    surroundings = os.environ | {"PYTHONPATH": PROJECT, "PORTCHECK_STATE_DIR": str(state)}
    return subprocess.Popen(
        [sys.executable, "-c", STUCK, *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=surroundings,
    )


def test_the_deadline_ends_a_loop_that_no_longer_listens(tmp_path: Path) -> None:
    with stuck(tmp_path, "--deadline", "1s") as program:
        told, said = program.communicate(timeout=180)
    report = json.loads(told)
    assert program.returncode == 3  # nothing was answered before the deadline
    assert [(check["state"], check["reason"]) for check in report["checks"]] == [
        ("skipped", "the run ended before it was answered")
    ]
    assert "deadline" in report["forests"][0]["problem"]
    assert "Traceback" not in said
    assert (tmp_path / "history.db").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
def test_a_signal_ends_a_loop_that_no_longer_listens(tmp_path: Path) -> None:
    with stuck(tmp_path) as program:
        assert program.stderr is not None
        while "stuck" not in program.stderr.readline():
            assert program.poll() is None
        program.send_signal(signal.SIGTERM)
        told, _ = program.communicate(timeout=180)
    assert program.returncode == 130
    assert json.loads(told)["interrupted"] is True
