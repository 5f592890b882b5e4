"""Metrics for the node exporter's textfile collector (Prometheus text format 0.0.4).

Labels avoid the names that scrape configurations use themselves (`instance`, `service`, `dc` …) and are bounded: the
port behind the RPC mapper is `dynamic`, for it changes with each restart; a reason is a finding's code or a catalogued
error, never a message.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from portcheck.model import Report
from portcheck.render.report.measures import MetricFamily, measured
from portcheck.render.shared.options import Options
from portcheck.render.shared.text import printable

LONGEST = 256  # characters of a label: a saved report may hold any


def render(report: Report, _options: Options) -> str:
    return "".join(text(measured(report)))


def text(families: Iterable[MetricFamily]) -> Iterator[str]:
    for family in families:
        if family.values:
            yield f"# HELP {family.name} {escaped(family.help, quotes=False)}\n# TYPE {family.name} gauge\n"
        told: set[str] = set()
        for labels, value in family.values.items():
            named = ",".join(f'{name}="{escaped(cut(words))}"' for name, words in labels)
            if named not in told:  # cut, two may be alike, and a series that comes twice spoils the whole file
                told.add(named)
                yield f"{family.name}{{{named}}} {number(value)}\n" if named else f"{family.name} {number(value)}\n"


def cut(words: str) -> str:
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"


def escaped(words: str, *, quotes: bool = True) -> str:
    words = printable(words).replace("\\", "\\\\")
    return words.replace('"', '\\"') if quotes else words


def number(value: float) -> str:
    """To a microsecond; a moment, which is large, to a millisecond."""
    if float(value).is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(round(float(value), 3 if abs(value) >= 1e6 else 6))
