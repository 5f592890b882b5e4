"""A grid as lines of text: as many columns beside each other as the width allows, the others in bands below."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rich.cells import cell_len
from rich.text import Text

from portcheck.catalogue.services import services
from portcheck.frozen import dataclass
from portcheck.model import Verdict
from portcheck.render.shared.grid import EXTRA_PORT, PLACES, Cell, Column, Grid, GridRow, Pending, RowKey
from portcheck.render.shared.layout import pad
from portcheck.render.shared.marks import RUNNING, VERDICTS, WAITING, Mark
from portcheck.render.shared.text import printable, shorten, shorten_middle

SHORT = {name: row.short for name, row in services().items() if row.short}
"""Headings where there is no room for the service's name; the port stands below it."""

LONGEST_HEADING = 11
LONGEST_LABEL = 30
INDENT = 2


def mark_of(cell: Cell) -> Mark:
    if isinstance(cell, Verdict):
        return VERDICTS[cell]
    return RUNNING if cell is Pending.RUNNING else WAITING


def label(key: RowKey, forest: str) -> str:
    """`dc1  10.77.1.10`: the host within its forest, and the address a firewall knows it by."""
    host, address = key
    short = printable(host.removesuffix(f".{forest}") or host)
    return short if address is None or address == host else f"{short}  {printable(address)}"


def labels(grid: Grid, keys: Sequence[RowKey], width: int, *, addresses: bool) -> list[str]:
    """Every row's label, cut in the middle where long."""
    room = min(LONGEST_LABEL, max(width // 3, 8))
    full = [label(key if addresses else (key[0], None), grid.forest) for key in keys]
    return [shorten_middle(words, room) for words in full]


def heading(column: Column, *, full: bool) -> tuple[str, str]:
    """The service and its port; no port where it differs from host to host."""
    name = column.key
    if name.startswith(EXTRA_PORT):
        return "extra", shorten(name.removeprefix(EXTRA_PORT), LONGEST_HEADING)
    ports = column.ports - {None}
    number = "dyn" if name == "rpc-*" else str(next(iter(ports))) if len(ports) == 1 else ""
    return shorten(name if full else SHORT.get(name, name), LONGEST_HEADING), number


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to fit a grid into a width."""

    names: list[str]
    columns: list[Column]
    width: int
    full: bool
    gap: int

    @property
    def side(self) -> int:
        return INDENT + max(map(cell_len, self.names)) + 1

    def column_width(self, column: Column) -> int:
        return max(*map(cell_len, heading(column, full=self.full)), len(column.slots))

    def bands(self) -> list[list[Column]]:
        """The columns in as few bands as fit, each at least one column wide."""
        found: list[list[Column]] = [[]]
        used = 0
        for column in self.columns:
            width = self.gap + self.column_width(column)
            if found[-1] and used + width > self.width - self.side:
                found.append([])
                used = 0
            found[-1].append(column)
            used += width
        return found


def layout(grid: Grid, keys: Sequence[RowKey], width: int) -> Layout:
    """The roomiest way with the fewest bands; addresses go first where the hosts alone tell the rows apart."""
    names = [labels(grid, keys, width, addresses=True)]
    if len({host for host, _ in keys}) == len(keys):
        names.append(labels(grid, keys, width, addresses=False))
    return fitting(grid.ordered_columns(), names, width)


def fitting(columns: list[Column], names: Sequence[list[str]], width: int) -> Layout:
    """The roomiest way with the fewest bands; of the ways to name the rows an earlier one is better."""
    ways = [Layout(n, columns, width, full, gap) for n in names for full, gap in ((True, 2), (False, 2), (False, 1))]
    return min(ways, key=lambda way: len(way.bands()))


def draw(grid: Grid, keys: Sequence[RowKey], *, width: int, ascii_only: bool = False) -> list[Text]:
    """Head and rows for these keys, each line at most `width` cells."""
    if not grid.columns or not keys:
        return []
    way = layout(grid, keys, width)
    lines: list[Text] = []
    for number, band in enumerate(way.bands()):
        lines.extend(head(band, way))
        for key, name in zip(keys, way.names, strict=True):
            row = grid.rows[key]
            if number == 0 or any((c.key, slot) in row.cells for c in band for slot in c.slots):
                lines.append(body(row, name, band, way, ascii_only=ascii_only))
    return lines


def head(columns: Iterable[Column], way: Layout) -> list[Text]:
    top, below = Text(" " * way.side), Text(" " * way.side)
    for column in columns:
        name, port = heading(column, full=way.full)
        width = way.column_width(column)
        top.append(" " * way.gap + pad(name, width), style="bold")
        below.append(" " * way.gap + pad(port, width), style="dim")
    return [trimmed(top), trimmed(below)]


def body(row: GridRow, name: str, columns: Iterable[Column], way: Layout, *, ascii_only: bool) -> Text:
    line = Text(pad(" " * INDENT + name, way.side))
    for column in columns:
        line.append(" " * way.gap)
        for slot in column.slots:
            cell = row.worst((column.key, slot))
            if cell is None:
                line.append(" ")
            else:
                mark = mark_of(cell)
                line.append(mark.drawn(ascii_only=ascii_only), style=mark.style)
        line.append(" " * (way.column_width(column) - len(column.slots)))
    return trimmed(line)


def trimmed(line: Text) -> Text:
    line.rstrip()
    return line


def legend(grids: Sequence[Grid], *, width: int) -> list[str]:
    """The marks that occur in a file, and the headings that are short, in words."""
    drawn = (grid for grid in grids if grid.columns and grid.rows)
    short = any(not layout(grid, list(grid.rows), width).full for grid in drawn)
    return key_to(grids, short=short, sign=lambda mark: mark.sign)


def key_to(grids: Sequence[Grid], *, short: bool, sign: Callable[[Mark], str]) -> list[str]:
    """What the marks and the `short` headings of these stand for."""
    present = {cell for grid in grids for row in grid.rows.values() for cell, count in row.tally.items() if count}
    marks = [f"{sign(mark)} {mark.word}" for verdict, mark in VERDICTS.items() if verdict in present]
    columns = {key: column for grid in grids for key, column in grid.columns.items()}
    several = ["two in a column: tcp, udp"] if any(len(c.slots) > 1 for k, c in columns.items() if k != "rpc-*") else []
    if "rpc-*" in columns:
        interfaces = [slot.removeprefix("rpc-").partition("/")[0] for slot in columns["rpc-*"].slots]
        several.append(f"rpc-*: {', '.join(interfaces)}")
    several += [f"{SHORT[key]}: {key}" for key in PLACES if short and key in columns and key in SHORT]
    return [line for line in ("   ".join(marks), "; ".join(several)) if line]
