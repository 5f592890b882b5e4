"""`portcheck explain`: what an error means, which ports it points at; with a run, which of its causes holds."""

from __future__ import annotations

import re
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from portcheck.cli import explaining, runs
from portcheck.cli.output import screen_options
from portcheck.cli.pairing import Paired
from portcheck.cli.streams import show
from portcheck.config import ConfigError
from portcheck.model.typed import typed
from portcheck.render import FORMATS
from portcheck.run.ending import ENDING

if TYPE_CHECKING:
    from portcheck.model import Report

Error = Annotated[list[str] | None, typer.Argument(help="An error's name, code or text, or a pasted log line.")]
FromReport = Annotated[str | None, typer.Option("--report", metavar="RUN", help=f"Answer from this run: {runs.RUN}.")]
Log = Annotated[
    str | None, typer.Option("--log", metavar="FILE", help="Every known error of a whole log; - is standard input.")
]
CheckNow = Annotated[
    list[str] | None, typer.Option("--check", metavar="FOREST", help="Run a check now, answer from it.")
]
Config = Annotated[str | None, typer.Option("-c", "--config", metavar="FILE", help="The forests file, for --check.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable.")]
Verbose = Annotated[int, typer.Option("-v", "--verbose", count=True, help="Show the evidence.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours (also by NO_COLOR).")]
SIGNED = re.compile(r"-\d{3,}")


class Codes(Paired):
    """A command that takes `-2147023174`, as logs write an HRESULT, for a code and not for an option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        codes = [word for word in args if SIGNED.fullmatch(word)]
        if codes and "--" not in args:
            args = [*(word for word in args if word not in codes), "--", *codes]
        return super().parse_args(ctx, args)


parser = Codes


def explain(
    error: Error = None,
    report: FromReport = None,
    check: CheckNow = None,
    log: Log = None,
    config: Config = None,
    as_json: Json = False,  # noqa: FBT002 - flags
    verbose: Verbose = 0,
    no_color: NoColor = False,  # noqa: FBT002
) -> int:
    """Explain an error string or code; without one, list all, or explain a saved run."""
    with ENDING.keeping if check else nullcontext():  # what the run found is told, whenever it is to end
        text = " ".join(error or ())
        evidence = _evidence(report, check, config, no_color=no_color)
        if log is not None:
            if text:
                raise ConfigError("--log reads a whole log: give either it or an error")
            from portcheck.cli.explain_log import explain_log

            return explain_log(log, evidence, as_json=as_json)
        if not text:
            return (
                explaining.overview(as_json=as_json)
                if evidence is None
                else _findings(evidence, as_json, verbose, no_color, report or "")
            )
        return explaining.answer(text, evidence, as_json=as_json, run=typed([report]) if report else "")


def _evidence(report: str | None, check: list[str] | None, config: str | None, *, no_color: bool) -> Report | None:
    if report is not None and check:
        raise ConfigError("--report and --check exclude each other: answer from a saved run, or run now")
    if report is not None:
        return runs.found(report)
    if not check:
        return None
    from portcheck.cli import targets
    from portcheck.commands.check import asked
    from portcheck.run.runner import Order

    configured = targets.configuration(config, needed=False)
    forests = targets.forests(configured, check)
    order = Order(tuple((f, targets.profiles(configured, f.profiles)) for f in forests), configured.settings)
    screen = screen_options(no_color=no_color, verbose=0, quiet=False, accessible=False)
    return asked(order, screen, no_color=no_color)


def _findings(evidence: Report, as_json: bool, verbose: int, no_color: bool, run: str) -> int:  # noqa: FBT001
    """The saved run, judged again by this version's rules."""
    from portcheck.run.runner import explained

    again = explained(evidence)
    screen = screen_options(no_color=no_color, verbose=verbose, quiet=False, accessible=False)
    screen = replace(screen, run=typed([run]) if run else "", again=None)
    show(FORMATS["json" if as_json else "table"](again, screen).rstrip("\n") + "\n")
    return 0
