"""The report a line each: first the checks, then the findings, last the summary; `type` says which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from portcheck import store
from portcheck.model import Report
from portcheck.render.options import Options

RUN = ("schema", "tool", "vantage", "started", "duration_s", "interrupted")
"""What the summary line tells of the run besides the counts."""


def render(report: Report, _options: Options) -> str:
    return "".join(store.dumps(line, indent=None) for line in lines(report))


def lines(report: Report) -> Iterator[store.Json]:
    for outcome in report.outcomes:
        yield {"type": "check"} | store.check_to_json(outcome)
    for finding in report.findings:
        yield {"type": "finding"} | store.finding_to_json(finding)
    document = store.to_json(replace(report, outcomes=(), findings=()))
    yield {"type": "summary"} | {key: document[key] for key in RUN} | store.summary(report)
