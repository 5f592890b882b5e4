"""Latencies and clocks as points in a plane; the template draws them, this says where."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import median

from portcheck.frozen import dataclass
from portcheck.model import GOOD, Outcome, Report, Verdict
from portcheck.model.folding import counted
from portcheck.render.shared.digest import Digest
from portcheck.render.shared.grid import PLACES, cell_of, column_key
from portcheck.render.shared.text import shorten_middle
from portcheck.render.shared.words import port_of

WIDTH, LEFT, RIGHT = 560.0, 155.0, 70.0
ROW, TOP = 20.0, 10.0
DOTS = 60
"""More answers of one service than this are drawn as every n-th, the slowest always."""
HOSTS = 30
LIMIT_S = 300.0  # Kerberos' default (RFC 4120, 1.6)


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    words: str
    kind: str  # pass, warn …


@dataclass(frozen=True, slots=True)
class PlotLine:
    """One row: its name, its dots, and a word at the right end."""

    name: str
    y: float
    dots: tuple[Dot, ...]
    value: str


@dataclass(frozen=True, slots=True)
class Plot:
    caption: str
    lines: tuple[PlotLine, ...]
    ticks: tuple[tuple[float, str], ...]
    height: float


@dataclass(frozen=True, slots=True)
class Latencies(Plot):
    """Logarithmic, in milliseconds."""


@dataclass(frozen=True, slots=True)
class Clocks(Plot):
    """Both ways from our own clock, linear up to a second, logarithmic beyond; with Kerberos' limit as a band."""

    band: tuple[float, float]


def latencies(digest: Digest, most: int = DOTS) -> Latencies | None:
    good = (o for o in digest.outcomes if o.state in GOOD)
    timed = [o for o in good if o.latency_ms is not None and math.isfinite(o.latency_ms)]
    if not timed:
        return None
    high = max(1, *(math.ceil(math.log10(max(o.latency_ms or 0, 1))) for o in timed))
    rows: dict[str, list[Outcome]] = {}
    for outcome in sorted(timed, key=lambda o: PLACES.get(column_key(o.check), len(PLACES))):
        rows.setdefault(column_key(outcome.check), []).append(outcome)

    def x(ms: float) -> float:
        return _across((math.log10(max(ms, 0.1)) + 1) / (high + 1))

    lines = [
        PlotLine(key, _y(n), tuple(_latency_dots(rows[key], x, most)), f"{median(_ms(rows[key])):.1f} ms")
        for n, key in enumerate(rows)
    ]
    slowest = max(timed, key=lambda o: o.latency_ms or 0)
    caption = (
        f"{counted(len(timed), 'answer')}; median {median(_ms(timed)):.1f} ms; slowest {slowest.latency_ms:.1f} ms: "
        f"{slowest.check.service} {port_of(slowest)} on {slowest.check.host}."
    )
    ticks = tuple((x(10.0**power), _ms_words(10.0**power)) for power in range(-1, high + 1))
    return Latencies(caption, tuple(lines), ticks, _height(len(lines)))


def _latency_dots(outcomes: Sequence[Outcome], x: Callable[[float], float], most: int) -> list[Dot]:
    ordered = sorted(outcomes, key=lambda o: o.latency_ms or 0)
    step = -(-len(ordered) // most)
    shown = ordered[::-1][::step]
    return [
        Dot(x(o.latency_ms or 0), f"{o.check.host} {o.check.service} {port_of(o)}: {o.latency_ms:.1f} ms", _kind(o))
        for o in shown
    ]


def _ms(outcomes: Sequence[Outcome]) -> list[float]:
    return [o.latency_ms or 0.0 for o in outcomes]


def _ms_words(ms: float) -> str:
    return f"{ms / 1000:g} s" if ms >= 1000 else f"{ms:g} ms"


def clocks(report: Report) -> Clocks | None:
    """Each host's clock against ours, of all forests: where all are off alike, it is ours that is wrong."""
    rows: dict[str, list[tuple[float, Outcome]]] = {}
    for outcome in report.outcomes:
        skew = outcome.facts.get("clock_skew_s")
        if isinstance(skew, int | float) and math.isfinite(skew):
            rows.setdefault(outcome.check.host, []).append((float(skew), outcome))
    if not rows:
        return None
    worst = {host: max((skew for skew, _ in found), key=abs) for host, found in rows.items()}
    shown = list(rows) if len(rows) <= HOSTS else sorted(rows, key=lambda host: -abs(worst[host]))[:HOSTS]
    edge = math.asinh(max(2 * LIMIT_S, *(1.2 * abs(skew) for skew in worst.values())))

    def x(skew: float) -> float:
        return _across(0.5 + math.asinh(skew) / edge / 2)

    lines = [
        PlotLine(
            shorten_middle(host, 20),
            _y(n),
            tuple(
                Dot(x(skew), f"{host}, told by {o.check.service} {port_of(o)}: {offset(skew)}", _kind(o))
                for skew, o in rows[host][:DOTS]
            ),
            offset(worst[host]),
        )
        for n, host in enumerate(shown)
    ]
    host = max(worst, key=lambda name: abs(worst[name]))
    more = "" if len(shown) == len(rows) else f" The {len(shown)} furthest off are shown."
    caption = (
        f"{counted(len(rows), 'clock')} against this machine's; furthest off: {host}, {offset(worst[host])}.{more}"
    )
    marks = [s for s in (-3600.0, -300.0, -10.0, 0.0, 10.0, 300.0, 3600.0) if math.asinh(abs(s)) <= edge]
    ticks = tuple((x(skew), offset(skew)) for skew in marks)
    return Clocks(caption, tuple(lines), ticks, _height(len(lines)), (x(-LIMIT_S), x(LIMIT_S)))


def offset(skew: float) -> str:
    """`+20 min`, `-0.4 s`: signed, positive where the server is ahead."""
    size = abs(skew)
    if size < 0.05:
        return "0 s"
    sign = "+" if skew > 0 else "\N{MINUS SIGN}"
    if size < 10:
        return f"{sign}{size:.1f} s".replace(".0 s", " s")
    if size < 120:
        return f"{sign}{size:.0f} s"
    if size < 7200:
        return f"{sign}{size / 60:.0f} min"
    return f"{sign}{size / 3600:.0f} h" if size < 172800 else f"{sign}{size / 86400:.0f} days"


def _kind(outcome: Outcome) -> str:
    verdict = cell_of(outcome)
    return verdict.value if isinstance(verdict, Verdict) else ""


def _across(share: float) -> float:
    return round(LEFT + min(max(share, 0.0), 1.0) * (WIDTH - LEFT - RIGHT), 1)


def _y(row: int) -> float:
    return TOP + row * ROW + ROW / 2


def _height(rows: int) -> float:
    return TOP + rows * ROW + 22
