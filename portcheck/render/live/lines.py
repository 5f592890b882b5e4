"""Progress where no screen can be drawn: what fails, as it fails, then the end; `--progress plain`: a line per check.

A healthy run writes nothing into a pipe: PowerShell's remoting prints whatever comes there as an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.text import Text

from portcheck.model import BLOCKED, Outcome, Verdict
from portcheck.model.events import Event, Finished, ForestFound, Landed, Notify, Phase, Planned
from portcheck.model.folding import counted
from portcheck.render.live.board import Board
from portcheck.render.shared.grid import Cell, cell_of
from portcheck.render.shared.layout import pad, to_string
from portcheck.render.shared.matrix import mark_of
from portcheck.render.shared.options import Options, ProgressKind, is_terminal
from portcheck.render.shared.text import plain, printable, shorten_middle, to_ascii
from portcheck.render.shared.words import port_of, seen

WORDS: dict[Cell, str] = {
    Verdict.PASS: "ok",
    Verdict.WARN: "fault",
    Verdict.FAIL: "FAILED",
    Verdict.SKIP: "skipped",
    Verdict.UNKNOWN: "unknown",
}
HOST_WIDTH = 24


@contextmanager
def screen(stream: TextIO, options: Options) -> Iterator[Notify]:
    """Writes while the context lasts and gives the function to notify."""
    board = Board()
    every = options.progress is ProgressKind.PLAIN
    begun = is_terminal(stream)  # whoever waits at a terminal hears of the end

    def notify(event: Event) -> None:
        nonlocal begun
        worth = every or has_failed(event, board) or (begun and isinstance(event, Finished))
        board.take(event)
        text = line(event, board, options)
        if worth and text:
            begun = True
            stream.write(text)
            stream.flush()

    yield notify


def has_failed(event: Event, board: Board) -> bool:
    """Now, and had not before."""
    if not isinstance(event, Landed):
        return False
    cell = cell_of(event.outcome)
    return cell in {Verdict.FAIL, Verdict.UNKNOWN} and board.stands(event.outcome.check) is not cell


def line(event: Event, board: Board, options: Options) -> str:
    """What an event is worth saying, with its line end; most are worth nothing."""
    match event:
        case ForestFound(forest, controllers):
            words = f"{printable(forest)}: {counted(len({dc.host for dc in controllers}), 'domain controller')}"
        case Planned():
            words = f"{counted(board.planned, 'check')} planned"
        case Landed(outcome):
            return landed(outcome, board, options)
        case Phase(text):
            words = printable(text)
        case Finished():
            words = f"done in {board.elapsed():.1f} s"
        case _:
            return ""
    words = f"{words}\n"
    return to_ascii(words) if options.ascii else words


def landed(outcome: Outcome, board: Board, options: Options) -> str:
    check, cell = outcome.check, cell_of(outcome)
    if options.accessible:
        port = f"{check.port} {check.transport}" if check.port is not None else f"dynamic {check.transport}"
        words = f"{word_of(outcome)}: {check.host}, {check.service}, port {port}. {outcome.state}: {seen(outcome)}."
        words = f"{printable(words)}\n"
        return to_ascii(words) if options.ascii else words
    mark = mark_of(cell)
    total = str(board.planned)
    text = Text().append(f"[{board.landed:>{len(total)}}/{total}] ", style="dim")
    text.append(f"{mark.drawn(ascii_only=options.ascii)} {word_of(outcome):<8}", style=mark.style)
    text.append(pad(shorten_middle(check.host, HOST_WIDTH), HOST_WIDTH))
    text.append(f" {printable(port_of(outcome)):<11} {printable(check.service):<12} ")
    if cell is Verdict.PASS:
        text.append("" if outcome.latency_ms is None else f"{outcome.latency_ms:.0f} ms")
    else:
        text.append_text(plain(f"{outcome.state}: {seen(outcome)}"))
    text.rstrip()
    return to_string([text], options)


def word_of(outcome: Outcome) -> str:
    """As the scripts of old said it: what the path swallowed is BLOCKED."""
    cell = cell_of(outcome)
    return "BLOCKED" if cell is Verdict.FAIL and outcome.state in BLOCKED else WORDS[cell]
