"""What a reader wants of an output, and what the place it goes to can show."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TextIO

from portcheck.frozen import dataclass
from portcheck.model import Report
from portcheck.render.shared.marks import can_draw
from portcheck.render.shared.spoken import ACCESSIBLE


class ProgressKind(StrEnum):
    """What is told while a run goes on: what the stream is good for, a line for each check, or nothing."""

    AUTO = "auto"
    PLAIN = "plain"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Options:
    """Only the table heeds all of them; machine formats are the same for everybody."""

    width: int = 80
    color: bool = False
    verbose: int = 0
    quiet: bool = False
    accessible: bool = False  # sentences: no drawing, no colour, no live screen
    ascii: bool = False
    run: str = "last"  # by what name commands find the run that is shown; empty: it is kept nowhere
    progress: ProgressKind = ProgressKind.AUTO
    again: str | None = ""  # what a command needs to ask the same once more: " contoso.com"; None: not known


Renderer = Callable[[Report, Options], str]


def for_stream(
    stream: TextIO,
    *,
    color: bool | None = None,
    verbose: int = 0,
    quiet: bool = False,
    accessible: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> Options:
    """Options for a stream; `color=False` is `--no-color`, None asks NO_COLOR and the stream itself."""
    terminal = is_terminal(stream)
    accessible = accessible or bool(environ.get(ACCESSIBLE))
    if color is None:
        # https://no-color.org: set and not empty, whatever the value
        color = terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
    return Options(
        width=max(20, shutil.get_terminal_size((80, 24)).columns) if terminal else 80,
        color=color and not accessible,
        verbose=verbose,
        quiet=quiet,
        accessible=accessible,
        ascii=not can_draw(getattr(stream, "encoding", None)),
    )


def is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False
