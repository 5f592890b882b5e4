"""`check --name`: what a place is called, in the report and in what is made of it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from portcheck.cli.app import run
from portcheck.render import FORMATS
from portcheck.render.shared.options import Options
from portcheck.report import to_json


@pytest.fixture
def target() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def checked(target: str, folder: Path, *more: str) -> Path:
    path = folder / "run.json"
    run(["check", target, "--no-history", "--no-trace", "-f", "json", "-o", str(path), "-q", *more])
    return path


def test_the_name_is_in_the_report_and_wherever_the_place_is_told(target: str, tmp_path: Path) -> None:
    path = checked(target, tmp_path, "--name", " dmz 1 ")
    vantage = json.loads(path.read_text(encoding="utf-8"))["vantage"]
    assert vantage["name"] == "dmz 1"
    assert vantage["host"] == socket.gethostname()
    report = to_json.load(path)
    for name in ("table", "markdown", "html", "csv", "junit"):
        assert "dmz 1" in FORMATS[name](report, Options(width=120)), name


def test_without_it_a_place_goes_by_its_host(target: str, tmp_path: Path) -> None:
    report = to_json.load(checked(target, tmp_path))
    assert (report.vantage.name, report.vantage.called) == ("", socket.gethostname())


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "\x1b[1m", "x" * 64])
def test_what_names_no_place_is_refused_before_anything_is_sent(
    name: str, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", target, "--name", name, "--no-history"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("portcheck: --name: ")
    assert len(said.err.splitlines()) == 1


def test_a_schedule_hands_the_name_on_beside_the_name_of_its_units(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schedule", "--name", "nightly", "--vantage", "dmz 1", "--for", "cron", "127.0.0.1"]) == 0
    assert "check --name 'dmz 1' " in capsys.readouterr().out
    assert run(["schedule", "--name", "nightly", "--for", "systemd", "127.0.0.1"]) == 0
    said = capsys.readouterr().out
    assert "nightly.service" in said
    assert "--name" not in said
