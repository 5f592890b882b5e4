"""`portcheck watch`: the check again and again, for the hour in which the network team opens the rule."""

from __future__ import annotations

import sys
import time
from dataclasses import field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from portcheck.automation import hook
from portcheck.cli import output, targets
from portcheck.cli.check_flags import CheckFlags
from portcheck.cli.options import SIGNING_IN, taking
from portcheck.cli.selection import flagged
from portcheck.commands import check
from portcheck.commands.check import Job
from portcheck.config import ConfigError, FailOn, parse_duration
from portcheck.exitcodes import INTERRUPTED, OK
from portcheck.frozen import dataclass
from portcheck.model import Report, utc
from portcheck.model.target import Selection
from portcheck.render.shared import times
from portcheck.render.shared.options import Options, for_stream
from portcheck.render.shared.text import printable
from portcheck.report.compare import compare
from portcheck.report.to_json import comparison_to_json, dumps
from portcheck.run.ending import ENDING
from portcheck.run.runner import Order, attend
from portcheck.run.watch import Goal, Round, Steps, Watch
from portcheck.targets import systems

if TYPE_CHECKING:
    from portcheck.render.live.watching import Screen, Status

Every = Annotated[str, typer.Option("--every", metavar="DURATION", help="From one round's start to the next's.")]
Until = Annotated[
    str | None, typer.Option("--until", metavar="GOAL", help="End with 0 when: ok, or blocked:SERVICE (or PORT/tcp).")
]
Exec = Annotated[str | None, typer.Option("--exec", metavar="COMMAND", help="Run this at every change; JSON on stdin.")]
NoBell = Annotated[bool, typer.Option("--no-bell", help="No bell at a change.")]
BLOCKED = "blocked:"
SCHEMA = "portcheck.change/1"


@dataclass(frozen=True, slots=True)
class WatchFlags:
    """What `watch` has beside the options of `check`."""

    every: Every = "30s"
    until: Until = None
    exec_: Exec = None
    no_bell: NoBell = False


def watch(context: typer.Context, own: WatchFlags, flags: CheckFlags) -> int:
    """Check again and again, and tell what changes. Ctrl-C ends it with all that is known (130).

    What is not good is asked in every round, everything in every tenth; while all is well, everything in each.
    """
    from portcheck.render.live import watching

    job = check.job(context, flags)
    every_s = flagged("--every", parse_duration, own.every)
    goal = _goal(own.until, strict=job.order.settings.fail_on is FailOn.WARN)
    _refuse_what_never_comes(goal, job.order)
    command = None if own.exec_ is None else hook.parsed(own.exec_)
    options = _options(job)
    status = watching.Status()
    with ENDING.keeping:
        return _watched(job, goal, every_s, command, options, status, bell=not own.no_bell)


def _watched(
    job: Job,
    goal: Goal | None,
    every_s: float,
    command: list[str] | str | None,
    options: Options,
    status: Status,
    *,
    bell: bool,
) -> int:
    from portcheck.render.live import watching

    with watching.screen(sys.stdout, sys.stderr, options, status) as screen:
        teller = Teller(screen, status, options, every_s, command, bell=bell)

        going = Watch(job.order, every_s, goal)
        reached = _done(going, teller)
    report = going.report
    if report is None:  # interrupted before the first round was over
        return INTERRUPTED
    if going.start is not None and going.start is not report:
        report = replace(report, compared=compare(going.start, report))
    report = replace(report, exit_code=OK if reached else INTERRUPTED)
    output.write(report, job.wanted, job.screen)
    return report.exit_code


def _done(going: Watch, teller: Teller) -> bool:
    """Ask and tell what the watch wants; whether its goal is reached."""
    steps: Steps[bool] = going.steps()
    report: Report | None = None
    while True:
        try:
            step = steps.send(report)
        except StopIteration as end:
            return bool(end.value)
        report = None
        if isinstance(step, Round):
            teller.tell(step)
        else:
            report = teller.ask(step)


def _options(job: Job) -> Options:
    stream = sys.stderr if sys.stderr.isatty() else sys.stdout
    asked = job.screen
    return for_stream(
        stream, color=False if job.no_color else None, quiet=asked.quiet, accessible=asked.accessible
    )  # fmt: skip


def _refuse_what_never_comes(goal: Goal | None, order: Order) -> None:
    named = None if goal is None else goal.blocked
    if named is not None and not systems.may_ask(order.forests, order.machine, order.selection, named):
        raise ConfigError(f"--until: {BLOCKED}{','.join(sorted(named.only))} never comes: nothing of it is asked")


def _goal(until: str | None, *, strict: bool) -> Goal | None:
    if until is None:
        return None
    if until == "ok":
        return Goal(strict=strict)
    if until.startswith(BLOCKED):
        names = targets.service_names("--until", [until.removeprefix(BLOCKED)])
        if names:
            return Goal(Selection(only=names))
    raise ConfigError(f"--until: {until[:60]!r} is no goal; write ok, or blocked:SERVICE as in blocked:kpasswd")


@dataclass(slots=True)
class Teller:
    """What is said and done after each round."""

    screen: Screen
    status: Status
    options: Options
    every_s: float
    command: list[str] | str | None
    bell: bool
    start: str = field(default="")

    def ask(self, order: Order) -> Report:
        self.status.next_at = None
        return attend(order, self.screen.notify)

    def tell(self, one: Round) -> None:
        from portcheck.render.live import watching

        at = clock(one.at)
        self.start = self.start or at
        changed = one.since_last is not None and not one.since_last.same
        words = f"{watching.counts(one.report)}; {watching.since_start(self.start, one.since_start)}"
        if one.note:
            self.screen.say(watching.line(at, one.note, self.options))
        if one.since_last is None and not self.options.quiet:
            zone = times.offset(one.at.astimezone())
            first = f"{watching.counts(one.report)}; watching every {self.every_s:g} s, times are {zone}"
            self.screen.say(watching.line(at, first, self.options))
            self.screen.say(watching.found(at, one.report, self.options))
            self.screen.say(watching.line(at, watching.asking(one.report, self.every_s), self.options))
        if one.since_last is not None and changed:
            self.screen.say(watching.change_lines(at, one.report, one.since_last, self.options))
            self.screen.say(watching.line(at, words, self.options))
            self.screen.say(watching.line(at, watching.asking(one.report, self.every_s), self.options))
            if self.bell:
                self.screen.ring()
            self._execute(one, words)
        self.status.words = words
        self.status.next_at = time.monotonic() + self.every_s

    def _execute(self, one: Round, words: str) -> None:
        if self.command is None or one.since_last is None:
            return
        from portcheck.render.live import watching

        at = utc.written(one.at, "milliseconds")
        told = {
            "PORTCHECK_AT": at,
            "PORTCHECK_CHANGES": str(len(one.since_last.changes)),
            "PORTCHECK_SUMMARY": printable(words),
        }
        document = {"schema": SCHEMA, "at": at, **comparison_to_json(one.since_last)}
        trouble = hook.run(self.command, told, dumps(document))
        if trouble:
            self.screen.say(watching.line(clock(one.at), trouble, self.options))


def clock(moment: datetime) -> str:
    """The time on the wall of whoever waits."""
    return moment.astimezone().strftime("%H:%M:%S")


LEFT_OUT = ("history", "lock", "notify", "notify_file", *SIGNING_IN)
command = taking(watch, WatchFlags, CheckFlags, leave_out=LEFT_OUT)
