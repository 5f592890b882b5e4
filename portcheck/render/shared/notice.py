"""A run as a notice: a title for the lock screen, and a body in sentences that needs no fixed letters."""

from __future__ import annotations

from collections.abc import Iterator

from portcheck.model import Report, Severity, Verdict
from portcheck.render.shared import changes, times
from portcheck.render.shared.digest import Digest, digests, headline
from portcheck.render.shared.marks import VERDICTS
from portcheck.render.shared.text import printable, shorten

TITLE_WIDTH = 120
MOST_LINES = 60


def title(report: Report) -> str:
    """`portcheck on mim1: bravo.test: 1 fault; changed`"""
    found = digests(report)
    worst = [digest for digest in found if headline(digest)[0] is not VERDICTS[Verdict.PASS]]
    words = "; ".join(f"{digest.forest.name}: {headline(digest)[1]}" for digest in worst) or "all well"
    changed = "; changed" if report.compared is not None and not report.compared.same else ""
    room = TITLE_WIDTH - len(changed)
    return shorten(f"portcheck on {report.vantage.called}: {words}", room) + changed


def body(report: Report) -> str:
    lines = [printable(line) for line in _lines(report)]
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], f"and {len(lines) - MOST_LINES} lines more: see portcheck history last"]
    return "\n".join(lines) + "\n"


def _lines(report: Report) -> Iterator[str]:
    if report.compared is not None and not report.compared.same:
        yield f"{changes.since(report.compared)}:"
        yield from changes.sentences(report.compared, changes.KnownChanges.of(report), heard=False)
        yield ""
    for digest in digests(report):
        yield from _forest(digest)
    yield ""
    yield f"portcheck {report.tool_version} on {report.vantage.called}, {times.local(report.started)}"


def _forest(digest: Digest) -> Iterator[str]:
    counts = f", {digest.count(Verdict.PASS)} of {digest.asked} as expected" if digest.asked else ""
    yield f"{digest.forest.name}: {headline(digest)[1]}{counts}."
    for finding in digest.findings:
        if finding.severity is not Severity.INFO:
            yield f"- {finding.title}"
            yield from (f"  {line}" for line in finding.fix.splitlines())
