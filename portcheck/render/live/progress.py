"""Which screen a run gets: the live one on a terminal, lines elsewhere, none where quiet is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TextIO

from portcheck.model.events import Event, Notify
from portcheck.render.shared.options import Options, is_terminal


def screen(
    stream: TextIO, options: Options, *, environ: Mapping[str, str] = os.environ
) -> AbstractContextManager[Notify]:
    """`with screen(sys.stderr, options) as notify:`"""
    if options.quiet:
        return silence()
    if options.accessible or not is_terminal(stream) or environ.get("TERM") == "dumb":
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
