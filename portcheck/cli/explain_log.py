"""`portcheck explain --log`: every known error of a whole log; with a run, which of their causes it shows."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from portcheck.cli.streams import show
from portcheck.config import ConfigError
from portcheck.files.reading import opened
from portcheck.logs.records import records
from portcheck.logs.tally import Tally, tally
from portcheck.logs.text import LogError, lines
from portcheck.render import log as words
from portcheck.render.explain.entry import WIDTH
from portcheck.render.shared.spoken import width

if TYPE_CHECKING:
    from portcheck.diagnose.causes import WeighedCause
    from portcheck.model import Report

STDIN = "-"


def explain_log(log: str, evidence: Report | None, *, as_json: bool) -> int:
    """The exit code: 0, or 1 where the log holds no known error."""
    name = "standard input" if log == STDIN else log
    found = _tally(log)
    weighed = _weighed(found, evidence)
    if as_json:
        show(json.dumps(words.as_dict(name, found, weighed), indent=2) + "\n")
    else:
        show("\n".join(words.lines(name, found, weighed, width(WIDTH))) + "\n")
    return 0 if found.seen else 1


def _tally(log: str) -> Tally:
    path = Path(log)
    try:
        if log == STDIN:
            return tally(records(lines(sys.stdin.buffer)))
        with opened(path) as file, _progress(path) as read:
            return tally(records(lines(file, read)))
    except LogError as fault:
        raise ConfigError(f"{path}: {fault}") from None
    except OSError as fault:
        raise ConfigError(f"{path}: cannot be read: {fault.strerror or 'no reason given'}") from None
    except ValueError:  # a NUL in the name
        raise ConfigError("the name of the log cannot be one") from None


def _weighed(found: Tally, evidence: Report | None) -> list[tuple[WeighedCause, ...]]:
    if evidence is None:
        return []
    from portcheck.diagnose.causes import weigh

    return [weigh(one.error, evidence) for one in found.ranked()]


@contextmanager
def _progress(path: Path) -> Iterator[Callable[[int], None]]:
    """A bar on stderr where that is a terminal."""
    size = path.stat().st_size
    if not sys.stderr.isatty() or not size:
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(path.name, total=size)
        yield lambda count: bar.advance(task, count)
