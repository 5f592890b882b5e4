"""The forecast for a ticket or a page: what will be sent, to whom, and how much of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from portcheck.plan.line import Forecast, ForecastLine, LineKind
from portcheck.render.plan.words import CASES, COUNTED, groups, port_of, questions_of, sums
from portcheck.render.shared.options import Options
from portcheck.render.shared.text import markdown

HEAD = (
    "| port | service | need | what is sent (bytes) | packets: all answer | all silent | at most | when |",
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
)


def render(forecast: Forecast, _: Options) -> str:
    return "\n".join(_lines(forecast)) + "\n"


def _lines(forecast: Forecast) -> Iterator[str]:
    yield "# What portcheck would send"
    yield ""
    yield markdown(COUNTED)
    for forest, place, lines in groups(forecast):
        yield ""
        yield f"## {markdown(forest)}: {markdown(place)}"
        yield ""
        yield from HEAD
        yield from map(_row, lines)
    yield ""
    yield "## Totals"
    yield ""
    yield from _totals("all that is known", forecast.known)
    if forecast.each:
        yield ""
        yield from _totals("each domain controller that DNS names", forecast.each)
    if forecast.notes:
        yield ""
    yield from (f"- {markdown(note)}" for note in forecast.notes)


def _row(line: ForecastLine) -> str:
    service = f"{line.service} (second look)" if line.kind is LineKind.SECOND_LOOK else line.service
    words = (
        port_of(line), service, line.need, questions_of(line) or line.purpose, str(line.answered.packets),
        str(line.silent.packets), str(line.at_most.packets), line.when,
    )  # fmt: skip
    return f"| {' | '.join(map(markdown, words))} |"


def _totals(title: str, lines: Iterable[ForecastLine]) -> Iterator[str]:
    yield f"| {title} | packets | bytes | connections |"
    yield "| --- | --- | --- | --- |"
    for case, cost in zip(CASES, sums(lines).cases, strict=True):
        yield f"| {case} | {cost.packets} | {cost.bytes} | {cost.connections} |"
