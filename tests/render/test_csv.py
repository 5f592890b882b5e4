"""CSV: read back by a CSV reader, and no cell that a spreadsheet would calculate."""

from __future__ import annotations

import csv
from dataclasses import replace
from io import StringIO

import pytest
from factories import check, finding, outcome, report
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import reports

from portcheck.model import ForestReport, Report, State
from portcheck.render import FORMATS
from portcheck.render.report.csv import COLUMNS, harmless
from portcheck.render.shared.options import Options

from . import samples

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}", "＠", "－")


def read(run: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(FORMATS["csv"](run, Options())), strict=True))


def test_a_row_for_each_check_in_stable_columns() -> None:
    run = samples.three_forests()
    rows = read(run)
    assert tuple(rows[0]) == COLUMNS
    assert [row["id"] for row in rows] == [o.check.id for o in run.outcomes]
    (silent,) = (row for row in rows if row["host"] == "bdc1.bravo.test" and row["service"] == "gc")
    assert {key: silent[key] for key in ("port", "state", "verdict", "blocked_after", "blocked_hop", "latency_ms")} == {
        "port": "3268",
        "state": "filtered",
        "verdict": "fail",
        "blocked_after": "10.77.100.2",
        "blocked_hop": "2",
        "latency_ms": "",
    }


def test_the_findings_that_a_check_proves_stand_in_its_row() -> None:
    seen = outcome("kpasswd/udp", State.FILTERED)
    run = report(seen, findings=(finding(checks=(seen.check.id,)), finding("gc-blocked")))
    assert read(run)[0]["findings"] == "kpasswd-blocked"


def test_a_forest_that_could_not_be_asked_is_not_left_out() -> None:
    run = report(forests=(ForestReport("delta.test", ("mim",), problem="no DNS server answers"),))
    (row,) = read(run)
    assert (row["forest"], row["verdict"], row["reason"]) == ("delta.test", "unknown", "no DNS server answers")


@pytest.mark.parametrize("start", FORMULA_STARTS)
@pytest.mark.parametrize("lead", ["", " ", '"', "dc1;", 'dc1; "', "dc1;\t"])
def test_no_cell_begins_a_formula_whatever_separates_cells(start: str, lead: str) -> None:
    nasty = f'{lead}{start}cmd|" /C calc"!A0'
    text = FORMATS["csv"](report(replace(outcome(check(host=nasty)), reason=nasty)), Options())
    for separator in ",;":
        for cell in (cell for row in csv.reader(StringIO(text), delimiter=separator) for cell in row):
            assert not cell.lstrip(" \"'").startswith(FORMULA_STARTS) or cell.startswith("'")


def test_names_and_reasons_without_harm_stay_as_they_are() -> None:
    for words in ("dc1.alpha.test", "no answer to 3 requests in 4.0 s; silence beyond 10.0.0.1", "rpc-netlogon", "a@b"):
        assert harmless(words) == words


def test_numbers_stay_numbers() -> None:
    assert harmless(-1.5) == -1.5


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60, deadline=None)
@given(reports)
def test_any_report_is_a_table_with_a_row_a_check(run: Report) -> None:
    rows = read(run)
    assert len(rows) >= len(run.outcomes)
    assert all(None not in row and None not in row.values() for row in rows)


@given(st.text())
def test_any_text_is_one_line_and_no_formula(words: str) -> None:
    shown = str(harmless(words))
    assert "\n" not in shown
    assert not shown.startswith(FORMULA_STARTS)
