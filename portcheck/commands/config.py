"""`portcheck config check`, `show`, `init`: is the forests file right, what does it amount to, and a first one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from portcheck import config as first
from portcheck.catalogue.clouds import CLOUDS
from portcheck.catalogue.profiles import with_own
from portcheck.cli import targets
from portcheck.cli.output import put_file
from portcheck.cli.pairing import Paired
from portcheck.cli.selection import flagged
from portcheck.cli.streams import show as write
from portcheck.config import BindSpec, ConfigError, ForestSpec, Settings, SystemSpec, format_duration, parse_name
from portcheck.exitcodes import sentence
from portcheck.files.writing import STDOUT, WriteError
from portcheck.render.shared import spoken

app = typer.Typer(no_args_is_help=True, help="Write a first forests file, validate it, print the effective settings.")
Forests = Annotated[list[str] | None, typer.Argument(metavar="[FOREST]...", help="DNS names of the forests.")]
Output = Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="Where to; - is standard output.")]
Config = Annotated[str | None, typer.Option("-c", "--config", metavar="FILE", help="The forests file.")]


@app.command("check", cls=Paired, epilog=sentence("config check"))
def check(config: Config = None) -> int:
    """Validate the forests file; nothing is sent."""
    configured = targets.configuration(config, needed=True)
    forests = targets.forests(configured, ())
    for forest in forests:
        targets.profiles(configured, forest.profiles)
    count = len(forests)
    typer.echo(f"{configured.path}: good, {count} forest{'' if count == 1 else 's'}")
    return 0


@app.command("show", cls=Paired, epilog=sentence("config show"))
def show(config: Config = None) -> int:
    """Print the settings, forests and profiles that a check would use."""
    configured = targets.configuration(config, needed=False)
    settings = configured.settings
    deadline = format_duration(settings.deadline_s) if settings.deadline_s else "none"
    rows: dict[str, object] = {
        "file": configured.path or "none (see forests.example.toml)",
        "timeout": format_duration(settings.timeout_s),
        "answer timeout": format_duration(settings.answer_timeout_s),
        "deadline": deadline,
        "attempts": settings.attempts,
        "concurrency": settings.concurrency,
        "rate": settings.rate or "not limited",
        "source address": settings.source_ip or "chosen by the system",
        "fail on": settings.fail_on,
        "second look": "yes" if settings.trace else "no",
        "history": _history(settings),
        "proxy": settings.proxy or "as the environment says (HTTPS_PROXY, NO_PROXY)",
        "cloud": f"{settings.cloud} ({CLOUDS[settings.cloud]})",
        "profiles": ", ".join(settings.profiles),
    }
    lines = _table("", rows, 18)
    for forest in configured.forests:
        lines += _table(f"forest {forest.name}", _forest(forest), 16)
    known = with_own(configured.own_profiles)
    titles = {name: profile.title for name, profile in known.items()}
    lines += _table("profiles known", titles, max(map(len, known)) + 2)
    typer.echo("\n".join(lines))
    return 0


@app.command("init", cls=Paired, epilog=sentence("config init"))
def init(forests: Forests = None, output: Output = Path("forests.toml")) -> int:
    """Write a first forests file with every key that is usual, explained; nothing is overwritten."""
    names = [flagged("FOREST", parse_name, name) for name in forests or ("contoso.com",)]
    if output != STDOUT and output.exists():
        raise ConfigError(f"{output} is there already; give another name with -o, or move it away")
    text = first_file(names)
    if output == STDOUT:
        write(text)
        return 0
    try:
        put_file(output, text)
    except WriteError as error:
        raise ConfigError(str(error)) from None
    typer.echo(f"{output}: written. Look through it, then: portcheck config check; portcheck check")
    return 0


def first_file(names: Sequence[str]) -> str:
    """The commented file with these forests."""
    text = (Path(first.__file__).parent / "first.toml").read_text(encoding="utf-8")
    head, _, block = text.partition("# Forest\n")
    return head + "\n".join(block.replace("contoso.com", name) for name in names)


def _history(settings: Settings) -> str:
    if not settings.history_keep:
        return "none"
    return f"{settings.history_keep} runs of a plan, {settings.history_days} days"


def _bind(bind: BindSpec) -> str:
    parts = (
        bind.user,
        "" if bind == BindSpec() else f"method {bind.method}",
        f"password from {bind.password_file}" if bind.password_file else "",
        *(f"in {ou}" for ou in bind.ous),
    )
    return "; ".join(part for part in parts if part)


def _table(title: str, rows: Mapping[str, object], width: int) -> list[str]:
    """Names and what they are, below the title; who listens hears each as a sentence."""
    if spoken.width(width) == spoken.LISTENER:
        return [*([f"{title}:"] if title else []), *(spoken.named(name, str(value)) for name, value in rows.items())]
    indent = "  " if title else ""
    return [*(["", title] if title else []), *(f"{indent}{name:<{width}}{value}" for name, value in rows.items())]


def _forest(forest: ForestSpec) -> dict[str, str]:
    """What the file says of it; what it says nothing of is left out."""
    servers = ", ".join(str(server) for server in forest.dns)
    named = ", ".join(f"{c.host} ({c.address})" if c.address else c.host for c in forest.domain_controllers)
    rows = {
        "dns": servers or "the system's",
        "domains": ", ".join(forest.domains),
        "controllers": named or "by SRV records",
        "discovery": "yes" if forest.discover else "no",
        "site": forest.site or "",
        "CA file": str(forest.ca_file or ""),
        "profiles": ", ".join(forest.profiles),
        "expect": ", ".join(f"{name} {wanted}" for name, wanted in forest.expect.items()),
        "ports": ", ".join(f"{name} {port}" for name, port in forest.ports.items()),
        "sign-in": _bind(forest.bind),
        "systems": ", ".join(_system(system) for system in forest.systems),
        "extra": ", ".join(f"{extra.name} {extra.port}/{extra.transport}" for extra in forest.extra),
    }
    return {name: value for name, value in rows.items() if value}


def _system(system: SystemSpec) -> str:
    port = f":{system.port}" if system.port else ""
    proxy = f" by proxy {system.proxy}" if system.proxy else ""
    address = f" ({system.address})" if system.address and system.address != system.host else ""
    return f"{system.role} {system.host}{port}{address}{proxy}"
