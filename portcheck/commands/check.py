"""`portcheck check`: discover, probe, explain."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import typer

from portcheck.automation import alerting, baseline
from portcheck.automation import lock as locking
from portcheck.automation.alerting import Alert
from portcheck.cli import output as outputs
from portcheck.cli import passwords, targets
from portcheck.cli import selection as selecting
from portcheck.cli.check_flags import CheckFlags
from portcheck.cli.options import settings_of, taking
from portcheck.cli.pairing import ORDER
from portcheck.cli.passwords import WantedAccount
from portcheck.cli.runs import LAST
from portcheck.cli.streams import say
from portcheck.cli.terminal import on_stderr
from portcheck.config import ConfigError, parse_vantage
from portcheck.exitcodes import INTERRUPTED, NOT_DONE
from portcheck.files.writing import STDOUT
from portcheck.frozen import dataclass
from portcheck.model import Report
from portcheck.model.target import Selection
from portcheck.model.typed import typed
from portcheck.render.shared.options import Options
from portcheck.run.ending import ENDING
from portcheck.run.runner import Order, attend
from portcheck.targets import systems
from portcheck.targets.checks import profile_names


def check(context: typer.Context, flags: CheckFlags) -> int:
    """Check the paths to the domain controllers of one or more forests."""
    return once(context, job(context, flags))


def job(context: typer.Context, flags: CheckFlags) -> Job:
    """What the command line amounts to; `watch`, `schedule` and `ui` do something else with it than `check`."""
    target, profile, dns, dc = flags.target or (), flags.profile or (), flags.dns or (), flags.dc or ()
    configured = targets.configuration(flags.config, needed=not target and not profile)
    machine = targets.outside(configured, target, profile)
    settings = replace(configured.settings, **settings_of(flags))
    forests = configured.forests if machine else targets.forests(configured, target, dns)
    families = selecting.families(four=flags.four, six=flags.six, source=settings.source_ip)
    chosen = tuple(targets.narrowed(forest, dc, dns, families) for forest in forests)
    chosen = targets.of_site(targets.trusting(chosen, flags.ca_file), flags.site)
    skipped = targets.service_names("--skip", flags.skip or ()) | (targets.beside_controllers() if dc else frozenset())
    selection = Selection(targets.service_names("--only", flags.only or ()), skipped)
    asked_of = tuple((f, targets.profiles(configured, profile_names(f, profile))) for f in chosen)
    asked_of = targets.with_systems(asked_of, flags.system or ())
    if (flags.only or flags.skip) and not flags.bind:
        systems.refuse_nothing(asked_of, machine, selection)
    order = Order(
        forests=asked_of,
        settings=settings,
        selection=selection,
        families=families,
        idle_s=selecting.duration("--idle", flags.idle),
        machine=machine,
        name="" if flags.vantage is None else selecting.flagged("--name", parse_vantage, flags.vantage),
    )
    wanted = outputs.wishes(flags.format_ or (), flags.output or (), flags.save, context.meta.get(ORDER, ""))
    if flags.bind and settings.proxy is not None and settings.proxy.socks:
        raise ConfigError(
            f"--credentials signs in straight, not through the SOCKS proxy {settings.proxy}; leave one of them out"
        )
    account = WantedAccount(flags.user, flags.bind_method, flags.password_stdin)
    order = signing_in(order, account, bind=flags.bind)
    screen = replace(
        outputs.screen_options(
            no_color=flags.no_color, verbose=flags.verbose, quiet=flags.quiet, accessible=flags.accessible
        ),
        run=_kept_as(flags.save, wanted, history=flags.history and settings.history_keep > 0),
        again="".join(f" {typed([word])}" for word in (*(["-c", flags.config] if flags.config else []), *target)),
        progress=flags.progress,
    )
    alert = None if flags.notify is None else Alert(flags.notify, flags.notify_file)
    return Job(order, wanted, screen, no_color=flags.no_color, history=flags.history, lock=flags.lock, alert=alert)


def _kept_as(save: Path | None, wanted: tuple[outputs.OutputWish, ...], *, history: bool) -> str:
    """By what name commands find this run again; empty: by none."""
    if history:
        return LAST
    files = [save, *(wish.path for wish in wanted if wish.name == outputs.JSON)]
    return next((typed([str(path)]) for path in files if path is not None and path != STDOUT), "")


@dataclass(frozen=True, slots=True)
class Job:
    """What a command line amounts to: what to ask, and where to say what was found."""

    order: Order
    wanted: tuple[outputs.OutputWish, ...]
    screen: Options
    no_color: bool = False
    history: bool = True
    lock: bool = False
    alert: Alert | None = None


def once(context: typer.Context, job: Job) -> int:
    """What `check` does with its job."""
    on_change = job.alert is not None and job.alert.on_change
    memory = baseline.memory(job.order, history=job.history, on_change=on_change)
    notices = alerting.prepared(job.alert)
    with ENDING.keeping, locking.alone(job.order) if job.lock else nullcontext():
        report = told_to_end(memory.compared(asked(job.order, job.screen, no_color=job.no_color)))
        _say_all(memory.said())
        files, shown = outputs.files_first(job.wanted)
        written = outputs.write(report, files, job.screen)
        written = memory.keep(report) and written  # before the screen: whoever reads that may never take it
        _say_all(memory.said())
        try:
            outputs.write(report, shown, job.screen)
        finally:
            report = report if written else unwritten(report)
            _say_all(notices.about(report))
    if context.obj is not None:
        context.obj(report)
    return report.exit_code


def _say_all(lines: Iterable[str]) -> None:
    for line in lines:
        say(line)


def signing_in(order: Order, wanted: WantedAccount, *, bind: bool) -> Order:
    """The order with its credentials, where they are wanted."""
    if bind:
        return replace(order, credentials=passwords.credentials([forest for forest, _ in order.forests], wanted))
    if wanted != WantedAccount():
        raise ConfigError("--user, --bind-method and --password-stdin say how to sign in: add --credentials")
    return order


def asked(order: Order, screen: Options, *, no_color: bool = False) -> Report:
    """Run it with the screen going."""
    with ENDING.keeping, on_stderr(screen, no_color=no_color) as notify:
        return attend(order, notify)


def told_to_end(report: Report) -> Report:
    """A run that was told to end has the exit code of that, even where everything had been asked by then."""
    return replace(report, exit_code=INTERRUPTED) if ENDING.told else report


def unwritten(report: Report) -> Report:
    """All well but a file missing is not 0."""
    return report if report.exit_code else replace(report, exit_code=NOT_DONE)


command = taking(check, CheckFlags)
