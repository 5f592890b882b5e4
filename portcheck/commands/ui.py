"""`portcheck ui`: the interactive board of a run that goes on, or of one that is kept."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from portcheck.cli import output, runs, targets
from portcheck.cli.check_flags import CheckFlags
from portcheck.cli.options import SIGNING_IN, taking
from portcheck.commands import check, history, request
from portcheck.config import CLOUD, ConfigError, Settings
from portcheck.exitcodes import OK
from portcheck.frozen import dataclass
from portcheck.model import Report
from portcheck.model.events import Notify
from portcheck.model.libraries import BOARD, how_to_get
from portcheck.model.typed import typed
from portcheck.net.lag import ListeningLoop
from portcheck.render.history import course_words, place
from portcheck.render.shared.conclusion import conclusion
from portcheck.render.shared.options import Options, for_stream
from portcheck.run.ending import ENDING
from portcheck.run.narrowed import again
from portcheck.run.runner import Order, Run
from portcheck.run.watch import merged

if TYPE_CHECKING:
    from portcheck.render.ui.app import BoardApp, Deeds

NEEDED = "portcheck ui draws with a library that is not here: {how} (watch and report show the same)"
NO_TERMINAL = "portcheck ui needs a terminal; portcheck check and portcheck report write to files and pipes"
NOT_HEARD = "--accessible: ui draws a board that no screen reader can follow; in sentences: {instead} --accessible"
LEFT_OUT = (*SIGNING_IN, "lock", "notify", "notify_file", "format_", "output", "save", "quiet", "verbose", "accessible")


@dataclass(slots=True)
class Asking:
    """The run behind the board: begun, asked again in part, and what is known of it at any time."""

    order: Order | None = None
    known: Report | None = None
    going: Run | None = None

    def ask(self, keys: set[str], notify: Notify) -> Report:
        """These checks again, or without keys all of them; in the thread of the caller. Raises ConfigError."""
        self.order = self.order or order_of(self.known)
        part = keys and self.known is not None
        order = again(self.order, self.known, keys) if keys and self.known is not None else self.order
        self.going = Run.of(order, notify)
        with asyncio.Runner(loop_factory=ListeningLoop) as runner:
            runner.run(self.going.ask())
        report = self.going.report()
        self.known = merged(self.known, report, whole=False) if part and self.known is not None else report
        self.going = None
        return self.known

    def so_far(self) -> Report | None:
        """What is known when the board is left: of a first run that is not over, all that it brought."""
        if self.known is None and self.going is not None:
            return self.going.report()
        return self.known


def ui(context: typer.Context, flags: CheckFlags) -> int:
    """Walk through a run on the screen: forests, controllers, checks, evidence. TARGET asks; RUN shows a kept one."""
    words = flags.target or []
    of_run = len(words) == 1 and (runs.is_run(words[0]) or Path(words[0]).suffix == ".json")
    if for_stream(sys.stdout).accessible:
        instead = typed(("portcheck", "report" if of_run else "check", *words))
        raise ConfigError(NOT_HEARD.format(instead=instead))
    if of_run:
        return kept(runs.found(words[0]))
    job = check.job(context, flags)
    asking = Asking(job.order)
    _show(asking, job.screen, begin=True)
    report = asking.so_far()
    if report is None:
        return OK
    output.write(report, output.wishes((), ()), job.screen)
    return report.exit_code


def kept(report: Report) -> int:
    screen = output.screen_options(no_color=False, verbose=0, quiet=False, accessible=False)
    _show(Asking(known=report), screen, begin=False)
    return OK


command = taking(ui, CheckFlags, leave_out=LEFT_OUT)


def order_of(report: Report | None) -> Order:
    """What to ask in order to ask a kept run again: its forests as the forests file has them, with its profiles."""
    configured = targets.configuration(None, needed=False)
    told = [forest for forest in report.forests if forest.name != CLOUD] if report is not None else []
    named = targets.forests(configured, [forest.name for forest in told])
    profiles = {forest.name: targets.profiles(configured, forest.profiles) for forest in told}
    asked = tuple((forest, profiles.get(forest.name, ())) for forest in named)
    return Order(asked, configured.settings if configured.path else Settings())


def deeds(asking: Asking) -> Deeds:
    from portcheck.render.ui.app import Deeds

    return Deeds(ask=asking.ask, request=_request, asks=_asks, history=_history)


def _asks(report: Report) -> Sequence[str]:
    return conclusion(report).asks


def _request(report: Report) -> str:
    from portcheck.render.request import text

    return text.render(request.of_run(report))


def _history(key: str) -> str:
    told = [
        f"{place(course)}: {course_words(course)}\n{' '.join(verdict or '-' for verdict in course.verdicts)}"
        for _, courses in history.everything().values()
        for course in courses
        if course.id == key or course.id.rpartition("/")[0] == key
    ]
    return "\n\n".join(told) or "no kept run asked this check"


def _show(asking: Asking, screen: Options, *, begin: bool) -> None:
    board = _board(asking, screen, begin=begin)
    with ENDING.keeping, ENDING.waking(board.leave):
        board.run()


def _board(asking: Asking, screen: Options, *, begin: bool) -> BoardApp:
    try:
        from portcheck.render.ui.app import BoardApp
    except ImportError:
        raise ConfigError(NEEDED.format(how=how_to_get(BOARD))) from None
    from portcheck.render.ui.shown import Shown

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigError(NO_TERMINAL)
    shown = Shown(ascii=screen.ascii)
    if asking.known is not None:
        shown.judge(asking.known)
    return BoardApp(shown, deeds(asking), screen, begin=begin)
