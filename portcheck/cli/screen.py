"""Which progress goes to stderr: the live table on a terminal, a line a result elsewhere, nothing when quiet."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from portcheck.events import Event, Notify
from portcheck.render import lines
from portcheck.render.options import Options, for_stream, is_terminal


@contextmanager
def progress(screen: Options, *, no_color: bool = False) -> Iterator[Notify]:
    """The function to notify while the run goes on."""
    if screen.quiet:
        yield _silent
        return
    options = for_stream(
        sys.stderr, color=False if no_color else None, verbose=screen.verbose, accessible=screen.accessible
    )
    if screen.accessible or not is_terminal(sys.stderr):
        with lines.screen(sys.stderr, options) as notify:
            yield notify
        return
    from rich.console import Console

    from portcheck.render import live

    console = Console(file=sys.stderr, no_color=not options.color, highlight=False)
    with live.screen(console, options) as notify:
        yield notify


def _silent(event: Event) -> None:
    del event
