"""What lines of one kind have in common: their text with its numbers made alike, and the numbers that may be codes.

All of a line that bears on its errors is in its shape and in its own words; the rest (times, counts, addresses,
sessions) is what lines of one shape differ in. Bytes, because Python exchanges letters in them much faster.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from portcheck.catalogue.errors import families
from portcheck.catalogue.numbers import owned
from portcheck.catalogue.phrases import plain

DIGITS = bytes.maketrans(b"123456789", b"000000000")
HEXADECIMAL = bytes.maketrans(b"123456789abcdefABCDEF", b"0" * 21)
LONG = re.compile(rb"000000000*(?:-0000-0000-0000-000000000000)?")  # in what only shows hexadecimal digits
LONGEST_CODE = b"0" * 8
BEFORE, BEHIND = 8, 32  # bytes around a wide number that say whether it is a code
GUID = 36  # characters
WIDE = 8  # digits: shorter numbers are codes only where words around them say so
WINSOCK = re.compile(
    r"(?P<n>1(?:[01]0|01)\d\d)(?=[^\S\n]?[)\]>])(?:(?<=[(\[<].....)|(?<=[(\[<][^\S\n].....))"
)  # in brackets nobody else's, whatever the words around are; they are looked at last, since a digit is found sooner
MASKED_HEX = re.compile(rb"0x[0a-fA-F]+(?![0-9A-Za-z_])")
RUN = re.compile(r"[0-9]+(?:x[0-9a-fA-F]+(?![0-9A-Za-z_]))?")  # one 0, or 0x0, of a shape
DIGIT = re.compile(r"\d")


def legible(text: str) -> str:
    """The text as `inside` sees it, but for its blanks; most lines are so already."""
    dressed = not text.isascii() or "&" in text or "\\" in text or "`" in text or "\x1b" in text
    return plain(text) if dressed else text


def shaped(texts: Sequence[str]) -> list[tuple[bytes, str]]:
    """Of legible lines: the shape, with the line's own wide numbers in lines below, and the text that it was made of.

    All lines are gone through at once: a step costs little more for many lines than for one.
    """
    whole = "\n".join(texts)
    if whole.count("\n") >= len(texts):  # what parts lines is in one of them
        texts = [text.replace("\n", " ") for text in texts]
        whole = "\n".join(texts)
    raw = whole.encode("utf-8", "replace")
    raw, wide = _without_its_own(raw)
    kept, shapes = raw.decode().split("\n"), masked(raw).split(b"\n")
    own = _by_line(wide, raw)
    for pattern in (WINSOCK, _numbers_that_speak()):
        more = _by_line(((each.start(), each["n"]) for each in pattern.finditer(whole)), whole)
        own = {line: own.get(line, "") + more.get(line, "") for line in own | more}
    for line, numbers in own.items():
        shapes[line] += numbers.encode()
    return list(zip(shapes, kept, strict=True))


def _by_line(numbers: Iterable[tuple[int, str]], whole: str | bytes) -> dict[int, str]:
    """Numbers and their rising places as lines below that of each."""
    end = b"\n" if isinstance(whole, bytes) else "\n"
    found: dict[int, str] = {}
    line = before = 0
    for at, number in numbers:
        line += whole.count(end, before, at)  # type: ignore[arg-type]
        before = at
        found[line] = f"{found.get(line, '')}\n{number}"
    return found


def _without_its_own(raw: bytes) -> tuple[bytes, list[tuple[int, str]]]:
    """Without GUIDs, sessions, digests and addresses in memory; and the other wide numbers that are codes."""
    hexadecimal = raw.translate(HEXADECIMAL)
    out, wide = bytearray(raw), []
    for found in LONG.finditer(hexadecimal):
        start, end = found.span()
        if its_own := _of_its_own(raw, start, end):
            out[start:end] = b"-" * (end - start)
        if (not its_own or end - start == WIDE) and _may_be_owned(raw, start, end):
            wide += [(start, number) for number in owned(_around(raw, start, end))]
    return bytes(out), wide


def _may_be_owned(raw: bytes, start: int, end: int) -> bool:
    """Whether `owned` may know it: a look at its length and first digit spares most of them the patterns."""
    match end - start:
        case 8:
            return raw[start] in b"8cC" or raw[start - 1 : start] in (b"x", b"X") or b"Err" in raw[end : end + BEHIND]
        case 9:
            return raw[start - 1 : start] == b"-"
        case 10:
            return raw[start] in b"2" or raw[start - 1 : start] == b"-"
        case length:
            return length == 2 * WIDE or length >= GUID


def _around(raw: bytes, start: int, end: int) -> str:
    """As much as `owned` needs to see of a wide number's line."""
    before, behind = raw[max(0, start - BEFORE) : start], raw[end : end + BEHIND]
    return (before.rpartition(b"\n")[2] + raw[start:end] + behind.partition(b"\n")[0]).decode("utf-8", "replace")


def _of_its_own(raw: bytes, start: int, end: int) -> bool:
    """No code is written so: longer than any, of digits and letters, or in parts.

    Of those of eight digits `owned` knows which are codes, but for a directory's, which begins with 0000.
    """
    word, before, after = raw[start:end], raw[max(0, start - 1) : start], raw[end : end + 1]
    if _joins(after):
        return False
    if before in (b"x", b"X"):
        widened = word[:WIDE].lower() == b"f" * WIDE and len(word) == 2 * WIDE  # 0xFFFFFFFF8007203A: a sign in 64 bits
        return len(word) > WIDE and raw[start - 2 : start - 1] == b"0" and b"-" not in word and not widened
    return not (_joins(before) or word.isdigit() or word.isalpha() or (len(word) == WIDE and word[:4] == b"0000"))


def _joins(letter: bytes) -> bool:
    return letter.isalnum() or letter in (b"_", b"-") or letter > b"\x7f"


def masked(raw: bytes) -> bytes:
    """With one 0 for each run of digits, and 0x0 for each hexadecimal number."""
    apart = b"".join((b"\n", raw.translate(DIGITS), b"\n")).split(b"0")
    raw = b"0".join(filter(None, apart))[1:-1]  # the quickest way to one 0 of many
    return MASKED_HEX.sub(b"0x0", raw) if b"0x" in raw else raw


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
def _numbers_that_speak() -> re.Pattern[str]:
    """`4768`: events whose number is as good as their family's name."""
    hints = dict.fromkeys(hint for family in families().values() for hint in family.hints)
    return re.compile(f"(?P<n>{'|'.join(hint for hint in hints if hint.isdigit())})")
