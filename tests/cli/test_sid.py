"""`portcheck sid` as it is run."""

from __future__ import annotations

import json

import pytest

from portcheck.cli.app import run

DOMAIN = "S-1-5-21-1004336348-1177238915-682003330"


def test_every_form_is_shown_and_the_lossy_one_said_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sid", f"{DOMAIN}-500"]) == 0
    shown = capsys.readouterr().out
    for expected in ("AQUAAAAAAAUVAAAA3PTcO4M9K0aCi6Yo9AEAAA==", "\\01\\05\\00", "1 5 0 0", "1500000521", DOMAIN):
        assert expected in shown
    assert "cannot be turned back" in shown


def test_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sid", "--json", "AQUAAAAAAAUVAAAA3PTcO4M9K0aCi6Yo9AEAAA=="]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["string"], told["domain"], told["relative_id"]) == (f"{DOMAIN}-500", DOMAIN, 500)


@pytest.mark.parametrize("value", ["", "S-1-x", "\x1b[2J", "150000052100000", "AQUA!", "0" * 5000])
def test_what_is_no_sid_is_one_line_and_exit_2(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sid", value]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("portcheck: sid: ")
    assert said.err.count("\n") == 1
    assert said.err.strip().isprintable()
