"""`portcheck plan`: every packet that a check would send, to whom and why. Sends nothing, not even to DNS."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from portcheck.cli import outputs, selecting, targets, texts
from portcheck.cli.check import (
    AnswerTimeout,
    Attempts,
    Config,
    Controllers,
    Four,
    NoColor,
    Only,
    Outputs,
    Profiles,
    Servers,
    Six,
    Skip,
    Targets,
    Timeout,
    TraceToo,
)
from portcheck.config import ConfigError
from portcheck.model import Report
from portcheck.plan import Selection, profile_names
from portcheck.render.forecast import FORMATS

Formats = Annotated[list[str] | None, typer.Option("-f", "--format", metavar="NAME", help=", ".join(FORMATS) + ".")]
FromReport = Annotated[Path | None, typer.Option("--report", metavar="FILE", help="The hosts of this saved run.")]


def plan(
    context: typer.Context,
    target: Targets = None,
    config: Config = None,
    profile: Profiles = None,
    only: Only = None,
    skip: Skip = None,
    dc: Controllers = None,
    dns: Servers = None,
    report: FromReport = None,
    format_: Formats = None,
    output: Outputs = None,
    timeout: Timeout = None,
    answer_timeout: AnswerTimeout = None,
    attempts: Attempts = None,
    four: Four = False,  # noqa: FBT002 - flags
    six: Six = False,  # noqa: FBT002
    trace: TraceToo = None,
    no_color: NoColor = False,  # noqa: FBT002
) -> int:
    """Show what a check would send, without sending anything: no packet, no question to DNS."""
    from portcheck.forecast import making

    wanted = texts.wishes(context, format_ or (), output or (), FORMATS, "table")
    configured = targets.configuration(config, needed=not target)
    settings = replace(
        configured.settings,
        **selecting.given(
            timeout_s=selecting.duration("--timeout", timeout),
            answer_timeout_s=selecting.duration("--answer-timeout", answer_timeout),
            attempts=attempts,
            trace=trace,
        ),
    )
    families = selecting.families(four=four, six=six)
    asking = making.Asking(
        settings=settings,
        selection=Selection(targets.service_names("--only", only or ()), targets.service_names("--skip", skip or ())),
        families=families,
        report=_load(report),
    )
    chosen = [targets.narrowed(f, dc or (), dns or (), families) for f in targets.forests(configured, target or ())]
    forests = [(f, targets.profiles(configured, profile_names(f, profile or ()))) for f in chosen]
    told = making.forecast(forests, asking)
    screen = outputs.screen_options(no_color=no_color, verbose=0, quiet=False, accessible=False)
    on_file = outputs.for_file(screen)
    paths = {wish.name: wish.path for wish in wanted}
    return texts.write(wanted, lambda name: FORMATS[name](told, on_file if paths[name] else screen))


def _load(path: Path | None) -> Report | None:
    if path is None:
        return None
    from portcheck import store

    try:
        return store.load(path)
    except store.StoreError as fault:
        raise ConfigError(str(fault)) from None
