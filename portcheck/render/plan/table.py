"""The forecast for a terminal: by host, one line for each question, its packets in three cases, and the totals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from portcheck.plan.line import Cost, Forecast, ForecastLine, LineKind
from portcheck.render.plan import sentences
from portcheck.render.plan.words import CASES, COUNTED, TITLES, groups, port_of, questions_of, sums
from portcheck.render.shared.layout import hang, pad, to_string
from portcheck.render.shared.options import Options
from portcheck.render.shared.text import printable

PORT, SERVICE, NEED = 14, 15, 12
COSTS = "  all answer  all silent   at most"
INDENT = 4


def render(forecast: Forecast, options: Options) -> str:
    if options.accessible:
        return sentences.render(forecast, options)
    return to_string(_lines(forecast, options), options)


def _lines(forecast: Forecast, options: Options) -> Iterator[Text]:
    for number, (forest, place, lines) in enumerate(groups(forecast)):
        if number:
            yield Text()
        yield from hang("", Text(printable(f"{forest}: {place}"), style="bold"), options.width)
        yield from _of_place(lines, options)
    yield Text()
    yield from _totals("in all, packets (bytes, connections)", forecast.known, options)
    if forecast.each:
        yield from _totals("for each domain controller that DNS names", forecast.each, options)
    yield Text()
    for note in (COUNTED, *forecast.notes):
        yield from hang("", printable(note), options.width)


def _of_place(lines: Sequence[ForecastLine], options: Options) -> Iterator[Text]:
    for kind in LineKind:
        some = [line for line in lines if line.kind is kind]
        if not some:
            continue
        yield Text()
        if kind in {LineKind.ROLES, LineKind.SECOND_LOOK}:
            yield from hang("  ", TITLES[kind], options.width)
        yield Text(f"{'  port':<{PORT}}{'service':<{SERVICE}}{'need':<{NEED}}{COSTS}", style="dim")
        for line in some:
            yield from _line(line, options)


def _line(line: ForecastLine, options: Options) -> Iterator[Text]:
    first = f"  {port_of(line):<{PORT - 2}}{pad(printable(line.service), SERVICE)}{line.need:<{NEED}}"
    costs = f"{line.answered.packets:>12}{line.silent.packets:>12}{line.at_most.packets:>10}"
    yield Text(f"{first}{costs}".rstrip())
    words = questions_of(line)
    if line.kind is LineKind.SECOND_LOOK:
        words = line.purpose
    elif line.kind is not LineKind.DISCOVERY and line.purpose:
        words = f"{line.purpose}: {words}" if words else line.purpose
    if line.when:
        words = f"{words}; only if {line.when}"
    yield from hang(" " * INDENT, Text(printable(words), style="dim"), options.width)


def _totals(title: str, lines: Sequence[ForecastLine], options: Options) -> Iterator[Text]:
    yield from hang("", Text(title, style="bold"), options.width)
    for case, cost in zip(CASES, sums(lines).cases, strict=True):
        yield from hang(f"  {case:<12}", _cost(cost), options.width)


def _cost(cost: Cost) -> str:
    return f"{cost.packets} ({cost.bytes}, {cost.connections})"
