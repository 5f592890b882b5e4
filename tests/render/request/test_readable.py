"""The request for people: text, HTML for mail, a workbook; and what a later run makes of it."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from factories import outcome, report

from portcheck.model import Outcome, State
from portcheck.render.request import FORMATS, facts
from portcheck.render.shared.times import local
from portcheck.request import against, from_report
from portcheck.request.flow import ControlAnswer, Flow, PathStanding, Ticket
from portcheck.request.ticket import ticket as made_of
from tests.request.requests import flow, mixed, ticket

ANSWERED = ControlAnswer("88/tcp", "2026-11-28T08:12:03.000Z", 4.2)
TOLD = flow(
    port=464, service="kpasswd", operations=("set passwords",), source_ports=(40112, 40113), control=ANSWERED,
    tried_at="2026-11-28T08:12:03.100Z", suspects=("10.77.100.2",), profiles=("mim",),
)  # fmt: skip
READABLE = ("text", "html", "markdown")
HOSTILE = "<img src=x onerror=alert(1)> \x1b[31m \u202e =cmd|' /C calc'!A0"


def one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("name", READABLE)
@pytest.mark.parametrize(
    "words",
    ["10.77.0.10", "10.77.1.10", "set passwords", "10.77.100.2, or something beyond it: 1 of 1 paths end there",
     "portcheck check alpha.test --profile mim --only kpasswd/tcp"],
)  # fmt: skip
def test_a_request_says_who_where_what_for_whom_to_suspect_and_how_to_verify(name: str, words: str) -> None:
    text = str(FORMATS[name](ticket(TOLD)))
    assert words in one_line(text.replace("\\", ""))


@pytest.mark.parametrize("name", ["text", "html"])
def test_what_was_seen_stands_with_its_source_ports_its_time_and_what_answered(name: str) -> None:
    text = one_line(str(FORMATS[name](ticket(TOLD))))
    assert "from ports 40112, 40113, at 2026-11-28 " in text
    assert "88/tcp of dc10.alpha.test answered at " in text
    assert "in 4 ms from the same source" in text
    bare = one_line(str(FORMATS[name](ticket(flow()))))
    assert "answered at" not in bare
    assert "from port" not in bare


def test_text_keeps_80_columns_and_leaves_blanks_to_fill_in() -> None:
    lines = str(FORMATS["text"](ticket(*mixed(), questions=("q " * 90,)))).splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.partition(":")[0] for line in lines if "____" in line] == [
        "Requester", "Needed from / until", "Change number",
    ]  # fmt: skip


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names += [tag, *(name for name, _ in attrs)]


@pytest.mark.parametrize("name", ["text", "html"])
def test_words_of_others_are_shown_and_not_obeyed(name: str) -> None:
    nasty = replace(TOLD, host=HOSTILE, operations=(HOSTILE,), evidence=HOSTILE, caveat=HOSTILE)
    text = str(FORMATS[name](ticket(nasty, questions=(HOSTILE,), left_out=(HOSTILE,), basis=HOSTILE)))
    assert "\x1b" not in text
    assert "\u202e" not in text
    if name == "html":
        tags = Tags()
        tags.feed(text)
        assert {"img", "script", "onerror", "src"}.isdisjoint(tags.names)


def test_a_workbook_has_a_row_a_path_and_no_cell_is_a_formula() -> None:
    openpyxl = pytest.importorskip("openpyxl")
    content = FORMATS["xlsx"](ticket(TOLD, flow(port=88, operations=("=1+1",), why="x"), questions=("why?",)))
    assert isinstance(content, bytes)
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["Request", "Paths", "Notes"]
    rows = [[cell.value for cell in row] for row in book["Paths"].iter_rows()]
    assert {(row[1], row[4], row[6], row[7]) for row in rows[1:]} == {
        ("10.77.0.10", "10.77.1.10", "tcp", 464),
        ("10.77.0.10", "10.77.1.10", "tcp", 88),
    }
    assert {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}
    assert "=1+1" in [cell for row in rows for cell in row]


def test_an_empty_request_says_so_in_every_readable_format() -> None:
    for name in READABLE:
        assert "Nothing is asked for" in str(FORMATS[name](ticket()))


# From a report


BLOCKED = outcome("kpasswd/tcp", State.FILTERED)
GOOD = outcome("kerberos/tcp")


def flows_of(*outcomes: Outcome) -> tuple[Flow, ...]:
    run = report(*outcomes)
    return from_report.asked(run, run.outcomes, ("10.77.0.10",)).flows


def test_the_control_is_a_port_of_the_same_host_that_answered_the_same_source() -> None:
    answered = replace(GOOD, started_at="2026-11-28T08:12:03.000Z", latency_ms=4.0)
    (asked,) = flows_of(BLOCKED, answered)
    assert asked.control == ControlAnswer("88/tcp", "2026-11-28T08:12:03.000Z", 4.0)
    (alone,) = flows_of(BLOCKED, replace(answered, facts={"local_address": "10.9.9.9"}))
    assert alone.control is None


@pytest.mark.parametrize(
    ("state", "standing"),
    [
        (State.OK, PathStanding.PROVEN), (State.OPEN, PathStanding.PROVEN), (State.FILTERED, PathStanding.STILL_CLOSED),
        (State.REJECTED, PathStanding.STILL_CLOSED), (State.REFUSED, PathStanding.UNCLEAR),
        (State.MUTE, PathStanding.UNCLEAR),
        (State.SKIPPED, PathStanding.NOT_TESTED), (State.ERROR, PathStanding.NOT_TESTED),
    ],
)  # fmt: skip
def test_a_later_run_proves_a_path_finds_it_closed_or_says_nothing(state: State, standing: PathStanding) -> None:
    asked = flows_of(BLOCKED)
    (held,) = against.held(asked, report(replace(BLOCKED, state=state)))
    assert held.standing is standing


def test_an_answer_to_another_source_port_or_host_proves_nothing() -> None:
    asked = flows_of(BLOCKED)
    other = replace(BLOCKED, state=State.OK, facts={"local_address": "10.9.9.9"})
    assert [f.standing for f in against.held(asked, report(other, GOOD))] == [PathStanding.NOT_TESTED]


def test_the_sign_off_counts_the_paths_and_says_of_which_run() -> None:
    later = "2026-11-28T08:12:03.000Z"
    asked = against.held(flows_of(BLOCKED), report(replace(BLOCKED, state=State.OK), started=later))
    signed: Ticket = made_of(from_report.Asked(asked), "a run", held_against=later)
    assert facts.counts(signed) == f"in the run of {local(later)}: of 1 paths: 1 proven"
    for name in ("text", "html"):
        told = one_line(str(FORMATS[name](signed)))
        assert f"in the run of {local(later)}: 464/tcp to dc1.alpha.test: proven" in told
        assert not re.search(r"\b[Nn]ow\b", told)
    assert json.loads(str(FORMATS["json"](signed)))["held_against"] == later


def test_a_run_that_began_before_the_requests_own_proves_nothing_of_it() -> None:
    early, late = report(started="2026-11-28T08:00:00.000Z"), report(started="2026-11-28T09:00:00.000Z")
    assert against.newer(early, [late]) == late.started
    assert against.newer(late, [early, late]) == ""
    assert against.newer(report(started="who knows"), [late]) == ""
    assert against.newer(early, []) == ""
