"""`portcheck help`: a command, a state, a verdict, a finding, a service, a port, a profile or an error, explained."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from portcheck.cli import app, explaining, pages
from portcheck.cli.streams import show

Topic = Annotated[
    list[str] | None, typer.Argument(metavar="[TOPIC]", help="A command, state, verdict, finding, profile or error.")
]
Man = Annotated[bool, typer.Option("--man", help="The manual page: portcheck help --man | man -l -.")]


class Shell(StrEnum):
    """What completion can be written for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


For = Annotated[
    Shell | None, typer.Option("--completion", metavar="SHELL", help="bash, zsh or fish: put it where that looks.")
]


def help_(topic: Topic = None, man: Man = False, completion: For = None) -> int:  # noqa: FBT002 - a flag
    """Explain a command, or a word that portcheck uses."""
    if man:
        show(pages.man(app.build()))
        return 0
    if completion is not None:
        show(pages.COMPLETIONS[completion](app.build()))
        return 0
    words = list(topic or ())
    if not words or words[0] in {*app.COMMANDS, *app.GROUPS}:
        return app.run([*words, "--help"])
    return explaining.answer(" ".join(words), None, as_json=False)


command = help_
