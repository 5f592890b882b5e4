"""A report is read a check at a time where its lines allow it; what comes out is the same, whatever the layout."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

import pytest
from factories import finding, outcome, report
from hypothesis import HealthCheck, given, settings
from strategies import reports

from portcheck.history.runs import packed, unpacked
from portcheck.model import Outcome, Report, State, Trace
from portcheck.report import by_line, to_json
from portcheck.report.from_json import read_outcome
from portcheck.report.json_object import JsonObject
from portcheck.report.to_json import StoreError

SEEN = outcome("kpasswd/udp", State.FILTERED, evidence=(Trace(0.1, "sent", "270 bytes"),), facts={"unfinished": True})
RUN = report(outcome("ldap/tcp"), SEEN, findings=(finding(),))
TEXT = "".join(to_json.pieces(RUN)).encode()


@given(reports)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_run_is_read_by_line_as_it_is_read_whole(run: Report) -> None:
    text = "".join(to_json.pieces(run)).encode()
    assert by_line.maybe(BytesIO(text)) == (to_json.loads(text) if run.outcomes else None)
    assert unpacked(packed(run)) == to_json.loads(text)


def _bare(place: JsonObject) -> Outcome:
    return replace(read_outcome(place), evidence=())


@given(reports)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_whoever_wants_no_evidence_reads_the_rest_as_it_is(run: Report) -> None:
    text = "".join(to_json.pieces(run)).encode()
    assert by_line.maybe(BytesIO(text), _bare, evidence=False) == by_line.maybe(BytesIO(text), _bare)


def test_words_like_the_marks_around_the_evidence_are_no_marks() -> None:
    start, end = by_line.EVIDENCE, by_line.AFTER_IT
    odd = outcome(
        "ldap/tcp", State.FILTERED, reason=end + start, evidence=(Trace(0.1, "sent", end), Trace(0.2, start, ""))
    )
    text = "".join(to_json.pieces(report(odd, SEEN))).encode()
    found = by_line.maybe(BytesIO(text), _bare, evidence=False)
    assert found is not None
    assert found == by_line.maybe(BytesIO(text), _bare)


def test_a_check_is_read_before_the_next_line_is_asked_for() -> None:
    seen: list[str] = []
    lines = TEXT.splitlines(keepends=True)

    def given_out() -> Iterator[bytes]:
        rows = 0
        for line in lines:
            assert len(seen) == rows
            rows += line.startswith(b'    {"id": ')
            yield line

    def reading(place: JsonObject) -> Outcome:
        read = read_outcome(place)
        seen.append(read.check.id)
        return read

    assert by_line.maybe(given_out(), reading) == RUN
    assert len(seen) == 2


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(to_json.to_json(RUN)).encode(),
        json.dumps(to_json.to_json(RUN), indent=2).encode(),
        TEXT.decode().encode("utf-16"),
        TEXT.replace(b'  "findings"', b'  "checks": [\n  ],\n  "findings"'),
        TEXT[: len(TEXT) // 2],
        b"",
    ],
    ids=["one line", "indented", "UTF-16", "checks told twice", "cut short", "empty"],
)
def test_another_layout_is_left_to_who_reads_the_whole(text: bytes) -> None:
    assert by_line.maybe(BytesIO(text)) is None


def test_a_wrong_check_is_named_by_its_place() -> None:
    blob = zlib.compress(TEXT.replace(b'"filtered"', b'"fine"'))
    for read in (read_outcome, by_line.read_lean):
        with pytest.raises(StoreError, match=r"report\.checks\[1\]\.state"):
            unpacked(blob, read)


def test_the_lean_reader_keeps_what_runs_are_compared_by() -> None:
    lean = by_line.maybe(BytesIO(TEXT), by_line.read_lean)
    assert lean is not None
    assert [(o.check.id, o.state, o.verdict) for o in lean.outcomes] == [
        (o.check.id, o.state, o.verdict) for o in RUN.outcomes
    ]
    assert [o.facts for o in lean.outcomes] == [{}, {"unfinished": True}]
    assert not any(o.evidence for o in lean.outcomes)
    assert replace(lean, outcomes=RUN.outcomes) == RUN
