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
    Four,
    NoColor,
    Outputs,
    Six,
    Timeout,
    TraceToo,
    WhatFlags,
)
from portcheck.cli.options import settings_of, taking
from portcheck.frozen import dataclass
from portcheck.model.target import Selection
from portcheck.render.plan import FORMATS
from portcheck.targets import systems
from portcheck.targets.checks import profile_names

Formats = Annotated[list[str] | None, typer.Option("-f", "--format", metavar="NAME", help=", ".join(FORMATS) + ".")]
FromReport = Annotated[str | None, typer.Option("--report", metavar="RUN", help=f"The hosts of this run: {runs.RUN}.")]


@dataclass(frozen=True, slots=True)
class PlanFlags(WhatFlags):
    """The command line of `plan`, in the order of its help."""

    report: FromReport = None
    format_: Formats = None
    output: Outputs = None
    timeout: Timeout = None
    answer_timeout: AnswerTimeout = None
    attempts: Attempts = None
    four: Four = False
    six: Six = False
    trace: TraceToo = None
    no_color: NoColor = False


def plan(context: typer.Context, flags: PlanFlags) -> int:
    """Show what a check would send, without sending anything: no packet, no question to DNS."""
    from portcheck.plan import forecast

    wanted = output_texts.wishes(context, flags.format_ or (), flags.output or (), FORMATS, "table")
    report = None if flags.report is None else runs.found(flags.report)
    configured = targets.configuration(flags.config, needed=not flags.target and report is None)
    families = selection.families(four=flags.four, six=flags.six)
    only, skip = (
        targets.service_names(*given) for given in (("--only", flags.only or ()), ("--skip", flags.skip or ()))
    )
    asking = forecast.ForecastOrder(
        settings=replace(configured.settings, **settings_of(flags)),
        selection=Selection(only, skip),
        families=families,
        report=report,
    )
    of_run = () if configured.forests or report is None else [forest.name for forest in report.forests]
    named = targets.forests(configured, flags.target or of_run, asking=False)
    chosen = [targets.narrowed(f, flags.dc or (), flags.dns or (), families) for f in named]
    forests = [(f, targets.profiles(configured, profile_names(f, flags.profile or ()))) for f in chosen]
    if (flags.only or flags.skip) and asking.report is None:
        systems.refuse_nothing(forests, (), asking.selection)
    told = forecast.forecast(forests, asking)
    screen = outputs.screen_options(no_color=flags.no_color, verbose=0, quiet=False, accessible=False)
    on_file = outputs.for_file(screen)
    paths = {wish.name: wish.path for wish in wanted}
    return output_texts.write(wanted, lambda name: FORMATS[name](told, on_file if paths[name] else screen))


command = taking(plan, PlanFlags)
