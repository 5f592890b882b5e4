"""A value of the file together with its place in it, so that every complaint can say where."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import TypeVar

from portcheck.config.files import spelled
from portcheck.config.lines import Path as KeyPath
from portcheck.config.lines import key_lines
from portcheck.config.words import ConfigError, nearest, printable, shown
from portcheck.frozen import dataclass

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ConfigSource:
    """The file the values came from, and its text."""

    path: Path
    text: str

    def line(self, at: KeyPath) -> int | None:
        """The line of a key, or of the nearest table around it whose line is known."""
        lines = key_lines(self.text)  # now, not at the start: only a complaint needs it
        while at:
            if at in lines:
                return lines[at]
            at = at[:-1]
        return None


@dataclass(frozen=True, slots=True)
class Node:
    """One value; `at` is its path of keys and indexes from the top."""

    value: object
    source: ConfigSource
    at: KeyPath = ()

    def error(self, message: str) -> ConfigError:
        """A complaint about this value, as file:line: key: message."""
        return self.located(f"{key}: {message}" if (key := self.key) else message)

    def located(self, message: str) -> ConfigError:
        """A complaint about what stands here, as file:line: message."""
        line = self.source.line(self.at)
        where = spelled(self.source.path)
        return ConfigError(f"{where}:{line}: {message}" if line else f"{where}: {message}")

    @property
    def key(self) -> str:
        """The last name on the way here, without indexes."""
        names = [printable(part) for part in self.at if isinstance(part, str)]
        return names[-1] if names else ""

    @property
    def title(self) -> str:
        """The table as its header is written: `[defaults]`, `[[forest.extra]]`."""
        names = [printable(part) for part in self.at if isinstance(part, str)]
        in_array = bool(self.at) and isinstance(self.at[-1], int)
        return f"[[{'.'.join(names)}]]" if in_array else f"[{'.'.join(names)}]" if names else "the file"

    def table(self, known: Collection[str], needed: Iterable[str] = ()) -> dict[str, Node]:
        """The values by key; every key known, every needed one there."""
        children = self.children()
        for key, child in children.items():
            if key not in known:
                raise child.located(f"unknown key {shown(key)} in {self.title}{nearest(key, known)}")
        for key in needed:
            if key not in children:
                raise self.located(f"{self.title} has no {key}; add {key} = …")
        return children

    def children(self) -> dict[str, Node]:
        if not isinstance(self.value, dict):
            raise self.error(f"{shown(self.value)} is not a table")
        return {key: Node(value, self.source, (*self.at, key)) for key, value in self.value.items()}

    def each(self) -> tuple[Node, ...]:
        if not isinstance(self.value, list):
            raise self.error(f"{shown(self.value)} is not an array; write it in square brackets")
        return tuple(Node(value, self.source, (*self.at, index)) for index, value in enumerate(self.value))

    def rows(self) -> tuple[Node, ...]:
        """The elements of an array of tables."""
        if isinstance(self.value, dict):
            raise self.located(f"{self.title} is one table; write [{self.title}] with two brackets")
        return self.each()

    def read(self, parse: Callable[[object], T]) -> T:
        """What `parse` makes of the value; its complaint gets a place."""
        try:
            return parse(self.value)
        except ConfigError as error:
            raise self.error(str(error)) from None

    def text(self, longest: int = 500) -> str:
        """A text on one line that says something."""
        if not isinstance(self.value, str):
            raise self.error(f"{shown(self.value)} is not a text; write it in quotes")
        if not self.value.strip() or not self.value.isprintable() or len(self.value) > longest:
            raise self.error(f"{shown(self.value)} is not one line of 1 to {longest} printable characters")
        return self.value.strip()

    def word(self, known: Collection[str], kind: str) -> str:
        """One of the `known` words, in lower case."""
        word = self.text().lower()
        if word not in known:
            raise self.error(f"unknown {kind} {shown(word)}{nearest(word, known)}")
        return word

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.error(f"{shown(self.value)} is neither true nor false")
        return self.value

    def whole(self, low: int, high: int) -> int:
        if isinstance(self.value, bool) or not isinstance(self.value, int) or not low <= self.value <= high:
            raise self.error(f"{shown(self.value)} is not a whole number from {low} to {high}")
        return self.value

    def unique(self, parse: Callable[[Node], T], taken: Iterable[T] = ()) -> tuple[T, ...]:
        """Each element of an array, none of them twice and none of those `taken`."""
        seen = dict.fromkeys(taken)
        before = len(seen)
        for element in self.each():
            value = parse(element)
            if value in seen:
                raise element.error(f"{shown(str(value))} is here twice")
            seen[value] = None
        return tuple(seen)[before:]
