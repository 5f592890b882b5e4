"""The screen for people: what is wrong with its proof, the matrix, what changed; and last what to ask for and to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rich.cells import cell_len
from rich.text import Text

from portcheck.model import Finding, Report, Verdict
from portcheck.model.folding import counted
from portcheck.render.report import details, evidence, findings, grids, sentences
from portcheck.render.report.ending import ending
from portcheck.render.report.findings import sign
from portcheck.render.shared import changes, times
from portcheck.render.shared.conclusion import Conclusion, conclusion, worst_first
from portcheck.render.shared.digest import Digest, headline
from portcheck.render.shared.layout import hang, to_string
from portcheck.render.shared.options import Options
from portcheck.render.shared.text import listed, plain, printable

WELL = "forest-ok"
"""Says no more than that nothing is wrong."""


def render(report: Report, options: Options) -> str:
    if options.accessible:
        return sentences.render(report, options)
    return to_string(lines(report, options), options)


def lines(report: Report, options: Options) -> Iterator[Text]:
    told = conclusion(report, options.run, options.again)
    if options.quiet:
        yield from quiet(told, options)
        return
    end = ending(told, options)
    found, said = worst_first(report), findings.AlreadySaid(end.untold)
    yield from title(report, options)
    for digest, verdict in found:
        if verdict is not Verdict.PASS or options.verbose or _notes(digest):
            yield Text()
            yield from section(digest, options, said)
    drawn = list(grids.draw([digest for digest, _ in found], options))
    if drawn:
        yield Text()
        yield from drawn
    yield from changes.brief(report, options)
    if options.verbose:
        yield from limits(report, options)
    if end.lines:
        yield Text()
        yield from end.lines


def quiet(told: Conclusion, options: Options) -> Iterator[Text]:
    """What is wrong and what to ask for; nothing where nothing is wrong."""
    if not told.silent:
        yield from ending(replace(told, well=(), next=()), options).lines


def title(report: Report, options: Options) -> Iterator[Text]:
    vantage = report.vantage
    where = f"{vantage.called} ({listed(vantage.addresses, 3)})" if vantage.addresses else vantage.called
    who = f"portcheck {report.tool_version} from {where}"
    what = f"{times.local(report.started)}, {counted(len(report.outcomes), 'check')}, {report.duration_s:.1f} s"
    together = f"{who}, {what}"
    for words in (together,) if cell_len(together) <= options.width else (who, what):
        yield from hang("", plain(words, "dim"), options.width, 2)


def section(digest: Digest, options: Options, said: findings.AlreadySaid) -> Iterator[Text]:
    yield from head(digest, options)
    for finding in shown(digest, options):
        yield from findings.told(finding, digest.findings, options, said)
    rest = list(details.all_of(digest, options) if options.verbose else details.unexplained(digest, options))
    if rest:
        yield from rest
    if options.verbose:
        yield from evidence.lines(digest, options)


def shown(digest: Digest, options: Options) -> tuple[Finding, ...]:
    """All but what only says that all is well: the end says that."""
    return tuple(f for f in digest.findings if options.verbose > 1 or f.code != WELL)


def _notes(digest: Digest) -> bool:
    return any(finding.code != WELL for finding in digest.findings)


def head(digest: Digest, options: Options) -> Iterator[Text]:
    mark, words = headline(digest)
    counts = f", {digest.count(Verdict.PASS)} of {digest.asked} as expected" if digest.asked else ""
    lead = sign(mark, options).append(f"{printable(digest.forest.name)}: ", style="bold")
    yield from hang(lead, Text.assemble(plain(words, mark.style), counts), options.width, 2)


def limits(report: Report, options: Options) -> Iterator[Text]:
    for limit in report.vantage.limits:
        yield from hang("", plain(f"This machine could not tell: {limit}", "dim"), options.width, 2)
