"""One matrix for all forests of a run: one head, one legend; rows that are alike share a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

from portcheck.frozen import dataclass
from portcheck.model import Verdict
from portcheck.model.folding import FOLDED_FROM, counted, folded
from portcheck.render.shared import matrix
from portcheck.render.shared.digest import Digest
from portcheck.render.shared.grid import Column, Grid, GridRow, RowKey
from portcheck.render.shared.layout import hang
from portcheck.render.shared.options import Options
from portcheck.render.shared.text import plain, shorten_middle

ROWS_IN_FULL = 16
"""Beyond this many lines of one forest, those of which all is well are only counted (-v shows them)."""
FOLDED_BEYOND = 6
"""A forest of more controllers has those that are alike in one line."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the matrix: a controller, or several of which the same was seen."""

    keys: tuple[RowKey, ...]
    row: GridRow

    def label(self, forest: str, room: int, *, addresses: bool) -> str:
        """In at most `room` cells; of several hosts the range they are, or how many."""
        if len(self.keys) == 1:
            return shorten_middle(matrix.label(self.keys[0] if addresses else (self.keys[0][0], None), forest), room)
        hosts = folded((matrix.label((host, None), forest) for host, _ in self.keys), 1)
        return f"{len(self.keys)} alike" if " and " in hosts or cell_len(hosts) > room else hosts


def draw(digests: Sequence[Digest], options: Options) -> Iterator[Text]:
    """Head and rows, under each forest's name where there are several; then the legend."""
    shown = [(digest, lines_of(digest, options)) for digest in digests if digest.grid.columns and digest.grid.rows]
    if not shown:
        return
    grids = [digest.grid for digest, _ in shown]
    way = _layout(shown, options.width)
    for number, band in enumerate(way.bands()):
        yield from matrix.head(band, way)
        names = iter(way.names)
        for digest, lines in shown:
            if len(shown) > 1 and (number == 0 or any(_has(line.row, band) for line in lines)):
                yield plain(f"{digest.forest.name}", "bold")
            for line in lines:
                name = next(names)
                if number == 0 or _has(line.row, band):
                    yield matrix.body(line.row, name, band, way, ascii_only=options.ascii)
            if number == 0:
                yield from _left_out(digest, lines, options)
    for words in matrix.key_to(grids, short=not way.full, sign=lambda mark: mark.drawn(ascii_only=options.ascii)):
        yield from hang("", plain(words, "dim"), options.width, 2)


def _has(row: GridRow, columns: Sequence[Column]) -> bool:
    return any((column.key, slot) in row.cells for column in columns for slot in column.slots)


def _left_out(digest: Digest, lines: Sequence[Line], options: Options) -> Iterator[Text]:
    left = len(digest.grid.rows) - sum(len(line.keys) for line in lines)
    if left:
        yield from hang(
            "  ", Text(f"and {counted(left, 'more controller')} with nothing to report", "dim"), options.width
        )


def _layout(shown: Sequence[tuple[Digest, list[Line]]], width: int) -> matrix.Layout:
    room = min(matrix.LONGEST_LABEL, max(width // 3, 8))
    names = [_names(shown, room, addresses=True)]
    if all(_distinct(lines) for _, lines in shown):
        names.append(_names(shown, room, addresses=False))
    return matrix.fitting(columns([digest.grid for digest, _ in shown]), names, width)


def _names(shown: Sequence[tuple[Digest, list[Line]]], room: int, *, addresses: bool) -> list[str]:
    return [line.label(digest.forest.name, room, addresses=addresses) for digest, lines in shown for line in lines]


def _distinct(lines: Sequence[Line]) -> bool:
    hosts = [host for line in lines for host, _ in line.keys]
    return len(set(hosts)) == len(hosts)


def columns(grids: Sequence[Grid]) -> list[Column]:
    """The columns of all of them, once; in the usual order."""
    whole = Grid("")
    for grid in grids:
        for key, column in grid.columns.items():
            mine = whole.columns.setdefault(key, Column(key))
            mine.names.update(column.names)
            mine.ports |= column.ports
    return whole.ordered_columns()


def lines_of(digest: Digest, options: Options) -> list[Line]:
    """In the report's order; of many those that are alike together, the worst first."""
    rows = digest.grid.rows
    if len(rows) <= FOLDED_BEYOND or options.verbose:
        return [Line((key,), row) for key, row in rows.items()]
    alike: dict[tuple[object, ...], list[RowKey]] = {}
    for key, row in rows.items():
        alike.setdefault(_signature(row), []).append(key)
    lines: list[Line] = []
    for keys in alike.values():
        parts = [keys] if len(keys) >= FOLDED_FROM else [[key] for key in keys]
        lines += [Line(tuple(part), rows[part[0]]) for part in parts]
    lines.sort(key=lambda line: line.row.trouble)
    if len(lines) <= ROWS_IN_FULL:
        return lines
    troubled = [line for line in lines if line.row.count(Verdict.FAIL, Verdict.UNKNOWN, Verdict.WARN)]
    return troubled or lines[:ROWS_IN_FULL]


def _signature(row: GridRow) -> tuple[object, ...]:
    return tuple(sorted((slot, str(row.worst(slot))) for slot in row.cells))
