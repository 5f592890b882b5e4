"""What runs by itself says nothing while all is well; cron mails, and the journal shows, what is wrong."""

from __future__ import annotations

import pytest

from portcheck.cli.app import run


def units(capsys: pytest.CaptureFixture[str], *more: str) -> str:
    assert run(["schedule", "--for", "cron", "--for", "systemd", *more, "127.0.0.1"]) == 0
    return capsys.readouterr().out


def test_jobs_are_quiet_and_what_they_print_is_not_thrown_away(capsys: pytest.CaptureFixture[str]) -> None:
    told = units(capsys)
    assert told.count("--quiet") == 2
    assert "/dev/null" not in told


def test_who_asks_for_more_or_for_quiet_gets_it_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--quiet" not in units(capsys, "-v")
    assert units(capsys, "-q").count("--quiet") == 2
