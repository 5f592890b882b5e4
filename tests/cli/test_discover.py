"""`portcheck discover`: its table, and the same as any format of a check."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from portcheck.cli.app import run

NOBODY = ["discover", "alpha.test", "--dns", "127.0.0.1:9", "-q"]


def test_it_writes_formats_to_files_and_to_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "table.txt"
    assert run([*NOBODY, "-f", "table", "-o", str(table), "-f", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["schema"] == "portcheck.report/1"
    assert table.read_text(encoding="utf-8").startswith("alpha.test   (target, priority/weight, port, address")


def test_the_older_flag_for_json_still_means_that(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*NOBODY, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["forests"][0]["name"] == "alpha.test"


def test_an_unknown_format_is_refused_before_anything_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*NOBODY, "-f", "jason"]) == 2
    assert "did you mean 'json'?" in capsys.readouterr().err


def test_an_address_has_no_records_to_miss(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["discover", "10.77.2.10", "-q"]) == 2
    assert "10.77.2.10 is an address" in capsys.readouterr().err
