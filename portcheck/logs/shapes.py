"""What lines of one kind have in common: their text with its numbers made alike, and the numbers that may be codes.

All of a line that bears on its errors is in its shape and in its own words; the rest (times, counts, addresses,
sessions) is what lines of one shape differ in. Bytes, because Python exchanges letters in them much faster.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from portcheck.catalogue.errors import families
from portcheck.catalogue.numbers import owned
from portcheck.catalogue.phrases import plain

DIGITS = bytes.maketrans(b"123456789", b"000000000")
HEXADECIMAL = bytes.maketrans(b"123456789abcdefABCDEF", b"0" * 21)
LONG = re.compile(rb"000000000*(?:-0000-0000-0000-000000000000)?")  # in what only shows hexadecimal digits
LONGEST_CODE = b"0" * 8
WIDE = 8  # digits: shorter numbers are codes only where words around them say so
WINSOCK = re.compile(
    r"[(\[<]\s?(1[01]0\d\d|101\d\d)\s?[)\]>]"
)  # in brackets nobody else's, whatever the words around are
RUN = re.compile(r"[0-9]+")
DIGIT = re.compile(r"\d")


def legible(text: str) -> str:
    """The text as `inside` sees it, but for its blanks; most lines are so already."""
    return plain(text) if not text.isascii() or "&" in text or "\\" in text or "\x1b" in text else text


def shaped(text: str) -> tuple[bytes, str]:
    """The shape of a legible line with its own wide numbers in lines below, and the text that it was made of."""
    raw = text.encode("utf-8", "replace")
    own = ""
    hexadecimal = raw.translate(HEXADECIMAL)
    if LONGEST_CODE in hexadecimal:
        raw, wide = _without_its_own(raw, hexadecimal)
        own = "".join(f"\n{number}" for number in owned(text)) if wide else ""
        text = raw.decode()
    if "(1" in text or "[1" in text or "<1" in text or "( 1" in text or "[ 1" in text or "< 1" in text:
        own += "".join(f"\n{number}" for number in WINSOCK.findall(text))
    if "47" in text:
        own += "".join(f"\n{hint}" for hint in _numbers_that_speak() if hint in text)
    return masked(raw) + own.encode() if own else masked(raw), text


def _without_its_own(raw: bytes, hexadecimal: bytes) -> tuple[bytes, bool]:
    """Without GUIDs, sessions, digests and addresses in memory; and whether it has other wide numbers."""
    out, wide = raw, False
    for found in LONG.finditer(hexadecimal):
        start, end = found.span()
        if _of_its_own(raw, start, end):
            out = out[:start] + b"-" * (end - start) + out[end:]
        else:
            wide = True
    return out, wide


def _of_its_own(raw: bytes, start: int, end: int) -> bool:
    """No code is written so: longer than any, of digits and letters, or in parts."""
    word, before, after = raw[start:end], raw[max(0, start - 1) : start], raw[end : end + 1]
    if _joins(after) or end - start <= WIDE:
        return False
    if before in (b"x", b"X"):
        widened = word[:WIDE].lower() == b"f" * WIDE and len(word) == 2 * WIDE  # 0xFFFFFFFF8007203A: a sign in 64 bits
        return raw[start - 2 : start - 1] == b"0" and b"-" not in word and not widened
    return not (_joins(before) or word.isdigit() or word.isalpha())


def _joins(letter: bytes) -> bool:
    return letter.isalnum() or letter in (b"_", b"-") or letter > b"\x7f"


def masked(raw: bytes) -> bytes:
    """With one 0 for each run of digits."""
    raw = raw.translate(DIGITS).replace(b"00000", b"0").replace(b"000", b"0")
    while b"00" in raw:
        raw = raw.replace(b"00", b"0")
    return raw


def of_places(text: str, wanted: tuple[int, ...]) -> tuple[str, ...]:
    """The runs of digits in these places, of which the text has as many as its shape."""
    if not wanted:
        return ()
    runs = RUN.findall(text)
    return tuple(map(runs.__getitem__, wanted))


def places(shape: str, spans: Iterator[tuple[int, int]]) -> tuple[int, ...]:
    """Which runs of a shape lie within the spans."""
    starts = [found.start() for found in RUN.finditer(shape)]
    wanted = {place for start, end in spans for place, at in enumerate(starts) if start <= at < end}
    return tuple(sorted(wanted))


@cache
def _numbers_that_speak() -> tuple[str, ...]:
    """`4768`: events whose number is as good as their family's name; all begin with 47 (a test sees to it)."""
    hints = dict.fromkeys(hint for family in families().values() for hint in family.hints)
    return tuple(hint for hint in hints if DIGIT.search(hint))
