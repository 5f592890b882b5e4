"""The interactive board on textual: tables to walk through, one account to read; it decides nothing."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.coordinate import Coordinate
from textual.screen import ModalScreen
from textual.widgets import DataTable, Footer, Input, Static

from portcheck.frozen import dataclass
from portcheck.model import Report
from portcheck.model.events import Event, Notify
from portcheck.model.folding import counted
from portcheck.render.shared.matrix import mark_of
from portcheck.render.shared.options import Options
from portcheck.render.shared.text import plain, printable
from portcheck.render.ui.shown import BoardRow, Path, Shown

DRAWN_EVERY_S = 0.25
WIDEST = 120  # of a column; the table scrolls
BATCH = 100
"""Rows that are built at once; more follow as the cursor comes near the last, so that 1,200 cost no more."""
COLUMNS: dict[int, tuple[str, ...]] = {
    0: ("forest", "checks", "what is wrong"),
    1: ("controller", "address", "checks", "not as expected"),
    2: ("service", "port", "state", "time", "seen"),
}


@dataclass(frozen=True, slots=True)
class Deeds:
    """What the board may have done; each may take its time, and says in words what it could not do."""

    ask: Callable[[set[str], Notify], Report] | None  # these checks again, or with no keys all that was ordered
    request: Callable[[Report], str]  # the change request
    asks: Callable[[Report], Sequence[str]]  # what to ask for, a line each
    history: Callable[[str], str]  # one check's course over the kept runs, by its key


class ReadingScreen(ModalScreen[None]):
    """A text to read, over the board."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "dismiss", "Back")]

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(Text(self.words))
        yield Footer()


class Rows(DataTable[Text]):
    """A table whose rows are places: right and left go in and out. `more`: what builds the rows up to a number."""

    more: Callable[[int], None] | None = None

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "app.deeper", "Into", show=False),
        Binding("left", "app.out", "Back", show=False),
    ]

    def action_scroll_bottom(self) -> None:
        if self.more is not None:
            self.more(sys.maxsize)
        super().action_scroll_bottom()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """By the wheel the cursor stays."""
        super().watch_scroll_y(old_value, new_value)
        if self.more is not None and new_value + BATCH // 2 > self.row_count:
            self.more(int(new_value) + BATCH)


class BoardApp(App[None]):
    """Forests, controllers, checks, evidence: Enter goes deeper, Escape back."""

    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #where, #status { height: 1; padding: 0 1; }
    #where { text-style: bold; }
    #table { height: 1fr; }
    #account { height: 1fr; padding: 0 1; display: none; }
    #search { display: none; }
    ReadingScreen VerticalScroll { padding: 0 1; background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,left", "out", "Back"),
        Binding("f", "failures", "Failures"),
        Binding("slash", "search", "Search", key_display="/"),
        Binding("r", "again", "Ask again"),
        Binding("c", "copy", "Copy ask"),
        Binding("q", "request", "Request"),
        Binding("h", "history", "History"),
        Binding("ctrl+q", "quit", "Quit", priority=True),
        Binding("ctrl+c", "quit", "Quit", show=False, priority=True),
    ]

    def __init__(self, shown: Shown, deeds: Deeds, options: Options, *, begin: bool = False) -> None:
        super().__init__()
        self.shown, self.deeds, self.drawn_with, self.begin = shown, deeds, options, begin
        self.path = Path()
        self.only_failures, self.wanted = False, ""
        self.asking = threading.Event()  # set while questions are out
        self.news: SimpleQueue[Event | Report | str | None] = SimpleQueue()
        self.drawn: tuple[Path, list[BoardRow]] | None = None
        self.buildable: Sequence[BoardRow] = ()  # of these the table has the first, and the columns

    def compose(self) -> ComposeResult:
        yield Static(id="where", markup=False)
        yield Rows(id="table", cursor_type="row")
        with VerticalScroll(id="account"):
            yield Static(id="words", markup=False)
        yield Input(id="search", placeholder="search; Enter keeps it, Escape takes it back")
        yield Static(id="status", markup=False)
        yield Footer()

    def leave(self) -> None:
        """From a signal's handler, or from any thread."""
        self.news.put(None)

    def on_mount(self) -> None:
        self.set_interval(DRAWN_EVERY_S, self._listen)
        self.query_one(Rows).more = self._build
        if self.begin:
            self._ask(set())
        self._draw()

    # What is asked runs in a thread of its own, so that drawing makes no answer late.

    def _ask(self, keys: set[str]) -> None:
        if self.deeds.ask is None or self.asking.is_set():
            self.notify("questions are out already" if self.asking.is_set() else "this run can only be looked at")
            return
        self.asking.set()
        threading.Thread(target=self._asked, args=(keys,), name="board", daemon=True).start()

    def _asked(self, keys: set[str]) -> None:
        assert self.deeds.ask is not None
        try:
            self.news.put(self.deeds.ask(keys, self.news.put))
        except Exception as error:  # noqa: BLE001 - whatever went wrong is said, and the board stays
            self.news.put(f"could not be asked: {error}")
        finally:
            self.asking.clear()

    def _listen(self) -> None:
        heard = False
        try:
            while True:
                self._hear(self.news.get_nowait())
                heard = True
        except Empty:
            if heard:
                self._draw()

    def _hear(self, word: Event | Report | str | None) -> None:
        if word is None:
            self.exit()
        elif isinstance(word, Report):
            self.shown.judge(word)
        elif isinstance(word, str):
            self.notify(printable(word), severity="error")
        else:
            self.shown.take(word)

    # Drawing

    def _draw(self) -> None:
        self.query_one("#where", Static).update(plain(self.path.words))
        flags = [*(["failures only"] if self.only_failures else []), *([f"/{self.wanted}"] if self.wanted else [])]
        words = "   ".join([self.shown.status, *map(printable, flags)])
        self.query_one("#status", Static).update(plain(words))
        reading = bool(self.path.check)
        self.query_one(Rows).display = not reading
        self.query_one("#account").display = reading
        if reading:
            lines = self.shown.account(self.path, self.drawn_with)
            self.query_one("#words", Static).update(Text("\n").join(lines))
        else:
            self._tabulate(self.shown.lines(self.path, failures=self.only_failures, search=self.wanted))

    def _tabulate(self, lines: list[BoardRow]) -> None:
        table = self.query_one(Rows)
        if self.drawn == (self.path, lines):
            return
        at = self._selected()
        before = self.drawn
        self.drawn = (self.path, lines)
        if before is not None and before[0] == self.path and [x.key for x in before[1]] == [x.key for x in lines]:
            for number, (old, new) in enumerate(zip(before[1], lines, strict=True)):
                if old != new and number < table.row_count:
                    for column, cell in enumerate(self._cells(new)):
                        table.update_cell_at(Coordinate(number, column), cell)
            self.buildable = lines
            return
        self.buildable = ()  # a scroll may come in between
        table.clear(columns=True)
        table.add_column("", width=1)
        for column, label in enumerate(COLUMNS[self._level]):
            widest = max((cell_len(line.cells[column]) for line in lines), default=0)
            table.add_column(label, width=max(min(widest, WIDEST), len(label)))
        self.buildable = lines
        keys = [line.key for line in lines]
        self._to_row(keys.index(at) if at in keys else 0)

    def _to_row(self, row: int) -> None:
        """The cursor there, and rows beyond it."""
        self._build(row + BATCH)
        self.query_one(Rows).move_cursor(row=row)

    def _build(self, count: int) -> None:
        """The first `count` rows, of which some may be there already."""
        table = self.query_one(Rows)
        for line in self.buildable[table.row_count : count]:
            table.add_row(*self._cells(line), key=line.key)

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        if event.cursor_row + BATCH // 2 > event.data_table.row_count:
            self._build(event.cursor_row + BATCH)

    def _cells(self, line: BoardRow) -> list[Text]:
        mark = mark_of(line.cell)
        return [Text(mark.drawn(ascii_only=self.drawn_with.ascii), mark.style), *(plain(cell) for cell in line.cells)]

    @property
    def _level(self) -> int:
        return 0 if not self.path.forest else 1 if self.path.row is None else 2

    def _selected(self) -> str:
        """The key of the row under the cursor."""
        if self.drawn is None or self.path.check:
            return ""
        lines, row = self.drawn[1], self.query_one(Rows).cursor_row
        return lines[row].key if 0 <= row < len(lines) else ""

    def _below(self) -> Path:
        """What the cursor is on."""
        key = self._selected()
        return self.path.into(key) if key else self.path

    # Keys

    def on_data_table_row_selected(self) -> None:
        self.action_deeper()

    def action_deeper(self) -> None:
        self._go(self._below())

    def action_out(self) -> None:
        search = self.query_one("#search", Input)
        if search.display:
            self.wanted = search.value = ""
            self._end_search()
        else:
            self._go(self.path.out())

    def _go(self, path: Path) -> None:
        came_from, self.path, self.wanted = self.path, path, ""
        self._draw()
        if path.out() != came_from and not path.check and self.drawn is not None:  # back: to the row that was left
            for row, line in enumerate(self.drawn[1]):
                if path.into(line.key) in {came_from, came_from.out()}:
                    self._to_row(row)

    def action_failures(self) -> None:
        self.only_failures = not self.only_failures
        self._draw()

    def action_search(self) -> None:
        search = self.query_one("#search", Input)
        search.display = True
        search.focus()

    def on_input_changed(self, change: Input.Changed) -> None:
        self.wanted = change.value
        self._draw()

    def on_input_submitted(self) -> None:
        self._end_search()

    def _end_search(self) -> None:
        self.query_one("#search", Input).display = False
        self.query_one(Rows).focus()
        self._draw()

    def action_again(self) -> None:
        keys = self.shown.keys(self._below())
        if keys:
            self.notify(f"asking {counted(len(keys), 'check')} again")
            self._ask(keys)

    def action_copy(self) -> None:
        part = self.shown.part(self._below())
        asks = self.deeds.asks(part) if part is not None else ()
        if not asks:
            self.notify("nothing has to be asked for here" if part is not None else "the run is not over yet")
            return
        self.copy_to_clipboard("\n".join(asks))  # OSC 52: the terminal at the user's end keeps it
        self.notify(f"copied: {asks[0]}" + (f" and {len(asks) - 1} more" if len(asks) > 1 else ""), markup=False)

    def action_request(self) -> None:
        report = self.shown.report
        if report is None:
            self.notify("the run is not over yet")
            return
        self.push_screen(ReadingScreen(self.deeds.request(report)))

    def action_history(self) -> None:
        path = self._below()
        if not path.check:
            self.notify("choose a check: its history is shown")
            return
        self.push_screen(ReadingScreen(self.deeds.history(path.check)))
