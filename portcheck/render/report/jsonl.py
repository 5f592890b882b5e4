"""The report a line each: first the checks, then the findings, last the summary; `type` says which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from portcheck.model import Report
from portcheck.render.shared.options import Options
from portcheck.report import to_json

RUN = ("schema", "tool", "vantage", "started", "duration_s", "interrupted")
"""What the summary line tells of the run besides the counts."""


def render(report: Report, options: Options) -> str:
    return "".join(pieces(report, options))


def pieces(report: Report, _options: Options) -> Iterator[str]:
    """A line each."""
    return (to_json.dumps(line, indent=None) for line in lines(report))


def lines(report: Report) -> Iterator[to_json.Json]:
    for outcome in report.outcomes:
        yield {"type": "check"} | to_json.check_to_json(outcome)
    for finding in report.findings:
        yield {"type": "finding"} | to_json.finding_to_json(finding)
    document = to_json.to_json(replace(report, outcomes=(), findings=()))
    yield {"type": "summary"} | {key: document[key] for key in RUN} | to_json.summary(report)
