"""Words that say nothing of an error: names of users, hosts and programs, which lines of one kind differ in.

A word is neutral where nothing that the catalogue looks for has it: no spelling, no hint of a family, no pattern.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from portcheck.catalogue import codes, numbers
from portcheck.catalogue.books import table
from portcheck.catalogue.errors import families
from portcheck.catalogue.phrases import pieces

NAME = re.compile(r"(?<![A-Za-z0-9_])[A-Za-z][a-z]{2,11}(?![A-Za-z_])")
LETTERS, LAST = re.compile(r"[a-z]+"), re.compile(r"[a-z]+$")
GOES_ON = re.compile(r"[a-z]{4,}(?!\\b)|[a-z]{3}(?=\\w|\(|\?)")  # in a pattern: what a longer word may begin with
ANYBODY = "qq"  # stands for any of them
HEXADECIMAL = frozenset("abcdef")  # may be part of a code
PATTERNS = (
    numbers.LABEL, numbers.FILLING, *(each.pattern for each in (numbers.NO_CODE, numbers.FOREIGN, numbers.EVENT)),
    numbers.DIRECTORY.pattern, numbers.WENT_WELL.pattern,
)  # fmt: skip
PART = 4  # letters: of a word this long a part is enough for a pattern that may go on after it


def neutral(shape: bytes) -> bytes:
    """The shape with one word for all that are neutral; numbers and their order stay."""
    first, *own = shape.decode("utf-8", "replace").split("\n")
    return "\n".join((NAME.sub(_alike, first), *own)).encode("utf-8", "replace")


def _alike(found: re.Match[str]) -> str:
    return ANYBODY if _is_neutral(found[0].lower()) else found[0]


@cache
def _telling() -> tuple[frozenset[str], tuple[str, ...], re.Pattern[str]]:
    """Whole words that are looked for; what a word may begin with; and what no word may hold."""
    hints = {hint for family in families().values() for hint in family.hints}
    contexts = " ".join(context for family in families().values() for context in family.contexts)
    patterns = " ".join((contexts, *PATTERNS)).lower()
    spelled = [pieces(text) for rows in table()["words"].values() for _, text in rows]
    texts = [text for rows in codes.by_word().values() for text, _ in rows]
    whole = {word for parts in (*spelled, texts, hints, [patterns]) for part in parts for word in LETTERS.findall(part)}
    begins = {found[0] for found in GOES_ON.finditer(patterns)} | set(_before_gaps(spelled))
    held = "|".join(re.escape(hint) for hint in hints if LETTERS.fullmatch(hint))
    return frozenset(whole), tuple(begins), re.compile(held)


def _before_gaps(spelled: list[tuple[str, ...]]) -> Iterator[str]:
    for parts in spelled:
        for part in parts[:-1]:
            if (found := LAST.search(part)) and len(found[0]) >= PART:
                yield found[0]


@lru_cache(maxsize=1 << 16)
def _is_neutral(word: str) -> bool:
    whole, begins, held = _telling()
    return not (word in whole or HEXADECIMAL.issuperset(word) or word.startswith(begins) or held.search(word))
