"""A report is written in pieces: no more than a line of it is made before it is asked for."""

from __future__ import annotations

import json
import zlib

import pytest
from factories import finding, outcome, report

from portcheck.history.runs import packed
from portcheck.model import Outcome, Report, State
from portcheck.report import to_json

RUN = report(*(outcome(name, State.FILTERED) for name in ("ldap/tcp", "smb/tcp", "kpasswd/udp")), findings=(finding(),))


@pytest.mark.parametrize("run", [RUN, report()], ids=["some", "none"])
def test_the_pieces_are_the_document(run: Report) -> None:
    text = "".join(to_json.pieces(run))
    assert json.loads(text) == to_json.to_json(run)
    assert list(json.loads(text)) == list(to_json.to_json(run))
    assert text.isascii()
    assert text.endswith("}\n")


def test_each_check_is_a_line_of_its_own() -> None:
    lines = "".join(to_json.pieces(RUN)).splitlines()
    assert sum(line.startswith('    {"id": ') for line in lines) == len(RUN.outcomes)


def test_a_check_becomes_json_when_its_line_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    real = to_json.check_to_json

    def making(seen: Outcome) -> to_json.Json:
        made.append(seen.check.id)
        return real(seen)

    monkeypatch.setattr(to_json, "check_to_json", making)
    told = 0
    for piece in to_json.pieces(RUN):
        told += piece.count('"id": ')
        assert len(made) == told
    assert told == len(RUN.outcomes)


def test_the_history_keeps_the_same_document() -> None:
    assert json.loads(zlib.decompress(packed(RUN))) == to_json.to_json(RUN)
