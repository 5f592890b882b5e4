"""The format of the Monitoring Plugins guidelines: one status line, performance data, then the detail."""

from __future__ import annotations

from portcheck.model import Finding, Report, Severity, Verdict, count_by
from portcheck.model.folding import counted
from portcheck.render.shared.conclusion import Conclusion, conclusion, spoken
from portcheck.render.shared.options import Options
from portcheck.render.shared.text import printable
from portcheck.report import verdicts

LINE = 200
"""The status line, up to the `|`, is shorter than this: what a notification by mail or pager shows whole."""
ROOM_FOR_ASK = 100
OK, WARNING, CRITICAL, UNKNOWN = range(4)
WORDS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
LEVELS = {Verdict.PASS: OK, Verdict.WARN: WARNING, Verdict.FAIL: CRITICAL, Verdict.UNKNOWN: UNKNOWN}


def level(report: Report) -> int:
    """The plugin's exit code: the one verdict on the run in the words of the guidelines."""
    return LEVELS[verdicts.of_run(report)]


def render(report: Report, options: Options) -> str:
    counts = count_by(outcome.verdict for outcome in report.outcomes)
    order = tuple(Severity)
    told = [finding for finding in report.findings if finding.severity is not Severity.INFO]
    worst = sorted(told, key=lambda finding: order.index(finding.severity))
    good = f"{counts.get(Verdict.PASS, 0)} of {counted(len(report.outcomes), 'check')} pass"
    problems = [f"{forest.name}: {forest.problem}" for forest in report.forests if forest.problem]
    ends = conclusion(report, options.run, options.again)
    asks = [_said(ask) for ask in ends.asks]
    lines = [f"{status(WORDS[level(report)], leads(ends) or [good], asks)} | {performance(report)}"]
    for finding in worst:
        lines += detail(finding)
    lines += [f"not asked: {plain(problem)}" for problem in problems]
    return "\n".join([*lines, good]) + "\n"


def leads(ends: Conclusion) -> list[str]:
    """`bravo.test bdc1: 464 tcp+udp blocked - passwords`, the worst forest first."""
    stopped = ["interrupted before all was asked"] if ends.interrupted else []
    return [*(f"{line.forest} {line.words}" for line in ends.troubled), *stopped]


def _said(ask: str) -> str:
    return spoken(ask).replace("; →", "; to").replace(" → ", " to ")


def status(word: str, leads: list[str], asks: list[str] | None = None) -> str:
    """`PORTCHECK CRITICAL - the worst (and 2 more); ask ...`, shorter than LINE characters."""
    more = f" (and {len(leads) - 1} more)" if len(leads) > 1 else ""
    lead = f"PORTCHECK {word} - {plain(leads[0])}"
    ask = ""
    if asks:
        others = f" (and {len(asks) - 1} more)" if len(asks) > 1 else ""
        ask = f"; ask {cut(plain(asks[0]), ROOM_FOR_ASK - len(others))}{others}"
    return cut(lead, LINE - 1 - len(more) - len(ask)) + more + ask


def cut(words: str, room: int) -> str:
    return words if len(words) <= room else f"{words[: room - 1].rstrip()}…"


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
