"""The format of the Monitoring Plugins guidelines: one status line, performance data, then the detail."""

from __future__ import annotations

from portcheck.model import Finding, Report, Severity, Verdict, count_by
from portcheck.render.shared.options import Options
from portcheck.render.shared.text import counted, printable

LINE = 100
"""The status line, up to the `|`, is shorter than this."""
OK, WARNING, CRITICAL, UNKNOWN = range(4)
WORDS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")


def level(report: Report) -> int:
    """The plugin's exit code: what is required and not there is critical; what cannot be told is unknown."""
    verdicts = {outcome.verdict for outcome in report.outcomes}
    severities = {finding.severity for finding in report.findings}
    unasked = any(forest.problem and not forest.domain_controllers for forest in report.forests)
    if Verdict.FAIL in verdicts or Severity.ERROR in severities or unasked:
        return CRITICAL
    if report.interrupted or not verdicts & {Verdict.PASS, Verdict.WARN}:
        return UNKNOWN
    if Verdict.UNKNOWN in verdicts:
        return UNKNOWN
    return WARNING if Verdict.WARN in verdicts or Severity.WARNING in severities else OK


def render(report: Report, options: Options) -> str:  # noqa: ARG001 - plugins look the same everywhere
    counts = count_by(outcome.verdict for outcome in report.outcomes)
    order = tuple(Severity)
    told = [finding for finding in report.findings if finding.severity is not Severity.INFO]
    worst = sorted(told, key=lambda finding: order.index(finding.severity))
    good = f"{counts.get(Verdict.PASS, 0)} of {counted(len(report.outcomes), 'check')} pass"
    problems = [f"{forest.name}: {forest.problem}" for forest in report.forests if forest.problem]
    leads = [*(finding.title for finding in worst), *problems]
    lines = [f"{status(WORDS[level(report)], leads or [good])} | {performance(report)}"]
    for finding in worst:
        lines += detail(finding)
    lines += [f"not asked: {plain(problem)}" for problem in problems]
    return "\n".join([*lines, good]) + "\n"


def status(word: str, leads: list[str]) -> str:
    """`PORTCHECK CRITICAL - the worst (and 2 more)`, shorter than LINE characters."""
    more = f" (and {len(leads) - 1} more)" if len(leads) > 1 else ""
    lead = f"PORTCHECK {word} - {plain(leads[0])}"
    room = LINE - 1 - len(more)
    return (lead if len(lead) <= room else f"{lead[: room - 1].rstrip()}…") + more


def detail(finding: Finding) -> list[str]:
    lines = [f"{finding.severity}: {plain(finding.title)}"]
    return lines + [f"  {plain(line)}" for text in (finding.evidence, finding.fix) for line in text.splitlines()]


def performance(report: Report) -> str:
    """`label=value[unit];warn;crit;min;max` as the guidelines want it; counts without a unit, times in seconds.

    A fault is critical and a minor one a warning from the first on: the thresholds say so to whoever draws them.
    """
    counts, total = count_by(outcome.verdict for outcome in report.outcomes), len(report.outcomes)
    thresholds = {Verdict.WARN: "0;", Verdict.FAIL: ";0"}
    shown = [f"{v}={counts.get(v, 0)};{thresholds.get(v, ';')};0;{total}" for v in Verdict]
    latencies = [o.latency_ms for o in report.outcomes if o.latency_ms is not None and o.verdict is Verdict.PASS]
    if latencies:
        shown.append(f"latency_max={max(latencies) / 1000:.4f}s;;;0")
    return " ".join([*shown, f"duration={report.duration_s:.2f}s;;;0"])


def plain(words: str) -> str:
    """`|` begins performance data, so no text may hold one."""
    return printable(words).replace("|", "/")
