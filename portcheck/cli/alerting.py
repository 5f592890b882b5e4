"""`--notify`: when a notice is due, and where the URLs come from. They hold passwords: nobody shows or keeps them."""

from __future__ import annotations

import importlib.util
import os
import re
import stat
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from portcheck.cli.hook import SECRET
from portcheck.cli.streams import say
from portcheck.config import ConfigError
from portcheck.libraries import NOTICES, command_for
from portcheck.model import Report
from portcheck.store import words

LARGEST = 65536
URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://\S+")
FAILED = frozenset({1, 3})
INTERRUPTED = 130
MISSING = "--notify sends through apprise, which is not installed: {command}"


class When(StrEnum):
    """`--notify`."""

    ON_CHANGE = "on-change"
    ON_FAILURE = "on-failure"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Alert:
    """What the user asked for; the URLs themselves are read only to be used."""

    when: When
    file: Path | None = None

    @property
    def on_change(self) -> bool:
        return self.when is When.ON_CHANGE

    def due(self, report: Report) -> bool:
        match self.when:
            case When.ALWAYS:
                return report.exit_code != INTERRUPTED
            case When.ON_FAILURE:
                return report.exit_code in FAILED
            case When.ON_CHANGE:
                return report.compared is not None and not report.compared.same


def prepared(alert: Alert | None) -> Callable[[Report], None]:
    """What to call with the report. Raises ConfigError, before anything is sent, where no notice could be."""
    if alert is None:
        return lambda _: None
    if alert.file is None and not os.environ.get(SECRET, "").strip():
        raise ConfigError(f"--notify: give the URLs in ${SECRET} or in a file with --notify-file")
    urls = _read(alert.file) if alert.file else _checked(f"${SECRET}", os.environ[SECRET].split())
    if importlib.util.find_spec("apprise") is None:
        raise ConfigError(MISSING.format(command=command_for(NOTICES)))

    def tell(report: Report) -> None:
        if alert.due(report):
            from portcheck.notifying import send
            from portcheck.render import notice

            for trouble in send(urls, notice.title(report), notice.body(report)):
                say(trouble)

    return tell


def _read(path: Path) -> tuple[str, ...]:
    """A URL a line; blank lines and those that begin with # are left out."""
    try:
        with path.open("rb") as file:
            _require_private(path, os.fstat(file.fileno()))
            text = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise ConfigError(f"--notify-file: {path}: cannot be read: {words(error)}") from None
    if len(text) > LARGEST:
        raise ConfigError(f"--notify-file: {path}: is too large for a list of URLs")
    lines = (line.strip() for line in text.decode("utf-8-sig", "replace").splitlines())
    return _checked(f"--notify-file: {path}", [line for line in lines if line and not line.startswith("#")])


def _require_private(path: Path, status: os.stat_result) -> None:
    """Only its owner, this user or root, may read it. On Windows that is up to the user: access lists are not read."""
    if sys.platform == "win32" or str(path.parent) == os.environ.get("CREDENTIALS_DIRECTORY"):
        return  # systemd's LoadCredential= opens it to the service alone, by an access list that shows in the mode
    if status.st_mode & 0o077:
        mode = stat.S_IMODE(status.st_mode)
        raise ConfigError(f"--notify-file: {path}: others may read it (mode {mode:04o}); chmod 600 it")
    if status.st_uid not in {0, os.geteuid()}:
        raise ConfigError(f"--notify-file: {path}: belongs to another user")


def _checked(where: str, urls: Iterable[str]) -> tuple[str, ...]:
    found = tuple(urls)
    for number, url in enumerate(found, 1):
        if not URL.fullmatch(url):
            raise ConfigError(f"{where}: entry {number} is no URL (service://…)")
    if not found:
        raise ConfigError(f"{where}: names no URL")
    return found
