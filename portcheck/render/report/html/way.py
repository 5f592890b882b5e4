"""The map of the way: this machine, the hops that have a name, who is suspected, forests with their controllers.

A tree of what the walks saw, laid out as boxes and lines; the template draws it. Where nothing was lost it is short.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field

from portcheck.frozen import dataclass
from portcheck.model import Outcome, Verdict
from portcheck.model.folding import counted, folded
from portcheck.render.report.html.hops import CellHop, stations
from portcheck.render.shared.conclusion import UNMET, ports_words, words
from portcheck.render.shared.digest import Digest
from portcheck.render.shared.grid import cell_of
from portcheck.render.shared.marks import VERDICTS, Mark
from portcheck.render.shared.text import shorten, shorten_middle

STEP, ROW, TOP, LEFT = 168.0, 58.0, 30.0, 12.0
LEAF = 380.0
MOST_ENDS = 24
MOST_WELL = 4
NAME, WORDS = 20, 52
NOTES = {"suspect": "under suspicion", "cut": "here or beyond"}

Way = tuple[CellHop, ...]


@dataclass(frozen=True, slots=True)
class WayEnd:
    """A forest, or those of its controllers to which the way is the same."""

    mark: Mark
    verdict: Verdict
    name: str
    words: str
    forest: int | None  # its number on the page
    way: Way = ()


@dataclass(frozen=True, slots=True)
class WayStop:
    """A box of the drawing: a station, or an end."""

    x: float
    y: float
    kind: str
    name: str
    note: str
    forest: int | None = None
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class WayLine:
    """From the right of one box to the left of another; broken where packets were lost."""

    points: str
    broken: bool


@dataclass(frozen=True, slots=True)
class WayMap:
    width: float
    height: float
    stops: tuple[WayStop, ...]
    lines: tuple[WayLine, ...]
    words: str  # all of it for those who do not see it
    left_out: int


@dataclass(slots=True)
class Junction:
    """A station, and what was reached, or not, through it."""

    hop: CellHop
    onward: dict[tuple[str, str], Junction] = field(default_factory=dict)
    ends: list[WayEnd] = field(default_factory=list)


def way_map(here: str, judged: Sequence[tuple[Digest, Verdict]]) -> WayMap | None:
    """`judged`: the forests in the order of the page. None where no controller is known."""
    found = list(_ends(judged))
    if not any(digest.grid.rows for digest, _ in judged):
        return None
    root = Junction(CellHop("here", here, "this machine"))
    for end in found[:MOST_ENDS]:
        _grow(root, end)
    return _drawn(root, found[:MOST_ENDS], len(found) - len(found[:MOST_ENDS]))


def _ends(judged: Sequence[tuple[Digest, Verdict]]) -> Iterator[WayEnd]:
    """As on the page; forests that are well in one end where they are many."""
    well = {number: digest for number, (digest, verdict) in enumerate(judged) if verdict is Verdict.PASS}
    for number, (digest, verdict) in enumerate(judged):
        if number not in well:
            yield from _of_forest(digest, verdict, number)
    if len(well) > MOST_WELL:
        count = sum(len(digest.grid.rows) for digest in well.values())
        name = folded((digest.forest.name for digest in well.values()), 2)
        yield WayEnd(VERDICTS[Verdict.PASS], Verdict.PASS, name, f"{counted(count, 'controller')}, all well", None)
        return
    for number, digest in well.items():
        told = f"{counted(len(digest.grid.rows), 'controller')}, all well"
        yield WayEnd(VERDICTS[Verdict.PASS], Verdict.PASS, digest.forest.name, told, number)


def _of_forest(digest: Digest, verdict: Verdict, number: int) -> Iterator[WayEnd]:
    """One end for each way that does not go through; without any, one for the forest."""
    ways: dict[Way, list[Outcome]] = {}
    for outcome in digest.outcomes:
        if cell_of(outcome) in UNMET and (found := stations(outcome)):
            ways.setdefault(found, []).append(outcome)
    for way, outcomes in ways.items():
        hosts = dict.fromkeys(o.check.host.removesuffix(f".{digest.forest.name}") or o.check.host for o in outcomes)
        told = f"{folded(hosts, 2)}: {ports_words(outcomes)}"
        yield WayEnd(VERDICTS[Verdict.FAIL], Verdict.FAIL, digest.forest.name, told, number, way)
    if not ways:
        yield WayEnd(VERDICTS[verdict], verdict, digest.forest.name, words(digest, verdict), number)


def _grow(root: Junction, end: WayEnd) -> None:
    at = root
    for hop in end.way:
        at = at.onward.setdefault((hop.kind, hop.name), Junction(hop))
    at.ends.append(end)


def _drawn(root: Junction, ends: Sequence[WayEnd], left_out: int) -> WayMap:
    depth = max((len(end.way) for end in ends), default=0) + 1
    plan = Plan(LEFT + depth * STEP)
    plan.place(root, 0)
    height = TOP + (plan.rows - 1) * ROW + 32
    told = "; ".join(map(_told, ends))
    return WayMap(plan.ends_at + LEAF, height, tuple(plan.stops), tuple(plan.lines), told, left_out)


@dataclass(slots=True)
class Plan:
    """Where each box goes: a column for each station, a row for each end, a station beside the middle of its ends."""

    ends_at: float
    rows: int = 0
    stops: list[WayStop] = field(default_factory=list)
    lines: list[WayLine] = field(default_factory=list)

    def place(self, junction: Junction, depth: int) -> float:
        """Returns its height."""
        x = LEFT + depth * STEP
        broken = junction.hop.kind in {"cut", "suspect", "refuses"}
        ahead = [(child, self.place(child, depth + 1)) for child in junction.onward.values()]
        levels = [level for _, level in ahead]
        ends = [self._end(end) for end in junction.ends]
        y = (min([*levels, *ends]) + max([*levels, *ends])) / 2 if levels or ends else TOP
        hop = junction.hop
        note = NOTES.get(hop.kind) or shorten(hop.note, NAME + 2)
        self.stops.append(WayStop(x, y, hop.kind, shorten_middle(hop.name, NAME), note))
        for child, level in ahead:
            self.lines.append(_line(x, y, x + STEP, level, broken=broken or child.hop.kind == "cut"))
        for level in ends:
            self.lines.append(_line(x, y, self.ends_at, level, broken=broken))
        return y

    def _end(self, end: WayEnd) -> float:
        y = TOP + self.rows * ROW
        self.rows += 1
        name, told = shorten_middle(end.name, WORDS - 6), shorten(end.words, WORDS)
        self.stops.append(WayStop(self.ends_at, y, f"end v-{end.verdict}", name, told, end.forest, end.mark))
        return y


def _line(x: float, y: float, to_x: float, to_y: float, *, broken: bool) -> WayLine:
    """Level below the box's words, then a soft step before the next column."""
    if abs(y - to_y) < 1:
        return WayLine(f"M{x:g} {y:g}H{to_x:g}", broken)
    bend, end = x + STEP - 62, x + STEP - 14
    middle = (bend + end) / 2
    return WayLine(f"M{x:g} {y:g}H{bend:g}C{middle:g} {y:g} {middle:g} {to_y:g} {end:g} {to_y:g}H{to_x:g}", broken)


def _told(end: WayEnd) -> str:
    through = ", ".join(f"{hop.name} {hop.note}" for hop in end.way)
    return f"{end.name}: {end.words}{f' ({through})' if through else ''}"
