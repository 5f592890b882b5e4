"""How a change request comes to a screen, and to who hears it: `text`, where nothing else is asked for."""

from __future__ import annotations

import sys
from collections.abc import Collection

from portcheck.cli.output import OutputWish
from portcheck.render.shared.options import for_stream

TEXT, MARKDOWN = "text", "markdown"
ON_SCREEN = frozenset({OutputWish(TEXT, None), OutputWish(MARKDOWN, None)})


def usual() -> str:
    """The format where none is named: what goes on to a ticket is Markdown."""
    return TEXT if _is_for_people() else MARKDOWN


def is_read(wanted: Collection[OutputWish]) -> bool:
    """The reader has the request before him: what it says is said nowhere else."""
    return _is_for_people() and not ON_SCREEN.isdisjoint(wanted)


def is_heard(name: str, wanted: Collection[OutputWish]) -> bool:
    """It is to be spoken; a file is for others."""
    return name == TEXT and OutputWish(TEXT, None) in wanted and for_stream(sys.stdout).accessible


def _is_for_people() -> bool:
    return for_stream(sys.stdout).accessible or sys.stdout.isatty()
