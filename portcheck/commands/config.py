"""`portcheck config check`, `show`, `init`: is the forests file right, what does it amount to, and a first one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from portcheck import config as first
from portcheck.catalogue.clouds import CLOUDS
from portcheck.catalogue.profiles import with_own
from portcheck.cli import targets
from portcheck.cli.selection import flagged
from portcheck.cli.streams import show as write
from portcheck.config import BindSpec, ConfigError, ForestSpec, Settings, SystemSpec, format_duration, parse_name
from portcheck.exitcodes import sentence
from portcheck.files.writing import STDOUT, WriteError, write_whole

app = typer.Typer(no_args_is_help=True, help="Write a first forests file, validate it, print the effective settings.")
Forests = Annotated[list[str] | None, typer.Argument(metavar="[FOREST]...", help="DNS names of the forests.")]
Output = Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="Where to; - is standard output.")]
Config = Annotated[str | None, typer.Option("-c", "--config", metavar="FILE", help="The forests file.")]


@app.command("check", epilog=sentence("config check"))
def check(config: Config = None) -> int:
    """Validate the forests file; nothing is sent."""
    configured = targets.configuration(config, needed=True)
    forests = targets.forests(configured, ())
    for forest in forests:
        targets.profiles(configured, forest.profiles)
    count = len(forests)
    typer.echo(f"{configured.path}: good, {count} forest{'' if count == 1 else 's'}")
    return 0


@app.command("show", epilog=sentence("config show"))
def show(config: Config = None) -> int:
    """Print the settings, forests and profiles that a check would use."""
    configured = targets.configuration(config, needed=False)
    settings = configured.settings
    deadline = format_duration(settings.deadline_s) if settings.deadline_s else "none"
    lines = [
        f"file              {configured.path or 'none (see forests.example.toml)'}",
        f"timeout           {format_duration(settings.timeout_s)}",
        f"answer timeout    {format_duration(settings.answer_timeout_s)}",
        f"deadline          {deadline}",
        f"attempts          {settings.attempts}",
        f"concurrency       {settings.concurrency}",
        f"rate              {settings.rate or 'not limited'}",
        f"source address    {settings.source_ip or 'chosen by the system'}",
        f"fail on           {settings.fail_on}",
        f"second look       {'yes' if settings.trace else 'no'}",
        f"history           {_history(settings)}",
        f"proxy             {settings.proxy or 'as the environment says (HTTPS_PROXY, NO_PROXY)'}",
        f"cloud             {settings.cloud} ({CLOUDS[settings.cloud]})",
        f"profiles          {', '.join(settings.profiles)}",
    ]
    for forest in configured.forests:
        lines += ["", *_forest(forest)]
    lines += ["", "profiles known"]
    known = with_own(configured.own_profiles)
    width = max(map(len, known)) + 2
    lines += [f"  {name:<{width}}{profile.title}" for name, profile in known.items()]
    typer.echo("\n".join(lines))
    return 0


@app.command("init", epilog=sentence("config init"))
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
        write_whole(output, text)
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


def _forest(forest: ForestSpec) -> list[str]:
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
    return [f"forest {forest.name}", *(f"  {name:<16}{value}" for name, value in rows.items() if value)]


def _system(system: SystemSpec) -> str:
    port = f":{system.port}" if system.port else ""
    proxy = f" by proxy {system.proxy}" if system.proxy else ""
    address = f" ({system.address})" if system.address and system.address != system.host else ""
    return f"{system.role} {system.host}{port}{address}{proxy}"
