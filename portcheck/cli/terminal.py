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

from portcheck.cli.streams import PATIENCE_S, leave_stderr
from portcheck.model.events import Event, Notify, unheard
from portcheck.net.starved import starved
from portcheck.render.shared.options import Options, for_stream

BREATH_S = 0.05
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
    if options.quiet:
        yield unheard
        return
    events: SimpleQueue[Event | None] = SimpleQueue()
    ended = threading.Event()
    drawing = threading.Thread(target=_draw_if_possible, args=(events, ended, options), name="screen", daemon=True)
    drawing.start()
    try:
        yield events.put
    finally:
        events.put(None)
        ended.set()
        drawing.join(PATIENCE_S)
        if drawing.is_alive():
            leave_stderr()


def _draw_if_possible(events: SimpleQueue[Event | None], ended: threading.Event, options: Options) -> None:
    """Where this machine has nothing left to draw with, the result is told all the same."""
    try:
        _draw(events, ended, options)
    except (MemoryError, ImportError, RuntimeError, SystemError) as error:
        if not starved(error):
            raise


def _draw(events: SimpleQueue[Event | None], ended: threading.Event, options: Options) -> None:
    """Until None comes. A stream that is closed, or that nobody reads, ends the drawing and nothing else."""
    waiting: list[Event] = []
    with suppress(Empty):
        first = events.get(timeout=SHOWN_AFTER_S)
        if first is None:
            return
        waiting.append(first)
    from portcheck.render.live import progress

    with suppress(OSError, ValueError), progress.screen(sys.stderr, options) as notify:
        for event in chain(waiting, _coming(events, ended)):
            notify(event)


def _coming(events: SimpleQueue[Event | None], ended: threading.Event) -> Iterator[Event]:
    """All there are, then none for a moment: to be woken for each would cost those who ask more than the asking."""
    while (event := events.get()) is not None:
        yield event
        if events.empty():
            ended.wait(BREATH_S)
