"""`portcheck schedule`: the units that run a check by itself. It writes files, or shows them; it installs nothing."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Collection, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from portcheck.cli.check_flags import CheckFlags
from portcheck.cli.digest import FIRST
from portcheck.cli.options import SIGNING_IN, taking
from portcheck.cli.output import put_file
from portcheck.cli.runs import LAST
from portcheck.cli.selection import flagged
from portcheck.cli.streams import say, show
from portcheck.commands import check
from portcheck.commands.check import Job
from portcheck.config import ConfigError, find, parse_duration, parse_vantage
from portcheck.files.writing import STDOUT, WriteError
from portcheck.frozen import dataclass
from portcheck.render.digest import FORMATS
from portcheck.schedule import cron, systemd, windows
from portcheck.schedule.job import DAY, WEEK, Scheduled, checked, interval, named, refuse_secret

if TYPE_CHECKING:
    from portcheck.schedule.job import Scheduled


class UnitKind(StrEnum):
    """Whose units."""

    SYSTEMD = "systemd"
    CRON = "cron"
    WINDOWS = "windows"


Every = Annotated[str, typer.Option("--every", metavar="DURATION", help="How often, as in 15m, 4h, 1d.")]
Write = Annotated[Path | None, typer.Option("--write", metavar="DIR", help="Write the files there; else show them.")]
Kinds = Annotated[list[UnitKind] | None, typer.Option("--for", help="Whose units; else those of this system.")]
Name = Annotated[str, typer.Option("--name", metavar="NAME", help="The units' name.")]
Vantage = Annotated[
    str | None, typer.Option("--vantage", metavar="VANTAGE", help="What reports call this place (check --name).")
]
Digest = Annotated[
    str | None,
    typer.Option("--digest", metavar="DURATION|last", help="Instead: history --digest, once a day or week."),
]
Serve = Annotated[bool, typer.Option("--serve", help="A service that stays instead: portcheck serve (systemd).")]
Listen = Annotated[str | None, typer.Option("--listen", metavar="HOST:PORT", help="Of --serve: where it listens.")]
WebFile = Annotated[Path | None, typer.Option("--web-config", metavar="FILE", help="Of --serve: TLS and basic auth.")]
Reports = Annotated[Path | None, typer.Option("--reports", metavar="DIR", help="Of --serve: other places' reports.")]
User = Annotated[str | None, typer.Option("--user", metavar="USER", help="Run as; else one without rights.")]
PATHS = frozenset({"config", "output", "save", "notify_file", "ca_file"})
OF_CHECK = {"vantage": "--name"}
"""What `check` calls otherwise: `--name` is the units' here."""
OWN = frozenset(
    {"every", "write", "kinds", "name", "user", "lock", "digest", "serve", "listen", "web_config", "reports"}
)


@dataclass(frozen=True, slots=True)
class ScheduleFlags:
    """What `schedule` has beside the options of `check`."""

    every: Every = "15m"
    write: Write = None
    kinds: Kinds = None
    name: Name = "portcheck"
    vantage: Vantage = None
    user: User = None
    digest: Digest = None
    serve: Serve = False
    listen: Listen = None
    web_config: WebFile = None
    reports: Reports = None


def schedule(context: typer.Context, own: ScheduleFlags, flags: CheckFlags) -> int:
    """Show or write the units that run this check at an interval and keep its reports."""
    job = check.job(context, flags)
    user = None if own.user is None else _user(own.user)
    if own.serve:
        options = {"--listen": own.listen, "--web-config": own.web_config, "--reports": own.reports}
        return _serving(context, named(own.name), options | {"--name": own.vantage}, own.write, user)
    if own.listen or own.web_config or own.reports:
        raise ConfigError("--listen, --web-config and --reports belong to --serve")
    if own.vantage is not None:
        flagged("--vantage", parse_vantage, own.vantage)
    every_s = interval(flagged("--every", parse_duration, own.every))
    if job.alert is not None and job.alert.file is None and (job.alert.needs_secrets or own.digest is not None):
        raise ConfigError("--notify: a scheduled run has not your environment; give --notify-file")
    secrets = None if job.alert is None or job.alert.file is None else _absolute(job.alert.file)
    folders = dict.fromkeys(_absolute(wish.path.parent) for wish in job.wanted if wish.path is not None)
    state = os.environ.get("PORTCHECK_STATE_DIR")
    if own.digest is not None:
        every_s, asked = _digest(own.digest, job, context, every_s)
    else:
        asked = ("check", *_options(context), *_silent(job), "--lock", *_targets(context))
    one = Scheduled(
        name=named(own.name),
        argv=checked((*_program(), *asked)),
        every_s=every_s,
        user=user,
        folders=checked(tuple(folders)),
        secrets=secrets,
        environment={} if state is None else {"PORTCHECK_STATE_DIR": _absolute(state)},
    )
    if own.write is not None and not own.write.is_dir():
        raise ConfigError(f"--write: {own.write} is no directory; create it first")
    chosen = own.kinds or ([UnitKind.WINDOWS] if os.name == "nt" else [UnitKind.SYSTEMD, UnitKind.CRON])
    if job.alert is not None and not job.alert.needs_secrets and set(chosen) != {UnitKind.WINDOWS}:
        raise ConfigError(f"--notify: {job.alert.when.value} is the event log of Windows: give --for windows")
    for warning in _warnings(one, chosen):
        say(warning)
    if own.write is None:
        show("\n".join(_shown(one, chosen)))
    else:
        _write(one, chosen, own.write)
    return 0


def _serving(
    context: typer.Context, name: str, own: dict[str, str | Path | None], write: Path | None, user: str | None
) -> int:
    """The unit of `portcheck serve`, shown or written. What only a check understands is refused."""
    given = context.params.get("config") or find(None, os.environ, Path.cwd())
    if given is None:
        raise ConfigError("--serve: no forests.toml found; name one with --config")
    if context.params.get("target"):
        raise ConfigError("--serve: it serves the forests of the file; leave the targets out")
    options = [*_pair("--config", Path(given)), *(word for flag, value in own.items() for word in _pair(flag, value))]
    unit = systemd.daemon(Scheduled(name, checked((*_program(), "serve", *options)), 900, user=user))
    if write is None:
        show(f"# /etc/systemd/system/{name}.service\n{unit}")
        return 0
    if not write.is_dir():
        raise ConfigError(f"--write: {write} is no directory; create it first")
    path = Path(_absolute(write)) / f"{name}.service"
    try:
        put_file(path, unit)
    except WriteError as error:
        raise ConfigError(f"--write: {error}") from None
    copied = f"cp {shlex.quote(str(path))} /etc/systemd/system/ && systemctl daemon-reload"
    show(f"{copied}\nsystemctl enable --now {name}.service\n")
    return 0


def _digest(period: str, job: Job, context: typer.Context, every_s: int) -> tuple[int, tuple[str, ...]]:
    """How often, and the words of the command: a digest of a week comes once a week, a shorter one every day.

    One that goes on where the last one ended comes at the interval that was given; else once a week, as its first does.
    """
    if context.params.get("target"):
        raise ConfigError("--digest: it tells of all runs that are kept; leave the targets out")
    seconds = flagged("--digest", parse_duration, FIRST if period == LAST else period)
    words = ["history", "--digest", period]
    for wish in (wish for wish in job.wanted if wish.path is not None):
        if wish.name not in FORMATS:
            raise ConfigError(f"--digest: comes as {' or '.join(FORMATS)}; give one with --format before --output")
        words += ["--format", wish.name, "--output", _absolute(str(wish.path))]
    if job.alert is not None and job.alert.file is not None:
        words += ["--notify-file", _absolute(job.alert.file)]
    usual = WEEK if seconds >= WEEK else DAY
    return (every_s if period == LAST and _is_given(context, "every") else usual), tuple(words)


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _pair(flag: str, value: str | Path | None) -> list[str]:
    if value is None:
        return []
    return [flag, _absolute(value) if isinstance(value, Path) else value]


def _program() -> list[str]:
    """This program by its full path, whatever PATH a scheduler has."""
    started = Path(sys.argv[0])
    if started.suffix == ".pyz" and started.is_file():  # the one-file form
        return [_absolute(sys.executable), _absolute(started)]
    if started.stem == "portcheck" and started.is_file() and os.access(started, os.X_OK):
        return [_absolute(started)]
    return [_absolute(sys.executable), "-m", "portcheck"]


def _absolute(path: str | Path) -> str:
    """The full path, links left as they are: the Python of a virtual environment is one."""
    return str(Path(path).absolute())


def _options(context: typer.Context) -> Iterator[str]:
    """The options of check as they were given, paths made absolute; the forests file that would be found, by name."""
    given: dict[str, Any] = dict(context.params)
    if given.get("config") is None:
        found = find(None, os.environ, Path.cwd())
        given["config"] = None if found is None else str(found)
    for option in context.command.params:
        value = given.get(str(option.name))
        if option.param_type_name == "option" and option.name not in OWN and value is not None:
            yield from _as_given(option, value)


def _as_given(option: Any, value: Any) -> Iterator[str]:
    name = OF_CHECK.get(str(option.name)) or max(option.opts, key=len)
    if isinstance(value, bool):
        if value is not option.default:
            yield name if value else option.secondary_opts[-1]
    elif getattr(option, "count", False):
        yield from [name] * int(value)
    else:
        for one in value if isinstance(value, list | tuple) else [value]:
            yield name
            if option.name not in PATHS:
                refuse_secret(name, str(one))
            yield _absolute(one) if option.name in PATHS and one != STDOUT else str(getattr(one, "value", one))


def _silent(job: Job) -> tuple[str, ...]:
    """Nothing is said while all is well: what cron mails, and the journal shows, is worth reading."""
    return () if job.screen.quiet or job.screen.verbose else ("--quiet",)


def _targets(context: typer.Context) -> list[str]:
    targets = [str(target) for target in context.params.get("target") or ()]
    for target in targets:
        refuse_secret("TARGET", target)
    return ["--", *targets] if targets else []


def _user(user: str) -> str:
    if not user.strip() or not user.isprintable():
        raise ConfigError(f"--user: {user[:40]!r} is no user's name")
    return user


def _shown(one: Scheduled, kinds: Collection[UnitKind]) -> Iterator[str]:
    if UnitKind.SYSTEMD in kinds:
        yield f"# /etc/systemd/system/{one.name}.service\n{systemd.service(one)}"
        yield f"# /etc/systemd/system/{one.name}.timer\n{systemd.timer(one)}"
    if UnitKind.CRON in kinds:
        yield f"# {'or, instead of both: ' if UnitKind.SYSTEMD in kinds else ''}crontab -e\n{cron.line(one)}"
    if UnitKind.WINDOWS in kinds:
        if len(kinds) > 1:
            yield "# or, on Windows: the Task Scheduler\n"
        yield f"{windows.task(one)}"
        yield "<!-- --write DIR writes it as schtasks wants it (UTF-16) and says how to import it. -->\n"


def _write(one: Scheduled, kinds: Collection[UnitKind], folder: Path) -> None:
    base = Path(_absolute(folder)) / one.name
    service, timer, line, task = (Path(f"{base}{end}") for end in (".service", ".timer", ".cron", ".xml"))
    ways: list[str] = []
    try:
        if UnitKind.SYSTEMD in kinds:
            put_file(service, systemd.service(one))
            put_file(timer, systemd.timer(one))
            copied = shlex.join(map(str, (service, timer)))
            copy = f"cp {copied} /etc/systemd/system/ && systemctl daemon-reload"
            ways.append(f"{copy}\nsystemctl enable --now {one.name}.timer\n")
        if UnitKind.CRON in kinds:
            put_file(line, cron.line(one))
            ways.append(f"(crontab -l; cat {shlex.quote(str(line))}) | crontab -\n")
        if UnitKind.WINDOWS in kinds:
            put_file(task, windows.document(one))
            ways.append(f"{windows.import_command(one, str(task))}\n")
    except WriteError as error:
        raise ConfigError(f"--write: {error}") from None
    show("# or, instead:\n".join(ways))


def _warnings(one: Scheduled, kinds: Collection[UnitKind]) -> Iterator[str]:
    """What a service without rights could not read: programs and files in folders that are closed to others."""
    if UnitKind.WINDOWS in kinds:
        yield from windows.cautions(one)
    if os.name != "posix" or UnitKind.SYSTEMD not in kinds or one.user is not None:
        return
    for word in dict.fromkeys([one.argv[0], *(word for word in one.argv if word.startswith("/"))]):
        closed = next((folder for folder in reversed(Path(word).parents) if _is_closed(folder)), None)
        if closed is not None and word != one.secrets:
            yield f"the service's user may not enter {closed}, where {word} is: move it, or give --user"


def _is_closed(folder: Path) -> bool:
    try:
        return not folder.stat().st_mode & 0o001
    except OSError:
        return False


command = taking(schedule, ScheduleFlags, CheckFlags, leave_out=("lock", *SIGNING_IN))
