"""A row per check for spreadsheets and scripts: the columns of COLUMNS, in this order; new ones only at the end.

A forest of which nothing could be asked has one row: no service, the verdict `unknown` and its problem as the reason.
"""

from __future__ import annotations

from collections.abc import Iterator

from portcheck.model import ForestReport, Outcome, Report, Severity, State, Verdict
from portcheck.render.shared.grid import cell_of
from portcheck.render.shared.options import Options
from portcheck.render.shared.spreadsheet import Value, table

COLUMNS = (
    *("forest", "host", "address", "service", "transport", "port", "profiles", "need", "expected", "state", "verdict"),
    *("reason", "blocked_by", "blocked_after", "blocked_hop", "stage", "attempts", "answers", "latency_ms"),
    *("elapsed_ms", "findings", "started", "vantage", "id"),
)


def render(report: Report, _options: Options) -> str:
    return table(COLUMNS, ([row.get(column) for column in COLUMNS] for row in rows(report)))


def rows(report: Report) -> Iterator[dict[str, Value]]:
    run: dict[str, Value] = {"started": report.started, "vantage": report.vantage.called}
    codes = findings_by_check(report)
    for outcome in report.outcomes:
        yield {**_row(outcome), "findings": " ".join(codes.get(outcome.check.id, ())), **run}
    asked = {outcome.check.forest for outcome in report.outcomes}
    for forest in report.forests:
        if forest.problem and forest.name not in asked:
            yield {**_unasked(forest), **run}


def findings_by_check(report: Report) -> dict[str, tuple[str, ...]]:
    """The codes of the findings that each check proves; what only informs is no finding to filter by."""
    codes: dict[str, tuple[str, ...]] = {}
    for finding in report.findings:
        if finding.severity is not Severity.INFO:
            for check in finding.checks:
                codes[check] = (*codes.get(check, ()), finding.code)
    return codes


def _row(outcome: Outcome) -> dict[str, Value]:
    check, blocked = outcome.check, outcome.blocked_at
    return {
        "forest": check.forest,
        "host": check.host,
        "address": check.address,
        "service": check.service,
        "transport": check.transport,
        "port": check.port,
        "profiles": " ".join(check.profiles),
        "need": check.need.value,
        "expected": check.expected.value,
        "state": outcome.state.value,
        "verdict": cell_of(outcome).value,
        "reason": outcome.reason,
        "blocked_by": blocked.by if blocked else None,
        "blocked_after": blocked.after if blocked else None,
        "blocked_hop": blocked.hop if blocked else None,
        "stage": outcome.stage.value if outcome.stage else None,
        "attempts": outcome.attempts,
        "answers": outcome.answers,
        "latency_ms": outcome.latency_ms,
        "elapsed_ms": outcome.elapsed_ms,
        "id": check.id,
    }


def _unasked(forest: ForestReport) -> dict[str, Value]:
    return {
        "forest": forest.name,
        "profiles": " ".join(forest.profiles),
        "state": State.ERROR.value,
        "verdict": Verdict.UNKNOWN.value,
        "reason": forest.problem,
        "id": forest.name,
    }
