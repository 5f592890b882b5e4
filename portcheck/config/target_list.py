"""A file of targets: one a line, `#` before a comment; UTF-8 or, as Windows writes it, UTF-16 with its mark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from portcheck.config.words import ConfigError, printable
from portcheck.files.reading import read, words
from portcheck.files.text import NotTextError, decoded

MARK = "@"
LARGEST = 1024 * 1024
MOST_LINES = 4096


def lines_of(given: str) -> Iterator[tuple[str, str]]:
    """Of `@FILE`: where each target is written (`FILE:3`), and the target. Raises ConfigError."""
    path = Path(given.removeprefix(MARK))
    name = printable(str(path), 240)
    if given == MARK:
        raise ConfigError("target '@': the name of a file with targets, one a line, follows the @")
    found = [(f"{name}:{number}", line) for number, line in enumerate(_lines(path, name), start=1) if line]
    if not found:
        raise ConfigError(f"{name}: names no target; write one a line")
    if len(found) > MOST_LINES:
        raise ConfigError(f"{name}: more than {MOST_LINES} targets; split the file")
    for where, line in found:
        if line.startswith(MARK):
            raise ConfigError(f"{where}: a list of targets names no other list; write the targets themselves")
        yield where, line


def _lines(path: Path, name: str) -> list[str]:
    try:
        content = read(path, LARGEST)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{name}: cannot be read: {words(error)}") from None
    if len(content) > LARGEST:
        raise ConfigError(f"{name}: more than {LARGEST // 1024} KiB; that is no list of targets")
    try:
        return [_without_comment(line) for line in decoded(content).splitlines()]
    except NotTextError as error:
        raise ConfigError(f"{name}: {error}") from None


def _without_comment(line: str) -> str:
    """A `#` begins a comment at the line's start or after a blank; names hold none."""
    return line.partition("#")[0].strip()
