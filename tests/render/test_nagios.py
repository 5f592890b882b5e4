"""The monitoring plugins' format, read back as the guidelines describe it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from factories import finding, outcome, report
from hypothesis import HealthCheck, given, settings
from strategies import reports

from portcheck.model import ForestReport, Report, Severity, State, Verdict
from portcheck.render import FORMATS
from portcheck.render.report.nagios import CRITICAL, LINE, OK, UNKNOWN, WARNING, level, status
from portcheck.render.shared.digest import digests, headline
from portcheck.render.shared.options import Options

from . import samples
from .situations import SITUATIONS
from .test_hostile import harmless, nasty_report

# https://www.monitoring-plugins.org/doc/guidelines.html, "Performance data":
# 'label'=value[UOM];[warn];[crit];[min];[max], separated by blanks
RANGE = r"@?(?:(?:-?[0-9.]+|~):)?(?:-?[0-9.]+)?"
LABEL = re.compile(
    rf"(?P<label>[^='\s]+|'[^=']+')=(?P<value>-?[0-9.]+|U)(?P<uom>s|us|ms|%|B|KB|MB|TB|c)?"
    rf"(?:;(?P<warn>{RANGE}))?(?:;(?P<crit>{RANGE}))?(?:;(?P<min>-?[0-9.]+)?)?(?:;(?P<max>-?[0-9.]+)?)?"
)


def performance(run: Report) -> dict[str, re.Match[str]]:
    lines = FORMATS["nagios"](run, Options()).splitlines()
    assert [line.count("|") for line in lines] == [1, *[0] * (len(lines) - 1)]
    shown, _, data = lines[0].partition("|")
    assert len(shown.rstrip()) < LINE
    found = [LABEL.fullmatch(part) for part in data.split()]
    assert all(found)
    return {one["label"]: one for one in found if one}


def alerts(value: str, threshold: str | None) -> bool:
    """A range `10` alerts outside 0 to 10."""
    return bool(threshold) and not 0 <= float(value) <= float(threshold or 0)


def test_performance_data_can_be_read_and_its_thresholds_say_what_the_exit_code_says() -> None:
    for run in (samples.three_forests(), samples.dead_host_and_dns(), samples.many_controllers()):
        data = performance(run)
        assert sum(int(data[verdict]["value"]) for verdict in Verdict) == len(run.outcomes)
        assert any(alerts(one["value"], one["crit"]) for one in data.values()) == (level(run) == CRITICAL)
    assert data["latency_max"]["uom"] == data["duration"]["uom"] == "s"


def test_the_status_line_tells_the_worst_how_much_more_there_is_and_ends_with_what_to_ask_for() -> None:
    first = FORMATS["nagios"](SITUATIONS["founding"].build(), Options()).splitlines()[0].partition(" | ")[0]
    assert first.startswith("PORTCHECK CRITICAL - bravo.test bdc1: 464 tcp+udp, 3268, 3269 tcp blocked")
    assert " (and 1 more); ask " in first
    assert first.endswith("; ask 10.77.0.10 to 10.77.2.10 tcp 464,3268-3269 udp 464; to 10.77.3.10 tcp+udp 464")


def test_where_all_is_well_nothing_is_asked_for() -> None:
    first = FORMATS["nagios"](SITUATIONS["healthy"].build(), Options()).splitlines()[0]
    assert first.partition(" | ")[0] == "PORTCHECK OK - 16 of 16 checks pass"


def test_the_long_output_has_evidence_and_what_to_ask_for() -> None:
    lines = FORMATS["nagios"](samples.three_forests(), Options()).splitlines()
    assert "error: The Global Catalog cannot be searched" in lines
    assert "  Ask the firewall team: allow tcp 3268 from 10.77.0.10 to 10.77.2.10 (bdc1.bravo.test)." in lines
    assert lines[-1] == "56 of 64 checks pass"


@pytest.mark.parametrize("words", ["x" * 300, "e\u0301" * 200, "東" * 200, "a | b=1"])
def test_no_title_makes_the_status_line_long_or_looks_like_performance_data(words: str) -> None:
    performance(report(outcome(), findings=(finding(title=words), finding(title=words))))
    assert len(status("CRITICAL", [words, words], [words, words])) < LINE


def test_levels() -> None:
    good, bad = outcome(), outcome(state=State.FILTERED)
    flawed = outcome(verdict=Verdict.WARN)
    unasked = ForestReport("delta.test", (), problem="no DNS server answers")
    cases = {
        OK: [report(good), report(good, findings=(finding(severity=Severity.INFO),))],
        WARNING: [report(good, flawed), report(good, findings=(finding(severity=Severity.WARNING),))],
        CRITICAL: [report(good, bad), report(forests=(unasked,)), report(good, findings=(finding("srv-missing"),))],
        UNKNOWN: [report(), report(good, outcome(state=State.ERROR)), replace(report(good), interrupted=True)],
    }
    for code, runs in cases.items():
        assert [level(run) for run in runs] == [code] * len(runs)


def test_a_forest_that_could_not_be_asked_is_the_status() -> None:
    run = report(forests=(ForestReport("delta.test", (), problem="no DNS server answers"),))
    text = FORMATS["nagios"](run, Options())
    assert text.startswith("PORTCHECK CRITICAL - delta.test could not be asked: no DNS server answers | ")


CUT_SHORT = {"state": State.SKIPPED, "reason": "the run ended before it was answered"}


@pytest.mark.parametrize(
    ("service", "how", "words"),
    [
        ("gc", CUT_SHORT | {"verdict": Verdict.UNKNOWN}, "1 check could not be asked"),
        ("gc", {"state": State.ERROR, "verdict": Verdict.UNKNOWN}, "1 check could not be asked"),
        ("gc", CUT_SHORT | {"verdict": Verdict.SKIP}, "all well"),
    ],
)
def test_what_a_run_that_was_ended_left_unasked_is_counted(service: str, how: dict[str, Any], words: str) -> None:
    told = digests(report(outcome(), outcome(service, **how)))
    assert [headline(one)[1] for one in told] == [words]


def test_control_characters_do_not_come_out_as_such() -> None:
    assert harmless(FORMATS["nagios"](nasty_report(), Options()))


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60, deadline=None)
@given(reports)
def test_any_report_has_a_short_line_and_readable_data(run: Report) -> None:
    performance(run)
