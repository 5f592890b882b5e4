"""The watch's screen: on a terminal the table that stays and fills again, elsewhere a line for each change."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from portcheck.frozen import dataclass
from portcheck.model import Comparison, Report, Severity, Verdict
from portcheck.model.events import Event, Finished, Notify
from portcheck.model.folding import counted
from portcheck.render.live import screen as live
from portcheck.render.live.board import Board
from portcheck.render.shared import changes, times
from portcheck.render.shared.layout import hang, sign, to_string
from portcheck.render.shared.marks import VERDICTS
from portcheck.render.shared.options import Options, is_terminal
from portcheck.render.shared.spoken import ended
from portcheck.render.shared.text import plain, printable, to_ascii

STATUS_LINES = 3
MOST_FOUND = 10
NO_MARK = Text()
WHOLE_EVERY = 10
"""As run.watch asks: a test holds the two together."""


@dataclass(slots=True)
class Status:
    """The words under the table: where the watch stands, and when it goes on."""

    words: str = ""
    next_at: float | None = None  # of the monotonic clock; None: a round is going on

    def line(self) -> str:
        if self.next_at is None:
            return f"{self.words}; asking" if self.words else ""
        return f"{self.words}; next in {max(self.next_at - time.monotonic(), 0):.0f} s"


@dataclass(frozen=True, slots=True)
class Screen:
    """`notify` hears the rounds' events; `say` puts lines where they stay."""

    notify: Notify
    say: Callable[[Iterable[Text]], None]
    ring: Callable[[], None]


class WatchView(live.View):
    """The board of all rounds with the status under it."""

    def __init__(self, board: Board, options: Options, status: Status) -> None:
        super().__init__(board, options)
        self.status = status

    def drawn(self, width: int, height: int) -> list[Text]:
        with self.lock:
            shown = live.forests(self.board, width, max(height - STATUS_LINES, 1), ascii_only=self.options.ascii)
            first = not self.status.words
            foot = live.bar(self.board, width, ascii_only=self.options.ascii) if first else Text(self.status.line())
        for line in (*shown, foot):
            line.truncate(width, overflow="ellipsis")
        return [*shown, foot]


@contextmanager
def screen(out: TextIO, err: TextIO, options: Options, status: Status) -> Iterator[Screen]:
    """The table goes to `err` where that is a terminal, and lines that stay over it; else they go to `out`."""

    def write(lines: Iterable[Text]) -> None:
        out.write(to_string(lines, options))
        out.flush()

    if options.quiet or options.accessible or not is_terminal(err):
        yield Screen(lambda _: None, write, lambda: None)
        return
    console = Console(file=err, no_color=not options.color, highlight=False)
    view = WatchView(Board(), options, status)

    def notify(event: Event) -> None:
        if not isinstance(event, Finished):  # the watch goes on
            view.notify(event)

    def say(lines: Iterable[Text]) -> None:
        told = list(lines)
        if not is_terminal(out):
            write(told)
        for line in told:
            console.print(line, no_wrap=True, soft_wrap=True)

    with Live(
        view,
        console=console,
        refresh_per_second=live.REFRESHES_PER_SECOND,
        transient=True,
        vertical_overflow="crop",
        redirect_stdout=False,
        redirect_stderr=False,
    ):
        yield Screen(notify, say, console.bell)


def counts(report: Report) -> str:
    """`44 of 48 as expected, 4 failed`"""
    verdicts = [outcome.verdict for outcome in report.outcomes]
    asked = len(verdicts) - verdicts.count(Verdict.SKIP)
    failed = verdicts.count(Verdict.FAIL)
    return f"{verdicts.count(Verdict.PASS)} of {asked} as expected" + (f", {failed} failed" if failed else "")


def asking(report: Report, every_s: float) -> str:
    """What the next rounds ask, and when everything is asked again."""
    bad = sum(outcome.verdict in {Verdict.FAIL, Verdict.WARN, Verdict.UNKNOWN} for outcome in report.outcomes)
    asked = sum(outcome.verdict is not Verdict.SKIP for outcome in report.outcomes)
    whole = f"all {asked} checks" if asked > 1 else "everything"
    if not bad:
        well = "no check failed, yet not all is well" if any(amiss(report)) else "all is well"
        return f"{well}: asking {whole} every {every_s:g} s"
    which = "the one that is not good" if bad == 1 else f"the {bad} that are not good"
    return f"asking {which} every {every_s:g} s, {whole} every {every_s * WHOLE_EVERY:g} s"


def amiss(report: Report) -> Iterator[str]:
    """What is told of faults, whether a check shows them or not."""
    yield from (finding.title for finding in report.findings if finding.severity is not Severity.INFO)
    yield from (f"{forest.name}: {forest.problem}" for forest in report.forests if forest.problem)


def found(at: str, report: Report, options: Options) -> Iterator[Text]:
    """What the first round found, a line each."""
    titles = list(amiss(report))
    for title in titles[:MOST_FOUND]:
        yield from line(at, f"finding: {title}", options)
    if len(titles) > MOST_FOUND:
        yield from line(at, f"and {counted(len(titles) - MOST_FOUND, 'more finding')}", options)


def lost_since(report: Report, since_last: Comparison) -> str:
    """When the first question of those that are lost now was sent; empty where nothing got lost."""
    lost = {
        c.check
        for c in since_last.changes
        if c.verdict_after is Verdict.FAIL and c.verdict_before is not c.verdict_after
    }
    moments = [o.started_at for o in report.outcomes if o.check.id in lost and o.started_at]
    return f"the first question that was lost was sent at {times.clock(min(moments))}" if moments else ""


def change_lines(at: str, report: Report, since_last: Comparison, options: Options) -> Iterator[Text]:
    """What is other than in the round before, each line with the time it was seen."""
    known = changes.KnownChanges.of(report)
    for part in changes.by_forest(since_last, known):
        for finding in part.findings:
            words = f"finding {finding.turn}: {finding.title}"
            yield from _timed(at, plain(words), options)
        for dc in part.controllers:
            words = f"{part.forest}: controller {dc.turn}: {dc.host} {dc.address or ''}".rstrip()
            yield from _timed(at, plain(words), options)
        for group in changes.groups(part.checks, known, heard=options.accessible):
            mark = VERDICTS[group.verdict]
            for sight in group.sights:
                where = f"{part.forest}: {changes.subject(group, sight)} on {', '.join(sight.hosts)}: "
                seen = f"; {sight.seen}" if sight.seen else ""
                words_ = Text.assemble(plain(where), plain(sight.state, f"bold {mark.style}"), plain(seen))
                yield from _timed(at, words_, options, sign(mark, options))
    if lost := lost_since(report, since_last):
        yield from _timed(at, plain(lost), options)


def line(at: str, words: str, options: Options) -> Iterator[Text]:
    words = printable(words)
    yield from _timed(at, plain(to_ascii(words) if options.ascii else words), options)


def _timed(at: str, words: Text, options: Options, mark: Text = NO_MARK) -> Iterator[Text]:
    """Beside the time at which it was seen; who hears it hears a sentence."""
    if options.accessible:
        yield plain(ended(f"{at}: {words.plain}"))
    else:
        yield from hang(Text(f"{at}  ", "dim") + mark, words, options.width)


def since_start(start: str, compared: Comparison | None) -> str:
    """What is other than at the start, in a few words."""
    if compared is None or compared.same:
        return f"nothing changed since {start}"
    return f"{counted(len(compared.changes), 'check')} changed since {start}"
