"""Which line of a TOML text holds which key: tomllib keeps no positions, so this walks the text a second time.

It relies on tomllib having read the text before: it skips values rather than judging them, and where it loses its
way it stops, leaving the rest without a line.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from contextlib import suppress

Path = tuple[str | int, ...]
"""Keys from the top, an index for each element of an array: `("forest", 0, "dns", 1)`."""

BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
DOT = re.compile(r"[ \t]*\.[ \t]*")
# A multi-line text may end in up to five quotes: two of its own and the three that close it (TOML 1.0, String).
TEXT = re.compile(r"""\"{3}(?:[^\\]|\\.)*?\"{3,5}|'{3}.*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""", re.DOTALL)
WORD = re.compile(r"[^,\]}#\n]+")  # numbers, truth values, dates: the one with a space in it too


class _LostError(Exception):
    pass


def key_lines(text: str) -> Mapping[Path, int]:
    """The line (from 1) of each table header, key and array element of a valid TOML text."""
    walk = _Walk(text)
    with suppress(_LostError, RecursionError):
        walk.document()
    breaks = [found.start() for found in re.finditer("\n", text)]
    return {path: bisect_left(breaks, start) + 1 for path, start in walk.starts.items()}


class _Walk:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.starts: dict[Path, int] = {}
        self.lengths: dict[Path, int] = {}  # of the arrays of tables

    def document(self) -> None:
        table: Path = ()
        self.take(BLANK)
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.assignment(table)
            self.take(BLANK)

    def take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise _LostError
        self.at = found.end()
        return found.group()

    def expect(self, mark: str) -> None:
        if not self.text.startswith(mark, self.at):
            raise _LostError
        self.at += len(mark)

    def key(self) -> Iterator[str]:
        while True:
            part = self.take(KEY)
            yield tomllib.loads(f"k={part}")["k"] if part[0] in "\"'" else part
            if DOT.match(self.text, self.at) is None:
                return
            self.take(DOT)

    def header(self) -> Path:
        start = self.at
        mark = "]]" if self.text.startswith("[[", self.at) else "]"
        self.at += len(mark)
        self.take(BLANK)
        path: Path = ()
        for part in self.key():
            path = self.current((*path, part)) if path else self.current((part,))
        self.take(BLANK)
        self.expect(mark)
        if mark == "]]":
            path = path[:-1] if isinstance(path[-1], int) else path
            self.lengths[path] = self.lengths.get(path, 0) + 1
            path = self.current(path)
        for depth in range(1, len(path) + 1):
            self.note(path[:depth], start)
        return path

    def current(self, path: Path) -> Path:
        """In a header, the name of an array of tables means its last element."""
        return (*path, self.lengths[path] - 1) if path in self.lengths else path

    def note(self, path: Path, start: int) -> None:
        self.starts.setdefault(path, start)

    def assignment(self, table: Path) -> None:
        start = self.at
        path = table
        for part in self.key():
            path = (*path, part)
            self.note(path, start)
        self.take(BLANK)
        self.expect("=")
        self.take(BLANK)
        self.value(path)

    def value(self, path: Path) -> None:
        match self.text[self.at : self.at + 1]:
            case "[":
                self.array(path)
            case "{":
                self.inline_table(path)
            case '"' | "'":
                self.take(TEXT)
            case _:
                self.take(WORD)

    def array(self, path: Path) -> None:
        self.expect("[")
        self.take(BLANK)
        index = 0
        while not self.text.startswith("]", self.at):
            self.note((*path, index), self.at)
            self.value((*path, index))
            self.separator()
            index += 1
        self.expect("]")

    def inline_table(self, path: Path) -> None:
        self.expect("{")
        self.take(BLANK)
        while not self.text.startswith("}", self.at):
            self.assignment(path)
            self.separator()
        self.expect("}")

    def separator(self) -> None:
        self.take(BLANK)
        if self.text.startswith(",", self.at):
            self.at += 1
        elif self.text[self.at : self.at + 1] not in ("]", "}"):
            raise _LostError
        self.take(BLANK)
