"""`portcheck explain`: what an error means, which ports it points at; with a run, which of its causes holds."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from portcheck.cli import targets
from portcheck.cli.output import screen_options
from portcheck.cli.pairing import Paired
from portcheck.cli.streams import show
from portcheck.config import ConfigError
from portcheck.exitcodes import NOT_AS_EXPECTED

if TYPE_CHECKING:
    from portcheck.catalogue.lookup import Match
    from portcheck.model import Report

Error = Annotated[list[str] | None, typer.Argument(help="An error's name, code or text, or a pasted log line.")]
FromReport = Annotated[Path | None, typer.Option("--report", metavar="FILE", help="Answer from this saved run.")]
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
    config: Config = None,
    as_json: Json = False,  # noqa: FBT002 - flags
    verbose: Verbose = 0,
    no_color: NoColor = False,  # noqa: FBT002
) -> int:
    """Explain an error string or code; without one, list all, or explain a saved run."""
    from portcheck.catalogue import lookup

    text = " ".join(error or ())
    evidence = _evidence(report, check, config, no_color=no_color)
    if not text:
        return _overview(as_json=as_json) if evidence is None else _findings(evidence, as_json, verbose, no_color)
    matches = lookup.find(text)
    if not matches:
        return _unknown(text, as_json=as_json)
    if as_json:
        _print(_as_json(matches, evidence))
    else:
        _print(_as_lines(matches, evidence))
    return 0


def _evidence(report: Path | None, check: list[str] | None, config: str | None, *, no_color: bool) -> Report | None:
    from portcheck.commands.check import asked
    from portcheck.report import to_json
    from portcheck.run.runner import Order

    if report is not None and check:
        raise ConfigError("--report and --check exclude each other: answer from a saved run, or run now")
    if report is not None:
        try:
            return to_json.load(report)
        except to_json.StoreError as fault:
            raise ConfigError(str(fault)) from None
    if not check:
        return None
    configured = targets.configuration(config, needed=False)
    forests = targets.forests(configured, check)
    order = Order(tuple((f, targets.profiles(configured, f.profiles)) for f in forests), configured.settings)
    screen = screen_options(no_color=no_color, verbose=0, quiet=False, accessible=False)
    return asked(order, screen, no_color=no_color)


def _findings(evidence: Report, as_json: bool, verbose: int, no_color: bool) -> int:  # noqa: FBT001
    """The saved run, judged again by this version's rules."""
    from portcheck.render import FORMATS
    from portcheck.run.runner import explained

    again = explained(evidence)
    screen = screen_options(no_color=no_color, verbose=verbose, quiet=False, accessible=False)
    _print(FORMATS["json" if as_json else "table"](again, screen).rstrip("\n"))
    return 0


def _overview(*, as_json: bool) -> int:
    from portcheck.catalogue.errors import errors
    from portcheck.render.explain import entry as words

    if as_json:
        known = [{"name": e.name, "family": e.family.title, "meaning": e.meaning} for e in errors().values()]
        _print(json.dumps(known, indent=2))
    else:
        _print("\n".join(words.overview()))
    return 0


def _unknown(text: str, *, as_json: bool) -> int:
    from portcheck.catalogue import lookup
    from portcheck.render.explain import entry as words

    suggestions = lookup.suggest(text)
    if as_json:
        _print(json.dumps({"errors": [], "suggestions": suggestions}))
    else:
        typer.echo("\n".join(words.unknown(text, suggestions)), err=True)
    return NOT_AS_EXPECTED


def _as_lines(matches: list[Match], evidence: Report | None) -> str:
    from portcheck.render.explain import entry as words

    if evidence is None:
        return "\n".join(words.lines(matches))
    from portcheck.diagnose.causes import weigh
    from portcheck.render.explain import weighed

    blocks = [weighed.lines(match.error, weigh(match.error, evidence)) for match in matches]
    return "\n\n".join("\n".join(block) for block in blocks)


def _as_json(matches: list[Match], evidence: Report | None) -> str:
    from portcheck.render.explain import entry as words

    found = words.as_dicts(matches)
    if evidence is not None:
        from portcheck.diagnose.causes import weigh
        from portcheck.render.explain import weighed

        for one, match in zip(found, matches, strict=True):
            one["weighed"] = weighed.as_dicts(weigh(match.error, evidence))
    return json.dumps({"errors": found, "suggestions": []}, indent=2)


def _print(text: str) -> None:
    show(text + "\n")
