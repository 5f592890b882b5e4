"""`explain --json` over a saved run: whatever a server called itself stays an escape."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from factories import check, outcome, report

from portcheck.cli.app import run
from portcheck.report import to_json

NASTY = "dc1\x1b[31m\x9b2J\u202e\u200b\U000e0041.alpha.test"


@pytest.mark.parametrize("error", [["1722"], []], ids=["an error", "the run"])
def test_names_from_a_report_are_escaped(error: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "r.json"
    to_json.save(path, report(outcome(check("rpc/tcp", NASTY), "filtered")))
    assert run(["explain", *error, "--report", str(path), "--json"]) == 0
    said = capsys.readouterr().out
    assert said.isascii()
    assert "u202e" in json.dumps(json.loads(said))


@pytest.mark.parametrize("words", [["-2147023174"], ["error", "-2147023174"], ["-2147023174", "--json"]])
def test_a_signed_code_is_a_code_and_no_option(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", *words]) == 0
    assert "win32-1722" in capsys.readouterr().out
