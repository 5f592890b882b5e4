"""`check_portcheck`: `portcheck check` under the rules of monitoring plugins: one line, performance data, 0 to 3."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Sequence

import typer

from portcheck.cli import app
from portcheck.model import Report
from portcheck.render.report.nagios import UNKNOWN, WORDS, level, status

HELP = {"-h", "--help", "--version"}


def run(arguments: Sequence[str]) -> int:
    """The plugin's exit code; usage errors, help and runs that could not be done are UNKNOWN."""
    if HELP & set(arguments):
        app.run(["check", *arguments] if "--version" not in arguments else ["--version"])
        return UNKNOWN
    complaint = io.StringIO()
    reports: list[Report] = []
    with contextlib.redirect_stderr(complaint):
        app.run(["check", *arguments, "--quiet", "--format", "nagios"], take=reports.append)
    lines = complaint.getvalue().strip().splitlines()
    if not reports:
        told = lines[-1].removeprefix("portcheck: ") if lines else "the run was not done"
        typer.echo(status(WORDS[UNKNOWN], [told]))
        return UNKNOWN
    for line in lines:  # a file that could not be written: the check itself was done
        sys.stderr.write(f"{line}\n")
    return level(reports[-1])
