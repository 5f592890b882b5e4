"""The live screen on a terminal: a matrix per forest that fills, and a bar. Drawn at a steady pace, not per event."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from portcheck.model import Verdict
from portcheck.model.events import Event, Notify
from portcheck.model.folding import counted
from portcheck.render.live.board import Board
from portcheck.render.shared import matrix
from portcheck.render.shared.conclusion import ports_words
from portcheck.render.shared.grid import Grid, Pending, RowKey
from portcheck.render.shared.marks import VERDICTS
from portcheck.render.shared.options import Options
from portcheck.render.shared.text import plain, printable

REFRESHES_PER_SECOND = 8
BAR_WIDTH = 28
CHEAP_S = 0.02  # of processor time: a board of a few hundred hosts is drawn each time
MOST_SHARE = 0.05  # of one core, for the drawing of larger ones
HEAD = 2
"""Lines over each band of a matrix: services and ports."""
LOW = 8
"""On a screen this low the tables need every line."""
BELOW = 2
"""Lines kept for the bar and for the cursor under it: a screen as high as the terminal would scroll and flicker."""


@contextmanager
def screen(console: Console, options: Options, *, board: Board | None = None, keep: bool = False) -> Iterator[Notify]:
    """Draws while the context lasts and gives the function to notify; the screen goes when it ends, unless kept."""
    view = View(board or Board(), options)
    live = Live(
        view,
        console=console,
        refresh_per_second=REFRESHES_PER_SECOND,
        transient=not keep,
        vertical_overflow="crop",
        redirect_stdout=False,
        redirect_stderr=False,
    )
    with live:
        yield view.notify


class View:
    """The board as lines, made when rich asks for them; its thread and the event loop's take turns."""

    def __init__(self, board: Board, options: Options) -> None:
        self.board = board
        self.options = options
        self.lock = threading.Lock()
        self._drawn: list[Text] = []
        self._kept_until, self._kept_for = 0.0, (0, 0)

    def notify(self, event: Event) -> None:
        with self.lock:
            self.board.take(event)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        size = options.max_width, console.size.height
        if time.monotonic() >= self._kept_until or size != self._kept_for or self.board.finished:
            began = time.thread_time()
            self._drawn, self._kept_for = self.drawn(*size), size
            self._kept_until = time.monotonic() + kept_s(time.thread_time() - began)
        yield from self._drawn

    def drawn(self, width: int, height: int) -> list[Text]:
        """The lines as the board stands."""
        with self.lock:
            below = [so_far(self.board, ascii_only=self.options.ascii)] if self.board.failed and height > LOW else []
            room = max(height - BELOW - len(below), 1)
            lines = forests(self.board, width, room, ascii_only=self.options.ascii)
            foot = bar(self.board, width, ascii_only=self.options.ascii)
        for line in (*lines, *below, foot):
            line.truncate(width, overflow="ellipsis")
        return [*lines, foot]


def kept_s(cost_s: float) -> float:
    """How long what cost so much processor time to draw stays as it is: who asks comes before who looks on."""
    return cost_s / MOST_SHARE if cost_s > CHEAP_S else 0.0


def forests(board: Board, width: int, height: int, *, ascii_only: bool) -> list[Text]:
    """Every forest's line, and of their tables what the height allows: those in trouble get theirs first."""
    grids = list(board.grids.values())
    if len(grids) >= height:
        grids = sorted(grids, key=trouble)[: height - 1]
    room = height - len(grids)
    tables: dict[str, list[Text]] = {}
    for grid in sorted(grids, key=trouble):
        tables[grid.forest] = table(grid, width, room, ascii_only=ascii_only)
        room -= len(tables[grid.forest])
    shown = [line for grid in grids for line in (head(grid, ascii_only=ascii_only), *tables[grid.forest])]
    hidden = len(board.grids) - len(grids)
    return [*shown, Text(f"and {counted(hidden, 'more forest')}", "dim")] if hidden else shown


def trouble(grid: Grid) -> tuple[int, bool]:
    """Sorts forests: most failed first, those all of which has landed last."""
    return -grid.count(Verdict.FAIL, Verdict.UNKNOWN), not grid.count(*Pending)


def head(grid: Grid, *, ascii_only: bool) -> Text:
    line = Text().append_text(plain(grid.forest, "bold"))
    for verdict, mark in VERDICTS.items():
        if number := grid.count(verdict):
            line.append(f"  {mark.drawn(ascii_only=ascii_only)} {number}", style=mark.style)
    if waiting := grid.count(*Pending):
        line.append(f"  {waiting} to come", style="dim")
    return line


def table(grid: Grid, width: int, room: int, *, ascii_only: bool) -> list[Text]:
    """As many rows as `room` lines can hold, in their own order; the ones in trouble where not all fit."""
    keys = fitting(grid, list(grid.rows), room)
    if not grid.columns or not keys:
        return []
    bands = len(matrix.layout(grid, keys, width).bands())
    rows = room // bands - HEAD
    if rows < len(grid.rows):
        rows = (room - 1) // bands - HEAD  # one line tells of those left out
        keys = fitting(grid, keys, rows)
    if rows < 1:
        return []
    lines = matrix.draw(grid, keys, width=width, ascii_only=ascii_only)
    left_out = len(grid.rows) - len(keys)
    return [*lines, Text(f"  and {counted(left_out, 'more controller')}", "dim")] if left_out else lines


def fitting(grid: Grid, keys: list[RowKey], count: int) -> list[RowKey]:
    """The rows most in trouble, in the order they had."""
    if count >= len(keys):
        return keys
    chosen = set(sorted(keys, key=lambda key: grid.rows[key].trouble)[: max(count, 0)])
    return [key for key in keys if key in chosen]


def so_far(board: Board, *, ascii_only: bool) -> Text:
    """`✖ bdc1 464 tcp+udp; cdc1 3268 tcp`: what fails or is silent so far; the line is cut where it ends."""
    mark = VERDICTS[Verdict.FAIL]
    told = [f"{host.partition('.')[0]} {ports_words(found.values())}" for host, found in board.failing.items() if found]
    return Text(f"{mark.drawn(ascii_only=ascii_only)} ", mark.style).append_text(plain("; ".join(told)))


def bar(board: Board, width: int, *, ascii_only: bool) -> Text:
    """`━━━━━━━━────  41/48  2 failed  about 3 s left`"""
    full, empty = ("#", ".") if ascii_only else ("━", "─")
    length = min(BAR_WIDTH, width // 3)
    done = length * board.landed // max(board.planned, 1)
    line = Text().append(full * done, style="green").append(empty * (length - done), style="dim")
    if board.planned:
        line.append(f"  {board.landed}/{board.planned}")
    if board.failed:
        line.append(f"  {board.failed} failed", style=VERDICTS[Verdict.FAIL].style)
    return line.append("  ").append(printable(board.phase or forecast(board)))


def forecast(board: Board) -> str:
    if board.finished:
        return f"done in {board.elapsed():.1f} s"
    if not board.planned:
        return "asking DNS which controllers there are"
    left = board.left()
    if left is not None:
        return f"about {max(left, 1):.0f} s left"
    return f"waiting for {counted(board.running, 'answer')}" if board.running else ""
