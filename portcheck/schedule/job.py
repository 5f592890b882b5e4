"""What is to be run, how often, and by whom: what every scheduler is told in its own words."""

from __future__ import annotations

import re
from dataclasses import field

from portcheck.config import ConfigError, format_duration
from portcheck.frozen import dataclass

MINUTE, HOUR, DAY, WEEK = 60, 3600, 86400, 7 * 86400
MINUTES = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)
HOURS = (1, 2, 3, 4, 6, 8, 12)
PASSWORD = re.compile(r"(?:^|//)[^/?#@\s]*:[^/?#\s]*[^/?#\s:]@")
"""`user:password@` before a host, with a scheme or without."""
ELSEWHERE = (
    "write HTTPS_PROXY=… into a file that only root may read (chmod 600) and name that in the service as"
    " EnvironmentFile=, or give proxy in a forests file that is closed to others"
)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Scheduled:
    """One command at an interval that divides the hour or the day, so that cron can say it too."""

    name: str
    argv: tuple[str, ...]
    every_s: int
    user: str | None = None  # None: whoever the scheduler has for services without rights
    folders: tuple[str, ...] = ()  # where it writes its files
    secrets: str | None = None  # the file with the notices' URLs
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def minutes(self) -> int:
        return self.every_s // MINUTE


def interval(seconds: float) -> int:
    """The interval in whole seconds. Raises ConfigError where cron could not say it."""
    allowed = [m * MINUTE for m in MINUTES] + [h * HOUR for h in HOURS] + [DAY]
    if seconds in allowed:
        return int(seconds)
    near = min(allowed, key=lambda one: abs(one - seconds))
    given = format_duration(seconds)
    raise ConfigError(f"--every: {given} divides neither the hour nor the day; the nearest that does is {_said(near)}")


def _said(seconds: int) -> str:
    return format_duration(seconds)


def named(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ConfigError(f"--name: {name[:40]!r} is no unit's name; use letters, digits, - _ and .")
    return name


def refuse_secret(where: str, word: str) -> None:
    """Units and crontabs are read by everyone, and so are the words of a running command. Raises ConfigError."""
    if PASSWORD.search(word):
        raise ConfigError(f"{where}: holds a password, and everyone may read a unit; {ELSEWHERE}")


def checked(argv: tuple[str, ...]) -> tuple[str, ...]:
    """No unit file can hold a line break or another control character within a word."""
    for word in argv:
        if not word.isprintable():
            raise ConfigError(f"a schedule cannot hold the control characters of {word[:60]!r}")
    return argv
