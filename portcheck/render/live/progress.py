"""Which screen a run gets: the live one on a terminal, elsewhere what fails, none where quiet is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TextIO

from portcheck.model.events import Event, Notify
from portcheck.render.shared.options import Options, ProgressKind, is_terminal


def screen(
    stream: TextIO, options: Options, *, environ: Mapping[str, str] = os.environ
) -> AbstractContextManager[Notify]:
    """`with screen(sys.stderr, options) as notify:`"""
    if options.quiet or options.progress is ProgressKind.NONE:
        return silence()
    drawn = is_terminal(stream) and environ.get("TERM") != "dumb" and not options.accessible
    if options.progress is ProgressKind.PLAIN or not drawn:
        from portcheck.render.live import lines

        return lines.screen(stream, options)
    from rich.console import Console

    from portcheck.render.live import screen as live

    return live.screen(Console(file=stream, no_color=not options.color, highlight=False), options)


@contextmanager
def silence() -> Iterator[Notify]:
    def notify(event: Event) -> None:
        del event

    yield notify
