"""`check_portcheck`: `portcheck check` under the rules of monitoring plugins: one line, performance data, 0 to 3."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence

import typer

from portcheck.cli import app
from portcheck.model import Report
from portcheck.render.nagios import UNKNOWN, level

HELP = {"-h", "--help", "--version"}


def run(arguments: Sequence[str]) -> int:
    """The plugin's exit code; usage errors and runs that could not be done are UNKNOWN."""
    if HELP & set(arguments):
        return app.run(["check", *arguments] if "--version" not in arguments else ["--version"])
    complaint = io.StringIO()
    reports: list[Report] = []
    with contextlib.redirect_stderr(complaint):
        app.run(["check", *arguments, "--quiet", "--format", "nagios"], take=reports.append)
    if not reports:
        lines = complaint.getvalue().strip().splitlines()
        typer.echo(f"PORTCHECK UNKNOWN - {lines[-1].removeprefix('portcheck: ') if lines else 'the run was not done'}")
        return UNKNOWN
    return level(reports[-1])
