"""Metrics of all places, by the names that `check -f prometheus` uses, with the label `vantage` more.

A hundred places have many series: of a state only the one that holds is written, and only where all is not well.
"""

from __future__ import annotations

from portcheck.merge.moments import moment
from portcheck.merge.points import Merged, VantagePoint
from portcheck.model import Outcome, Severity, State, Verdict, count_by
from portcheck.render.merged.rows import verdict
from portcheck.render.report import measures
from portcheck.render.report.measures import CLOCKS, MetricFamily, labels_of
from portcheck.render.report.prometheus import text
from portcheck.render.shared.options import Options

OWN = {
    "portcheck_vantage_last_report_timestamp_seconds": "When the newest report of this place was begun.",
    "portcheck_vantage_findings": "What comparing the places tells, by code and severity.",
}
SHARED = (
    *("portcheck_last_run_success", "portcheck_check_success", "portcheck_check_state"),
    *("portcheck_clock_skew_seconds", "portcheck_tls_cert_not_after_timestamp_seconds"),
)
HELP = {**OWN, **{name: measures.HELP[name] for name in SHARED}}


def render(merged: Merged, _options: Options) -> str:
    return "".join(text(families(merged)))


def families(merged: Merged) -> tuple[MetricFamily, ...]:
    found = {name: MetricFamily(name, words) for name, words in HELP.items()}
    failed: set[tuple[str, str]] = set()
    for cell in merged.cells:
        for place, outcome in cell.seen.items():
            _check(found, place, outcome)
            if verdict(outcome) in {Verdict.FAIL, Verdict.UNKNOWN}:
                failed.add((place, cell.check.forest))
    for point in merged.points:
        _place(found, point, failed)
    _findings(found, merged)
    return tuple(found.values())


def _check(found: dict[str, MetricFamily], place: str, outcome: Outcome) -> None:
    labels, judged = {"vantage": place, **labels_of(outcome)}, verdict(outcome)
    if judged is not Verdict.SKIP:
        found["portcheck_check_success"].put(float(judged is Verdict.PASS), labels)
    if judged is not Verdict.PASS and outcome.state is not State.SKIPPED:
        found["portcheck_check_state"].put(1.0, {**labels, "state": outcome.state})
    host = {name: labels[name] for name in ("vantage", "forest", "host", "address")}
    skew, service = outcome.facts.get("clock_skew_s"), outcome.check.service
    if service in CLOCKS and isinstance(skew, int | float):
        found["portcheck_clock_skew_seconds"].put(float(skew), {**host, "source": CLOCKS[service]})
    if (expires := measures.moment(outcome.facts.get("certificate_not_after"))) is not None:
        told = {**host, "check": service, "port": labels["port"]}
        found["portcheck_tls_cert_not_after_timestamp_seconds"].put(expires.timestamp(), told)


def _place(found: dict[str, MetricFamily], point: VantagePoint, failed: set[tuple[str, str]]) -> None:
    if (at := moment(point.started)) is not None:
        found["portcheck_vantage_last_report_timestamp_seconds"].put(at.timestamp(), {"vantage": point.name})
    for forest in point.forests:
        good = not forest.problem and not point.interrupted and (point.name, forest.name) not in failed
        found["portcheck_last_run_success"].put(float(good), {"vantage": point.name, "forest": forest.name})


def _findings(found: dict[str, MetricFamily], merged: Merged) -> None:
    told = [f for f in merged.findings if f.severity is not Severity.INFO]
    for key, count in count_by(f"{f.forest}\n{f.code}\n{f.severity}" for f in told).items():
        forest, code, severity = key.split("\n")
        labels = {"forest": forest, "code": code, "severity": severity}
        found["portcheck_vantage_findings"].put(float(count), labels)
