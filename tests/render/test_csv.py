"""CSV of a check: read back by a CSV reader (what no spreadsheet may calculate: test_spreadsheet)."""

from __future__ import annotations

import csv
from io import StringIO

from factories import finding, outcome, report
from hypothesis import HealthCheck, given, settings
from strategies import reports

from portcheck.model import ForestReport, Report, State
from portcheck.render import FORMATS
from portcheck.render.report.csv import COLUMNS
from portcheck.render.shared.options import Options

from . import samples


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


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60, deadline=None)
@given(reports)
def test_any_report_is_a_table_with_a_row_a_check(run: Report) -> None:
    rows = read(run)
    assert len(rows) >= len(run.outcomes)
    assert all(None not in row and None not in row.values() for row in rows)
