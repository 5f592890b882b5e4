"""`portcheck check`: discover, probe, explain."""

from __future__ import annotations

import shlex
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import typer

from portcheck.automation import alerting, baseline
from portcheck.automation import lock as locking
from portcheck.automation.alerting import Alert
from portcheck.cli import output as outputs
from portcheck.cli import passwords, targets
from portcheck.cli import selection as selecting
from portcheck.cli.check_flags import (
    Accessible,
    AnswerTimeout,
    Attempts,
    Bind,
    CaFile,
    Called,
    Concurrency,
    Config,
    Controllers,
    Deadline,
    FailWhen,
    Formats,
    Four,
    FromStdin,
    History,
    How,
    Idle,
    Lock,
    MaxChecks,
    NoColor,
    NotifyFile,
    NotifyWhen,
    Only,
    Outputs,
    Profiles,
    Proxy,
    Quiet,
    Rate,
    Save,
    Servers,
    ShowProgress,
    Site,
    Six,
    Skip,
    SourceIp,
    Systems,
    Targets,
    Timeout,
    TraceToo,
    User,
    Verbose,
    Workers,
)
from portcheck.cli.options import DO
from portcheck.cli.pairing import ORDER
from portcheck.cli.passwords import WantedAccount
from portcheck.cli.runs import LAST
from portcheck.cli.selection import duration as _duration
from portcheck.cli.selection import flagged as _flagged
from portcheck.cli.selection import given as _given
from portcheck.cli.streams import say
from portcheck.cli.terminal import on_stderr
from portcheck.config import ConfigError, ProxySpec, parse_address, parse_proxy, parse_rate, parse_vantage
from portcheck.exitcodes import INTERRUPTED, NOT_DONE
from portcheck.files.writing import STDOUT
from portcheck.model import Report
from portcheck.model.target import Selection
from portcheck.render.shared.options import Options, ProgressKind
from portcheck.run.ending import ENDING
from portcheck.run.runner import Order, attend
from portcheck.targets.checks import profile_names


def check(
    context: typer.Context,
    target: Targets = None,
    config: Config = None,
    profile: Profiles = None,
    only: Only = None,
    skip: Skip = None,
    dc: Controllers = None,
    dns: Servers = None,
    format_: Formats = None,
    output: Outputs = None,
    timeout: Timeout = None,
    answer_timeout: AnswerTimeout = None,
    deadline: Deadline = None,
    attempts: Attempts = None,
    concurrency: Concurrency = None,
    rate: Rate = None,
    max_checks: MaxChecks = None,
    workers: Workers = None,
    source_ip: SourceIp = None,
    four: Four = False,  # noqa: FBT002 - flags
    six: Six = False,  # noqa: FBT002
    fail_on: FailWhen = None,
    trace: TraceToo = None,
    save: Save = None,
    vantage: Called = None,
    history: History = True,  # noqa: FBT002
    lock: Lock = False,  # noqa: FBT002
    notify: NotifyWhen = None,
    notify_file: NotifyFile = None,
    idle: Idle = None,
    bind: Bind = False,  # noqa: FBT002
    user: User = None,
    bind_method: How = None,
    password_stdin: FromStdin = False,  # noqa: FBT002
    ca_file: CaFile = None,
    site: Site = None,
    proxy: Proxy = None,
    system: Systems = None,
    quiet: Quiet = False,  # noqa: FBT002
    verbose: Verbose = 0,
    no_color: NoColor = False,  # noqa: FBT002
    accessible: Accessible = False,  # noqa: FBT002
    progress: ShowProgress = ProgressKind.AUTO,
) -> int:
    """Check the paths to the domain controllers of one or more forests."""
    configured = targets.configuration(config, needed=not target and not profile)
    machine = targets.outside(configured, target or (), profile or ())
    settings = replace(
        configured.settings,
        **_given(
            timeout_s=_duration("--timeout", timeout),
            answer_timeout_s=_duration("--answer-timeout", answer_timeout),
            deadline_s=_duration("--deadline", deadline),
            attempts=attempts,
            concurrency=concurrency,
            rate=_rate(rate),
            max_checks=max_checks,
            workers=workers,
            source_ip=_address(source_ip),
            fail_on=fail_on,
            trace=trace,
            proxy=_proxy(proxy),
        ),
    )
    forests = configured.forests if machine else targets.forests(configured, target or (), dns or ())
    families = selecting.families(four=four, six=six, source=settings.source_ip)
    chosen = tuple(targets.narrowed(forest, dc or (), dns or (), families) for forest in forests)
    chosen = targets.of_site(targets.trusting(chosen, ca_file), site)
    skipped = targets.service_names("--skip", skip or ()) | (targets.beside_controllers() if dc else frozenset())
    selection = Selection(targets.service_names("--only", only or ()), skipped)
    asked_of = tuple((f, targets.profiles(configured, profile_names(f, profile or ()))) for f in chosen)
    order = Order(
        forests=targets.with_systems(asked_of, system or ()),
        settings=settings,
        selection=selection,
        families=families,
        idle_s=_duration("--idle", idle),
        machine=machine,
        name="" if vantage is None else _flagged("--name", parse_vantage, vantage),
    )
    wanted = outputs.wishes(format_ or (), output or (), save, context.meta.get(ORDER, ""))
    if bind and settings.proxy is not None and settings.proxy.socks:
        raise ConfigError(
            f"--credentials signs in straight, not through the SOCKS proxy {settings.proxy}; leave one of them out"
        )
    order = signing_in(order, WantedAccount(user, bind_method, password_stdin), bind=bind)
    screen = replace(
        outputs.screen_options(no_color=no_color, verbose=verbose, quiet=quiet, accessible=accessible),
        run=_kept_as(save, wanted, history=history and settings.history_keep > 0),
        again="".join(f" {shlex.quote(word)}" for word in (*(["-c", config] if config else []), *(target or ()))),
        progress=progress,
    )
    alert = None if notify is None else Alert(notify, notify_file)
    job = Job(order, wanted, screen, no_color=no_color, history=history, lock=lock, alert=alert)
    return int(context.meta.get(DO, once)(context, job))


def _kept_as(save: Path | None, wanted: tuple[outputs.OutputWish, ...], *, history: bool) -> str:
    """By what name commands find this run again; empty: by none."""
    if history:
        return LAST
    files = [save, *(wish.path for wish in wanted if wish.name == outputs.JSON)]
    return next((shlex.quote(str(path)) for path in files if path is not None and path != STDOUT), "")


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
    """What `check` does with its job; `watch` and `schedule`, which read the same options, do otherwise."""
    memory = baseline.memory(
        job.order, say, history=job.history, on_change=job.alert is not None and job.alert.on_change
    )
    tell = alerting.prepared(job.alert, say)
    with ENDING.keeping, locking.alone(job.order) if job.lock else nullcontext():
        report = told_to_end(memory.compared(asked(job.order, job.screen, no_color=job.no_color)))
        files, shown = outputs.files_first(job.wanted)
        written = outputs.write(report, files, job.screen)
        written = memory.keep(report) and written  # before the screen: whoever reads that may never take it
        try:
            outputs.write(report, shown, job.screen)
        finally:
            report = report if written else unwritten(report)
            tell(report)
    if context.obj is not None:
        context.obj(report)
    return report.exit_code


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


def _rate(text: str | None) -> float | None:
    return None if text is None else _flagged("--rate", parse_rate, text)


def _proxy(text: str | None) -> ProxySpec | None:
    return None if text is None else _flagged("--proxy", parse_proxy, text)


def _address(text: str | None) -> str | None:
    return None if text is None else _flagged("--source-ip", parse_address, text)
