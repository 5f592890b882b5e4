"""The matrix for people: the places, then per forest what differs by place, and a column of marks for each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

from portcheck.merge.points import Merged
from portcheck.model.folding import counted
from portcheck.render.merged.rows import UNASKED, ForestMatrix, MatrixRow, everywhere, matrices
from portcheck.render.report.findings import alone, sign
from portcheck.render.report.sentences import SEVERITY_WORDS
from portcheck.render.shared import times
from portcheck.render.shared.layout import hang, pad, to_string
from portcheck.render.shared.marks import VERDICTS
from portcheck.render.shared.options import Options
from portcheck.render.shared.spoken import ended
from portcheck.render.shared.text import listed, plain, printable, shorten_middle, to_ascii

MOST_NAMED = 12
LONGEST_PLACE = 14


def render(merged: Merged, options: Options) -> str:
    if options.accessible:
        words = "".join(f"{ended(printable(line))}\n" for line in sentences(merged, quiet=options.quiet))
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


def sentences(merged: Merged, *, quiet: bool = False) -> Iterator[str]:
    """For screen readers: what each forest comes to, then what is wrong, then each check; nothing is drawn."""
    found = matrices(merged)
    for forest in found:
        yield f"Forest {forest.name}: {forest.words}"
    for finding in merged.findings:
        yield f"{SEVERITY_WORDS[finding.severity]}: {finding.title}"
        yield from filter(None, (*finding.explanation.splitlines(), finding.fix))
    if quiet:
        return
    for forest in found:
        for row in forest.rows:
            yield f"{row.service} {row.port} of {row.host}: {_by_mark(row, forest.places)}"
        if forest.well:
            words = counted(forest.well, "check")
            yield f"In {forest.name} {words} as expected, or not offered, from every place that asked"
    yield f"portcheck compared {counted(len(merged.points), 'place')}: {listed(tuple(merged.names), MOST_NAMED)}"


def _by_mark(row: MatrixRow, places: Sequence[str]) -> str:
    """`as expected from a, b; fault from c`"""
    by: dict[str, list[str]] = {}
    for place in places:
        by.setdefault(row.mark(place).word, []).append(place)
    return "; ".join(f"{word} from {listed(tuple(those), MOST_NAMED)}" for word, those in by.items())
