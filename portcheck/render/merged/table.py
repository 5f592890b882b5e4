"""The matrix for people: the places, then per forest what differs by place, and a column of marks for each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

from portcheck.merge.points import Merged
from portcheck.model.folding import counted
from portcheck.render.merged.rows import UNASKED, ForestMatrix, everywhere, matrices
from portcheck.render.report.findings import alone, sign
from portcheck.render.shared import times
from portcheck.render.shared.layout import hang, pad, to_string
from portcheck.render.shared.marks import VERDICTS
from portcheck.render.shared.options import Options
from portcheck.render.shared.text import listed, plain, printable, shorten_middle, to_ascii

LONGEST_HOST = 28
LONGEST_PLACE = 14


def render(merged: Merged, options: Options) -> str:
    if options.accessible:
        words = "".join(f"{printable(line)}\n" for line in sentences(merged))
        return to_ascii(words) if options.ascii else words
    return to_string(lines(merged, options), options)


def lines(merged: Merged, options: Options) -> Iterator[Text]:
    if not options.quiet:
        yield from _places(merged, options)
    for finding in everywhere(merged):
        yield Text()
        yield from alone(finding, options)
    for forest in matrices(merged):
        yield Text()
        yield from _forest(forest, options)
    if not options.quiet:
        yield Text()
        marks = [f"{m.drawn(ascii_only=options.ascii)} {m.word}" for m in (*VERDICTS.values(), UNASKED)]
        yield from hang("", Text("   ".join(marks), "dim"), options.width, 2)


def _places(merged: Merged, options: Options) -> Iterator[Text]:
    yield from hang("", plain(f"portcheck from {counted(len(merged.points), 'place')}", "bold"), options.width)
    for point in merged.points:
        where = listed(point.machine.addresses, 3) or "no address told"
        when = times.local(point.started)
        yield from hang("  ", plain(f"{point.name} ({where}), {when}, {point.source}", "dim"), options.width, 4)


def _forest(forest: ForestMatrix, options: Options) -> Iterator[Text]:
    mark = forest.mark
    lead = sign(mark, options).append(f"{printable(forest.name)}: ", style="bold")
    asked = f", asked from {counted(len(forest.places), 'place')}"
    yield from hang(lead, Text.assemble(plain(forest.words, mark.style), asked), options.width, 2)
    for finding in forest.findings:
        yield Text()
        yield from alone(finding, options)
    if forest.rows and not options.quiet:
        yield Text()
        yield from _rows(forest, options)
    if forest.well and not options.quiet:
        words = f"{counted(forest.well, 'check')} as expected (or not offered) from every place that asked"
        yield from hang("  ", Text(words, "dim"), options.width)


def _rows(forest: ForestMatrix, options: Options) -> Iterator[Text]:
    widest = max(options.width // 2, 12)
    labels = [shorten_middle(f"{row.host} {row.service} {row.port}", widest) for row in forest.rows]
    side = 2 + max(map(cell_len, labels)) + 2
    heads = [shorten_middle(place, LONGEST_PLACE) for place in forest.places]
    for band in _bands(heads, max(options.width - side, LONGEST_PLACE + 2)):
        yield Text(" " * side + "  ".join(heads[place] for place in band), style="bold")
        for row, label in zip(forest.rows, labels, strict=True):
            line = Text(f"  {pad(label, side - 2)}")
            for place in band:
                mark = row.mark(forest.places[place])
                line.append(pad(mark.drawn(ascii_only=options.ascii), cell_len(heads[place]) + 2), style=mark.style)
            line.rstrip()
            yield line
    if forest.more:
        yield from hang("  ", Text(f"and {forest.more} more rows: -f csv has them all", "dim"), options.width)


def _bands(heads: Sequence[str], room: int) -> Iterator[list[int]]:
    """Places beside each other as far as the width goes, the others below."""
    band: list[int] = []
    used = 0
    for number, head in enumerate(heads):
        width = cell_len(head) + 2
        if band and used + width > room:
            yield band
            band, used = [], 0
        band.append(number)
        used += width
    if band:
        yield band


def sentences(merged: Merged) -> Iterator[str]:
    """For screen readers: no drawing."""
    yield f"portcheck from {counted(len(merged.points), 'place')}: {', '.join(merged.names)}."
    for finding in merged.findings:
        yield f"{finding.severity.value}: {finding.title}. {' '.join(finding.explanation.splitlines())} {finding.fix}"
    for forest in matrices(merged):
        yield f"{forest.name}: {forest.words}."
        for row in forest.rows:
            told = ", ".join(f"{place}: {row.mark(place).word}" for place in forest.places)
            yield f"{row.service} {row.port} of {row.host}: {told}."
