"""Typed access to parsed JSON that somebody else may have written; each complaint names the place in the file."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TypeVar

from portcheck.frozen import dataclass
from portcheck.model import Facts

MAX_DEPTH = 32
"""Deeper facts than any probe makes; guards whoever walks them later."""

Word = TypeVar("Word", bound=StrEnum)


class ReadingError(ValueError):
    """The file's content is not what it claims to be; the message names the place."""


@dataclass(frozen=True, slots=True)
class JsonObject:
    """A JSON object and where it stands. A key with a default may be missing or null; one without may not."""

    where: str
    values: Mapping[str, object]

    @classmethod
    def of(cls, value: object, where: str) -> JsonObject:
        if not isinstance(value, dict):
            raise ReadingError(f"{where}: expected an object, found {kind(value)}")
        return cls(where, value)

    def wrong(self, key: str, expected: str) -> ReadingError:
        found = kind(self.values[key]) if key in self.values else "nothing"
        return ReadingError(f"{self.where}.{key}: expected {expected}, found {found}")

    def text(self, key: str, default: str | None = None) -> str:
        value = self.values.get(key)
        value = default if value is None else value
        if not isinstance(value, str):
            raise self.wrong(key, "text")
        return value

    def maybe_text(self, key: str) -> str | None:
        return None if self.values.get(key) is None else self.text(key)

    def number(self, key: str, default: float | None = None) -> float:
        value = self.values.get(key)
        value = default if value is None else value
        # bool is an int to Python; a number too large for a float has no finite twin
        if isinstance(value, bool) or not isinstance(value, int | float) or not finite(value):
            raise self.wrong(key, "a number")
        return value

    def maybe_number(self, key: str) -> float | None:
        return None if self.values.get(key) is None else self.number(key)

    def whole(self, key: str, default: int | None = None) -> int:
        value = self.number(key, default)
        if not isinstance(value, int):
            raise self.wrong(key, "a whole number")
        return value

    def maybe_whole(self, key: str) -> int | None:
        return None if self.values.get(key) is None else self.whole(key)

    def flag(self, key: str, *, default: bool) -> bool:
        value = self.values.get(key)
        value = default if value is None else value
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def maybe_flag(self, key: str) -> bool | None:
        return None if self.values.get(key) is None else self.flag(key, default=False)

    def word(self, key: str, words: type[Word], default: Word | None = None) -> Word:
        value = self.text(key, default)
        try:
            return words(value)
        except ValueError:
            raise ReadingError(f"{self.where}.{key}: {value[:40]!r} is not one of {', '.join(words)}") from None

    def maybe_word(self, key: str, words: type[Word]) -> Word | None:
        return None if self.values.get(key) is None else self.word(key, words)

    def texts(self, key: str) -> tuple[str, ...]:
        values = self.array(key)
        if not all(isinstance(v, str) for v in values):
            raise self.wrong(key, "a list of text")
        return tuple(str(v) for v in values)

    def maybe_texts(self, key: str) -> tuple[str | None, ...]:
        """Texts, and nulls among them."""
        found = tuple(v if isinstance(v, str) else None for v in self.array(key))
        if any(told is None and v is not None for told, v in zip(found, self.array(key), strict=True)):
            raise self.wrong(key, "a list of text and null")
        return found

    def array(self, key: str) -> list[object]:
        value = self.values.get(key)
        value = [] if value is None else value
        if not isinstance(value, list):
            raise self.wrong(key, "a list")
        return value

    def places(self, key: str) -> Iterator[JsonObject]:
        return (JsonObject.of(value, f"{self.where}.{key}[{i}]") for i, value in enumerate(self.array(key)))

    def maybe_place(self, key: str) -> JsonObject | None:
        value = self.values.get(key)
        return None if value is None else JsonObject.of(value, f"{self.where}.{key}")

    def facts(self, key: str) -> Facts:
        place = self.maybe_place(key)
        if place is None:
            return {}
        if depth(place.values) > MAX_DEPTH:
            raise ReadingError(f"{place.where}: nested deeper than {MAX_DEPTH}")
        return dict(place.values)


def finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def depth(value: object, level: int = 0) -> int:
    """How deep lists and objects nest; stops counting soon after the limit, so that it cannot be led astray."""
    if level > MAX_DEPTH or not isinstance(value, dict | list):
        return level
    inner = value.values() if isinstance(value, dict) else value
    return max((depth(v, level + 1) for v in inner), default=level + 1)


def kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case dict():
            return "an object"
    return "something else"
