"""Within `made_once` a report's document is made once, however many want it."""

from __future__ import annotations

import zlib
from dataclasses import replace

import pytest
from factories import finding, outcome, report

from portcheck.history.runs import packed
from portcheck.model import Outcome, State
from portcheck.report import held, to_json

RUN = report(*(outcome(name, State.FILTERED) for name in ("ldap/tcp", "smb/tcp", "kpasswd/udp")), findings=(finding(),))


def test_within_made_once_each_line_is_made_once_and_of_another_report_or_afterwards_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[str] = []
    real = to_json.check_to_json

    def making(seen: Outcome) -> to_json.Json:
        made.append(seen.check.id)
        return real(seen)

    monkeypatch.setattr(to_json, "check_to_json", making)
    text, count = "".join(held.pieces(RUN)), len(RUN.outcomes)
    with held.made_once(RUN):
        made.clear()
        assert ["".join(held.pieces(RUN)), zlib.decompress(packed(RUN)).decode()] == [text, text]
        assert len(made) == count
        assert "".join(held.pieces(replace(RUN, duration_s=RUN.duration_s + 1))) != text
    made.clear()
    assert "".join(held.pieces(RUN)) == text
    assert len(made) == count


def test_a_long_document_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "MOST_HELD", len(RUN.outcomes) - 1)
    with held.made_once(RUN):
        pieces = held.pieces(RUN)
        next(pieces)
        assert not isinstance(pieces, type(iter([""])))
