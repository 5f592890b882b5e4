"""One fuzz target a kind of file, or pasted text, that we read; its reader's declared error is its answer."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from portcheck.automation.alerting import Alert, When, prepared
from portcheck.catalogue import lookup
from portcheck.catalogue.profiles import built_in
from portcheck.catalogue.suggestions import suggest
from portcheck.cli.passwords import read_password
from portcheck.cli.targets import known_services
from portcheck.config import ConfigError, load
from portcheck.history import runs, timeline
from portcheck.history.database import HistoryError, work
from portcheck.render import FORMATS
from portcheck.render.explain.entry import unknown
from portcheck.render.shared.options import Options
from portcheck.report.to_json import StoreError, loads
from portcheck.run.runner import explained

FOLDER = Path(tempfile.gettempdir()) / f"portcheck-fuzz-{os.getpid()}"
"""One a process, taken away at its end."""
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)


def written(name: str, data: bytes) -> Path:
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    path = FOLDER / name
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(data)
    return path


def one_line(words: str) -> None:
    assert "\n" not in words


def forests(data: bytes) -> None:
    try:
        load(written("forests.toml", data), built_in(), known_services())
    except ConfigError as error:
        one_line(str(error))


def report(data: bytes) -> None:
    """Read, judged again, and shown in every format."""
    try:
        read = loads(data)
    except StoreError as error:
        one_line(str(error))
        return
    again = explained(read)
    for render in FORMATS.values():
        render(again, Options())


def history(data: bytes) -> None:
    """Damage is moved aside, and the history begins anew."""
    path = written("history.db", data)
    try:
        kept = work(path, runs.runs, [], create=False) or ()
        for plan in {run.plan for run in kept}:
            own = tuple(run for run in kept if run.plan == plan)
            work(path, lambda database, plan=plan, own=own: timeline.courses(database, plan, own), [], create=False)
        work(path, lambda database: runs.report_of(database, None), [], create=False)
    except (HistoryError, StoreError) as error:
        one_line(str(error))
    finally:
        for left in FOLDER.glob("history.db*"):
            left.unlink()


def password(data: bytes) -> None:
    try:
        one_line(read_password(written("password", data)))
    except ConfigError as error:
        one_line(str(error))


def notify(data: bytes) -> None:
    try:
        prepared(Alert(When.ALWAYS, written("urls", data)))
    except ConfigError as error:
        one_line(str(error))


def pasted(data: bytes) -> None:
    """What `explain` is given: whatever a log held."""
    text = data.decode("utf-8", "surrogateescape")
    if not lookup.find(text):
        unknown(text, suggest(text))


FILES: Mapping[str, Callable[[bytes], None]] = {
    "forests.toml": forests,
    "report.json": report,
    "history.db": history,
    "password": password,
    "notify": notify,
    "explain-text": pasted,
}
