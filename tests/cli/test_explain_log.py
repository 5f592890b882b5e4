"""`explain --log`: a log, or standard input, as lines and as JSON; held against a run; and what cannot be read."""

from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path

import pytest
from factories import check, outcome, report

from portcheck.cli.app import run
from portcheck.report import to_json

LINE = "2024-05-06 10:00:00 sync: ldap_bind: Can't contact LDAP server (-1) at dc1.alpha.test\n"


def test_a_log_is_told_by_its_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "sync.log.gz"
    log.write_bytes(gzip.compress((LINE * 3 + "quiet\n").encode()))
    assert run(["explain", "--log", str(log)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "3 of 4" in said
    assert "3 × ldap-81" in said
    assert "dc1.alpha.test" in said


def test_json_holds_counts_times_and_hosts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "sync.log"
    log.write_text(LINE * 2, encoding="utf-16")
    assert run(["explain", "--log", str(log), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    (error,) = told["errors"]
    assert told["schema"] == "portcheck.log/1"
    assert (error["name"], error["count"], error["first"]) == ("ldap-81", 2, "2024-05-06 10:00:00")
    assert error["hosts"] == [{"host": "dc1.alpha.test", "count": 2}]


def test_a_run_says_which_cause_shows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, saved = tmp_path / "sync.log", tmp_path / "r.json"
    log.write_text(LINE, encoding="utf-8")
    to_json.save(saved, report(outcome(check("ldap/tcp"), "filtered")))
    assert run(["explain", "--log", str(log), "--report", str(saved)]) == 0
    assert "HERE ldap (389/tcp)" in capsys.readouterr().out


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class Stdin:
        buffer = io.BytesIO(LINE.encode())

    monkeypatch.setattr(sys, "stdin", Stdin())
    assert run(["explain", "--log", "-"]) == 0
    assert "ldap-81" in capsys.readouterr().out


def test_a_log_without_a_known_error_is_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "quiet.log"
    log.write_text("all is well\n", encoding="utf-8")
    assert run(["explain", "--log", str(log)]) == 1
    assert "0 of 1" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("words", [["--log", "missing.log"], ["--log", "a\0b"], ["1722", "--log", "-"]])
def test_what_cannot_be_read_is_one_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", *words]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_what_a_log_says_reaches_the_terminal_as_text_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "evil.log"
    log.write_text(f"\x1b[2J\x9b31m {LINE}", encoding="utf-8")
    assert run(["explain", "--log", str(log)]) == 0
    assert not set("\x1b\x9b") & set(capsys.readouterr().out)


def test_a_run_can_be_named_by_its_number(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "1722", "--report", "999999999"]) == 2
    said = capsys.readouterr().err
    assert "999999999" in said
    assert "portcheck history" in said
