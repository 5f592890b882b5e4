"""`--notify`: when a notice is due, and where the URLs come from. They hold passwords: nobody shows or keeps them."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path

from portcheck.automation import event_log
from portcheck.config import ConfigError
from portcheck.exitcodes import INTERRUPTED, NOT_AS_EXPECTED, NOT_DONE
from portcheck.files.private import NotPrivateError, read_private
from portcheck.files.reading import words
from portcheck.files.text import NotTextError, decoded
from portcheck.frozen import dataclass
from portcheck.model import Report
from portcheck.model.libraries import how_to_get

SECRET = "PORTCHECK_NOTIFY"  # noqa: S105 - the name of the variable that holds them
LARGEST = 65536
URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://\S+")
FAILED = frozenset({NOT_AS_EXPECTED, NOT_DONE})
MISSING = "--notify sends through apprise, which is not installed: {how}"


class When(StrEnum):
    """`--notify`."""

    ON_CHANGE = "on-change"
    ON_FAILURE = "on-failure"
    ALWAYS = "always"
    EVENT_LOG = "eventlog://"
    """A change, into Windows' own log: that URL is no secret, and needs no file."""


@dataclass(frozen=True, slots=True)
class Alert:
    """What the user asked for; the URLs themselves are read only to be used."""

    when: When
    file: Path | None = None

    @property
    def on_change(self) -> bool:
        return self.when in {When.ON_CHANGE, When.EVENT_LOG}

    @property
    def needs_secrets(self) -> bool:
        return self.when is not When.EVENT_LOG

    def due(self, report: Report) -> bool:
        match self.when:
            case When.ALWAYS:
                return report.exit_code != INTERRUPTED
            case When.ON_FAILURE:
                return report.exit_code in FAILED
            case When.ON_CHANGE | When.EVENT_LOG:
                return report.compared is not None and not report.compared.same


@dataclass(frozen=True, slots=True)
class Notices:
    """Where they go, and, for notices of runs, when they are due."""

    urls: tuple[str, ...] = ()
    alert: Alert | None = None

    def about(self, report: Report) -> Iterator[str]:
        """Send what is due of this run; a line for each place that it did not reach."""
        if self.alert is not None and self.alert.due(report):
            from portcheck.automation.notify import send
            from portcheck.render.shared import notice

            yield from send(self.urls, notice.title(report), notice.body(report), exit_code=report.exit_code)

    def send(self, title: str, body: str) -> Iterator[str]:
        """Whatever it says; a line for each place that it did not reach."""
        from portcheck.automation.notify import send

        yield from send(self.urls, title, body)


def prepared(alert: Alert | None) -> Notices:
    """Raises ConfigError, before anything is sent, where no notice could be."""
    if alert is None:
        return Notices()
    urls = () if alert.needs_secrets else _sendable((alert.when.value,))
    if alert.needs_secrets or alert.file is not None:
        urls += _urls(alert.file)
    return Notices(urls, alert)


def in_any_case(file: Path | None) -> Notices:
    """For what is due whatever it says. Raises ConfigError, as `prepared`."""
    return Notices(_urls(file))


def _urls(file: Path | None) -> tuple[str, ...]:
    if file is None and not os.environ.get(SECRET, "").strip():
        raise ConfigError(f"--notify: give the URLs in ${SECRET} or in a file with --notify-file")
    return _sendable(_read(file) if file else _checked(f"${SECRET}", os.environ[SECRET].split()))


def _sendable(urls: tuple[str, ...]) -> tuple[str, ...]:
    """The URLs, where this machine has what they take. Raises ConfigError."""
    if not event_log.HERE and any(map(event_log.is_meant, urls)):
        raise ConfigError(f"--notify: {event_log.SCHEME}:// is the event log of Windows; this system has none")
    if not all(map(event_log.is_meant, urls)) and importlib.util.find_spec("apprise") is None:
        raise ConfigError(MISSING.format(how=how_to_get("apprise")))
    return urls


def _read(path: Path) -> tuple[str, ...]:
    """A URL a line; blank lines and those that begin with # are left out."""
    try:
        raw = read_private(path, LARGEST)
    except NotPrivateError as error:
        raise ConfigError(f"--notify-file: {path}: {error}") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"--notify-file: {path}: cannot be read: {words(error)}") from None
    if len(raw) > LARGEST:
        raise ConfigError(f"--notify-file: {path}: is too large for a list of URLs")
    try:
        lines = [line.strip() for line in decoded(raw).splitlines()]
    except NotTextError as error:
        raise ConfigError(f"--notify-file: {path}: {error}") from None
    return _checked(f"--notify-file: {path}", [line for line in lines if line and not line.startswith("#")])


def _checked(where: str, urls: Iterable[str]) -> tuple[str, ...]:
    found = tuple(urls)
    for number, url in enumerate(found, 1):
        if not URL.fullmatch(url):
            raise ConfigError(f"{where}: entry {number} is no URL (service://…)")
    if not found:
        raise ConfigError(f"{where}: names no URL")
    return found
