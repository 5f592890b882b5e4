"""`--lock`: two scheduled runs of one plan do not meet."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from portcheck.cli.app import run
from portcheck.commands.check_portcheck import run as run_plugin

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTCHECK_STATE_DIR", str(tmp_path / "state"))


def test_a_run_that_would_overlap_is_left_out_with_a_line_and_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first run waits for an answer that does not come: a port that accepts and keeps silent."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        (tmp_path / "forests.toml").write_text(
            '[[forest]]\nname = "alpha.test"\ndiscover = false\n'
            'domain_controllers = [{ host = "dc1.alpha.test", address = "127.0.0.1" }]\n'
            f"ports = {{ ldap = {silent.getsockname()[1]} }}\n",
            encoding="utf-8",
        )
        asked = ["check", "-c", str(tmp_path / "forests.toml"), "--only", "ldap/tcp", "--lock", "-q"]
        first = subprocess.Popen(
            [sys.executable, "-m", "portcheck", *asked, "--answer-timeout", "60s", "--no-trace"],
            stdout=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        try:
            connection, _ = silent.accept()  # it holds the lock now
            assert run(asked) == 3
            said = capsys.readouterr()
            assert (said.out, len(said.err.splitlines())) == ("", 1)
            assert "another run of alpha.test (mim), only ldap/tcp is still going on" in said.err
            assert run_plugin(asked[1:-1]) == 3
            assert "another run" in capsys.readouterr().out
            assert (
                run(["check", "127.0.0.1", "--only", "ldap", "--timeout", "100ms", "--lock", "-q"]) == 1
            )  # other plan
        finally:
            first.kill()
            first.wait()
        connection.close()
    capsys.readouterr()
    assert run(asked) == 1  # a killed run holds nothing


def test_a_lock_that_cannot_be_made_is_a_line_and_nothing_is_sent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "state").touch()
    assert run(["check", "127.0.0.1", "--only", "ldap", "--lock", "-q"]) == 3
    said = capsys.readouterr()
    assert (said.out, len(said.err.splitlines())) == ("", 1)
