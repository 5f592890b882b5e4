"""Ctrl-C, once and often, SIGTERM and a closed terminal: what was found is printed, the exit code is 130."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
PROJECT = str(Path(__file__).parents[2])


@dataclass
class Mute:
    """The forests file of one controller that accepts and never answers, and its port."""

    file: str
    port: socket.socket

    def asked(self) -> socket.socket:
        """Until somebody came, who is kept waiting."""
        return self.port.accept()[0]


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Mute]:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        mute.settimeout(120)
        path = tmp_path / "forests.toml"
        port = mute.getsockname()[1]
        path.write_text(f"""
[[forest]]
name = "mute.test"
domain_controllers = ["127.0.0.1"]
ports = {{ ldap = {port} }}
""")
        yield Mute(str(path), mute)


CHECK = ("check", "--only", "ldap", "-f", "json")


@contextlib.contextmanager
def started(config: Mute, *command: str, ignoring: bool = False) -> Iterator[subprocess.Popen[str]]:
    """A run that waits for an answer that never comes."""
    program = subprocess.Popen(
        [sys.executable, "-m", "portcheck", *(command or CHECK), "-c", config.file],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": PROJECT},
        preexec_fn=(lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)) if ignoring else None,
    )
    with program, config.asked():
        yield program


@pytest.mark.parametrize("ending", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_whoever_ends_it_gets_what_was_found(config: Mute, ending: str) -> None:
    with started(config) as program:
        program.send_signal(getattr(signal, ending))
        stdout, stderr = program.communicate(timeout=180)
    assert program.returncode == 130
    report = json.loads(stdout)
    assert report["interrupted"] is True
    assert [check["verdict"] for check in report["checks"]] == ["unknown"]
    assert "Traceback" not in stderr


def test_an_impatient_user_sees_no_traceback(config: Mute) -> None:
    with started(config) as program:
        while program.poll() is None:
            program.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.wait(0.01)  # nobody presses faster than a hundred times a second
        _, stderr = program.communicate(timeout=180)
    assert program.returncode == 130
    assert "Traceback" not in stderr


def test_in_the_background_ctrl_c_stays_ignored_and_a_polite_end_keeps_what_was_found(config: Mute) -> None:
    with started(config, ignoring=True) as program:
        program.send_signal(signal.SIGINT)
        program.send_signal(signal.SIGTERM)
        stdout, _ = program.communicate(timeout=180)
    assert program.returncode == 130
    assert json.loads(stdout)["interrupted"] is True


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("explain", "kerberos-no-logon-server", "--check", "mute.test"), "kerberos-no-logon-server: "),
        (("explain", "--check", "mute.test"), "mute.test"),
    ],
    ids=["an error", "the run"],
)
def test_an_explanation_that_is_interrupted_is_told_from_what_was_found(
    command: tuple[str, ...], told: str, config: Mute
) -> None:
    with started(config, *command) as program:
        program.send_signal(signal.SIGINT)
        stdout, stderr = program.communicate(timeout=180)
    assert (program.returncode, "Traceback" in stderr) == (130, False)
    assert told in stdout.lower()
