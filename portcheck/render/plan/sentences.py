"""The forecast in sentences (`--accessible`): what it comes to first, then each line; nothing is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from portcheck.model.folding import counted
from portcheck.plan.line import Forecast, ForecastLine, LineKind
from portcheck.render.plan.words import CASES, COUNTED, TITLES, groups, questions_of, sums
from portcheck.render.shared.options import Options
from portcheck.render.shared.text import printable, to_ascii


def render(forecast: Forecast, options: Options) -> str:
    text = "".join(f"{printable(sentence).removesuffix('.')}.\n" for sentence in _sentences(forecast))
    return to_ascii(text) if options.ascii else text


def _sentences(forecast: Forecast) -> Iterator[str]:
    yield f"Nothing was sent. In all {_cases(forecast.known)}"
    if forecast.each:
        yield f"For each domain controller that DNS names {_cases(forecast.each)}"
    yield from forecast.notes
    for forest, place, lines in groups(forecast):
        yield f"In {forest}, {place}"
        for kind in LineKind:
            some = [line for line in lines if line.kind is kind]
            if some and kind in {LineKind.ROLES, LineKind.SECOND_LOOK}:
                yield TITLES[kind].capitalize()
            yield from map(_line, some)
    yield COUNTED


def _cases(lines: Sequence[ForecastLine]) -> str:
    """`if all answer 49 packets with 14057 bytes in 13 connections; …`"""
    told = []
    for case, cost in zip(CASES, sums(lines).cases, strict=True):
        words = f"{counted(cost.packets, 'packet')} with {counted(cost.bytes, 'byte')}"
        told.append(f"{_when(case)}{words} in {counted(cost.connections, 'connection')}")
    return "; ".join(told)


def _when(case: str) -> str:
    return f"{case} " if case == CASES[-1] else f"if {case} "


def _line(line: ForecastLine) -> str:
    port = "" if line.port is None else f", port {line.port} {line.transport}"
    need = f", {line.need}" if line.need else ""
    packets = (line.answered.packets, line.silent.packets, line.at_most.packets)
    alike = len(set(packets)) == 1
    count = counted(packets[0], "packet") + ("" if alike else f", {packets[1]} if all is silent, at most {packets[2]}")
    told = questions_of(line) if line.kind is not LineKind.SECOND_LOOK else ""
    purpose = line.purpose if line.kind is not LineKind.DISCOVERY else ""
    parts = [f"{line.service}{port}{need}: {count}", purpose, told, f"only if {line.when}" if line.when else ""]
    return "; ".join(dict.fromkeys(filter(None, parts)))
