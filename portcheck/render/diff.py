"""Two runs side by side, for `portcheck diff`: which they are, and what changed between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from portcheck.model import Comparison, Report, Verdict
from portcheck.model.folding import counted
from portcheck.render.shared import changes, times
from portcheck.render.shared.layout import hang, sign, to_string
from portcheck.render.shared.marks import VERDICTS
from portcheck.render.shared.options import Options
from portcheck.render.shared.spoken import ended
from portcheck.render.shared.text import plain, printable, to_ascii
from portcheck.report.to_json import Json, comparison_to_json

SCHEMA = "portcheck.diff/1"


def render(before: Report, after: Report, compared: Comparison, options: Options, plans: Sequence[str] = ()) -> str:
    """`plans`: what makes the two runs of different plans, in words."""
    known = changes.KnownChanges.of(before, after)
    if options.accessible:
        first = [same(after)] if compared.same else changes.sentences(compared, known)
        told = [*first, head(before, after), *notes(before, after, compared, plans)]
        words = "".join(f"{ended(printable(line))}\n" for line in told)
        return to_ascii(words) if options.ascii else words
    return to_string(lines(before, after, compared, options, plans), options)


def lines(
    before: Report, after: Report, compared: Comparison, options: Options, plans: Sequence[str] = ()
) -> Iterator[Text]:
    known = changes.KnownChanges.of(before, after)
    yield from hang("", plain(head(before, after), "dim"), options.width, 2)
    for note in notes(before, after, compared, plans):
        yield from hang("", plain(note, "dim"), options.width, 2)
    yield Text()
    if compared.same:
        mark = VERDICTS[Verdict.PASS]
        lead = sign(mark, options)
        yield from hang(lead, plain(same(after), mark.style), options.width)
    yield from changes.lines(compared, known, options)


def head(before: Report, after: Report) -> str:
    return f"From {when(before)} to {when(after)}"


def when(report: Report) -> str:
    return times.local(report.started, seconds=True)


def same(after: Report) -> str:
    return f"nothing changed: {counted(len(after.outcomes), 'check')}, {counted(len(after.findings), 'finding')}"


def notes(before: Report, after: Report, compared: Comparison, plans: Sequence[str] = ()) -> Iterator[str]:
    """What makes two runs hard to compare."""
    if before.vantage.called != after.vantage.called:
        yield f"Asked from {before.vantage.called}, then from {after.vantage.called}: other paths, other answers."
    if before.tool_version != after.tool_version:
        yield f"By portcheck {before.tool_version}, then by {after.tool_version}, which may judge otherwise."
    if plans:
        yield "The two runs asked different things; what only one of them asked is not compared:"
        yield from plans
    if compared.left_out:
        yield f"{counted(compared.left_out, 'check')} left out: one of the runs ended before the answer."


def as_json(before: Report, after: Report, compared: Comparison, plans: Sequence[str] = ()) -> Json:
    return {
        "schema": SCHEMA,
        "before": _run(before),
        "after": _run(after),
        "same": compared.same,
        "not_compared": list(plans),
        **{key: value for key, value in comparison_to_json(compared).items() if key != "since"},
    }


def _run(report: Report) -> Json:
    return {
        "started": report.started,
        "host": report.vantage.called,
        "checks": len(report.outcomes),
        "findings": len(report.findings),
        "exit_code": report.exit_code,
    }
