"""Progress goes to stderr: the live table on a terminal, a line a result elsewhere, nothing when quiet.

It is drawn in a thread of its own, which loads what it draws with when there is something to draw: neither keeps a
packet waiting, nor does a terminal that does not take more.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import chain
from queue import Empty, SimpleQueue

from portcheck.model.events import Event, Notify
from portcheck.render.shared.options import Options, for_stream

LAST_WORDS_S = 5.0  # a terminal that does not take more is left alone
SHOWN_AFTER_S = 0.1  # before that nobody misses a screen


@contextmanager
def on_stderr(screen: Options, *, no_color: bool = False) -> Iterator[Notify]:
    """`screen` is how stdout is to look; stderr may be another kind of stream."""
    options = for_stream(
        sys.stderr,
        color=False if no_color else None,
        verbose=screen.verbose,
        quiet=screen.quiet,
        accessible=screen.accessible,
    )
    options = replace(options, progress=screen.progress)
    events: SimpleQueue[Event | None] = SimpleQueue()
    drawing = threading.Thread(target=_draw, args=(events, options), name="screen", daemon=True)
    drawing.start()
    try:
        yield events.put
    finally:
        events.put(None)
        drawing.join(LAST_WORDS_S)


def _draw(events: SimpleQueue[Event | None], options: Options) -> None:
    """Until None comes. A stream that is closed, or that nobody reads, ends the drawing and nothing else."""
    waiting: list[Event] = []
    with suppress(Empty):
        first = events.get(timeout=SHOWN_AFTER_S)
        if first is None:
            return
        waiting.append(first)
    from portcheck.render.live import progress

    with suppress(OSError, ValueError), progress.screen(sys.stderr, options) as notify:
        for event in chain(waiting, _coming(events)):
            notify(event)


def _coming(events: SimpleQueue[Event | None]) -> Iterator[Event]:
    while (event := events.get()) is not None:
        yield event
