"""`--max-checks`: what a run leaves out is said, and a run that left something out is never called all well."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portcheck.cli.app import run


@pytest.fixture
def open_ports() -> Iterator[list[int]]:
    """Three ports that take every connection: there is nothing to find fault with."""
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    yield [sock.getsockname()[1] for sock in taken]
    for sock in taken:
        sock.close()


def checked(folder: Path, ports: list[int], capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, Any]:
    extra = "".join(
        f'[[forest.extra]]\nname = "own-{port}"\nport = {port}\ntransport = "tcp"\npurpose = "test"\n' for port in ports
    )
    config = folder / "forests.toml"
    config.write_text(f'[[forest]]\nname = "alpha.test"\ndomain_controllers = ["127.0.0.1"]\n{extra}', encoding="utf-8")
    code = run(["check", "-c", str(config), "--only", "tcp", "--no-history", "-f", "json", *more])
    return code, json.loads(capsys.readouterr().out)


def test_what_is_left_out_is_said_and_not_called_well(
    open_ports: list[int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = checked(tmp_path, open_ports, capsys, "--max-checks", "2")
    assert len(told["checks"]) == 2
    codes = [finding["code"] for finding in told["findings"]]
    assert "left-out" in codes
    assert "forest-ok" not in codes
    (words,) = [finding["title"] for finding in told["findings"] if finding["code"] == "left-out"]
    assert "1 check beyond the 2 of one run (--max-checks)" in words
    assert code == 1


def test_a_run_within_the_bound_says_nothing_of_it(
    open_ports: list[int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = checked(tmp_path, open_ports, capsys, "--max-checks", "3")
    assert (code, len(told["checks"])) == (0, 3)
    assert [finding["code"] for finding in told["findings"]] == ["forest-ok"]
