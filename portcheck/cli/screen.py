"""Progress goes to stderr: the live table on a terminal, a line a result elsewhere, nothing when quiet."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager

from portcheck.events import Notify
from portcheck.render import progress
from portcheck.render.options import Options, for_stream


def on_stderr(screen: Options, *, no_color: bool = False) -> AbstractContextManager[Notify]:
    """`screen` is how stdout is to look; stderr may be another kind of stream."""
    options = for_stream(
        sys.stderr,
        color=False if no_color else None,
        verbose=screen.verbose,
        quiet=screen.quiet,
        accessible=screen.accessible,
    )
    return progress.screen(sys.stderr, options)
