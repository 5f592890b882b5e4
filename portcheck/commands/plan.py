"""`portcheck plan`: every packet that a check would send, to whom and why. Sends nothing, not even to DNS."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from portcheck.cli import output as outputs
from portcheck.cli import output_texts, runs, selection, targets
from portcheck.cli.check_flags import (
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
from portcheck.model.target import Selection
from portcheck.render.plan import FORMATS
from portcheck.targets.checks import profile_names

Formats = Annotated[list[str] | None, typer.Option("-f", "--format", metavar="NAME", help=", ".join(FORMATS) + ".")]
FromReport = Annotated[str | None, typer.Option("--report", metavar="RUN", help=f"The hosts of this run: {runs.RUN}.")]


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
    from portcheck.plan import forecast

    wanted = output_texts.wishes(context, format_ or (), output or (), FORMATS, "table")
    configured = targets.configuration(config, needed=not target)
    settings = replace(
        configured.settings,
        **selection.given(
            timeout_s=selection.duration("--timeout", timeout),
            answer_timeout_s=selection.duration("--answer-timeout", answer_timeout),
            attempts=attempts,
            trace=trace,
        ),
    )
    families = selection.families(four=four, six=six)
    asking = forecast.ForecastOrder(
        settings=settings,
        selection=Selection(targets.service_names("--only", only or ()), targets.service_names("--skip", skip or ())),
        families=families,
        report=None if report is None else runs.found(report),
    )
    named = targets.forests(configured, target or (), asking=False)
    chosen = [targets.narrowed(f, dc or (), dns or (), families) for f in named]
    forests = [(f, targets.profiles(configured, profile_names(f, profile or ()))) for f in chosen]
    told = forecast.forecast(forests, asking)
    screen = outputs.screen_options(no_color=no_color, verbose=0, quiet=False, accessible=False)
    on_file = outputs.for_file(screen)
    paths = {wish.name: wish.path for wish in wanted}
    return output_texts.write(wanted, lambda name: FORMATS[name](told, on_file if paths[name] else screen))
