"""The monitoring plugins' format: one status line, performance data, then the detail (Nagios plugin guidelines)."""

from __future__ import annotations

from portcheck.model import Report, Severity, Verdict, count_by
from portcheck.render.options import Options
from portcheck.render.text import printable, shorten

LINE = 100
OK, WARNING, CRITICAL, UNKNOWN = range(4)
WORDS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")


def level(report: Report) -> int:
    """The plugin's exit code: what is required and not there is critical; what cannot be told is unknown."""
    verdicts = {outcome.verdict for outcome in report.outcomes}
    if Verdict.FAIL in verdicts or any(forest.problem and not forest.domain_controllers for forest in report.forests):
        return CRITICAL
    if report.interrupted or not verdicts & {Verdict.PASS, Verdict.WARN}:
        return UNKNOWN
    if Verdict.UNKNOWN in verdicts:
        return UNKNOWN
    return WARNING if Verdict.WARN in verdicts else OK


def render(report: Report, options: Options) -> str:  # noqa: ARG001 - plugins look the same everywhere
    counts = count_by(outcome.verdict for outcome in report.outcomes)
    worst = [finding for finding in report.findings if finding.severity is not Severity.INFO]
    good = f"{counts.get(Verdict.PASS, 0)} of {len(report.outcomes)} checks pass"
    lead = f"PORTCHECK {WORDS[level(report)]} - {_plain(worst[0].title) if worst else good}"
    lines = [f"{shorten(lead, LINE - 1)} | {_performance(report)}"]
    lines += [f"{finding.severity}: {_plain(finding.title)}: {_plain(finding.evidence)}" for finding in worst]
    return "\n".join([*lines, good]) + "\n"


def _performance(report: Report) -> str:
    """`label=value[unit]` as the guidelines want it; counts without a unit, times in seconds."""
    counts = count_by(outcome.verdict for outcome in report.outcomes)
    latencies = [o.latency_ms for o in report.outcomes if o.latency_ms is not None and o.verdict is Verdict.PASS]
    shown = [f"{verdict}={counts.get(verdict, 0)}" for verdict in Verdict]
    if latencies:
        shown.append(f"latency_max={max(latencies) / 1000:.4f}s")
    return " ".join([*shown, f"duration={report.duration_s:.2f}s"])


def _plain(text: str) -> str:
    """`|` begins performance data, so no text may hold one."""
    return printable(text).replace("|", "/")
