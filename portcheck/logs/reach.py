"""Whether a line of some shape can name an error, and which of its numbers may be codes.

It errs to one side only: what `lookup.inside` finds in a line is within reach of the line's shape. Every pattern here
is that of the catalogue, made wider by what a shape has lost: how long its numbers are, and which.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, KeysView, Mapping
from functools import cache

from portcheck.catalogue import codes
from portcheck.catalogue.books import table
from portcheck.catalogue.dressed import dressed
from portcheck.catalogue.errors import families
from portcheck.catalogue.lookup import SYMBOL
from portcheck.catalogue.numbers import BETWEEN, LABEL
from portcheck.catalogue.phrases import pieces, plain, words
from portcheck.frozen import dataclass
from portcheck.logs.shapes import DIGIT, masked, of_places, places

NUMBER = r"-?(?:0x[0-9a-f]{1,8}|\d+)"
HEX = r"\b[0-9a-f]{1,4}\b"
LABELLED = re.compile(rf"(?:\d+ )?{LABEL}{BETWEEN}(?P<n>{NUMBER})", re.IGNORECASE)  # `0 errors, 5` counts none
BRACKETED = re.compile(rf"(?<=[\s(:,.'\"])[(\[<]\s?(?P<n>{NUMBER})\s?[)\]>]", re.IGNORECASE)
EVENT = re.compile(rf"\bevent\s?(?:id|code)?\b\s?(?:[^\w<>]{{0,3}}|[^<>]{{0,42}}>)\s*(?P<n>{NUMBER})", re.IGNORECASE)
LABELS = frozenset(
    {"error", "errors", "err", "code", "status", "substatus", "result", "failed", "failure", "hresult", "hr", "rc"}
    | {"reason", "exception", "return", "returned", "errorcode", "errcode", "lasterror", "returncode", "returnvalue"}
    | {"error_code", "err_code", "last_error", "return_code", "return_value"}
)
"""All that `numbers.LABEL` finds."""
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class LineReach:
    """By what lines of one shape that can name an error differ."""

    places: tuple[int, ...]  # of the numbers that may be codes, among the shape's runs of digits
    parts: tuple[str, ...]  # of spellings that have digits

    def of(self, text: str) -> tuple[str, ...]:
        """All of such a line that bears on its errors, beside its shape."""
        folded = text.casefold() if self.parts else ""
        return (*of_places(text, self.places), *(part for part in self.parts if part in folded))


def reach(shape: bytes) -> LineReach | None:
    """None: no line of this shape names an error."""
    first, *own = shape.decode("utf-8", "replace").split("\n")
    text = plain(first)
    folded = text.casefold()
    known = words(folded)
    spelled = list(_spelled(folded, known))
    spans = [*_labelled(text, known), *_in_context(text, folded, own), *_symbols(text)]
    if not (own or spans or spelled or next(dressed(text, of_ldap=True), None)):
        return None
    parts = (part for spelling in spelled for part in spelling if DIGIT.search(part))
    return LineReach(places(text, iter(spans)), tuple(dict.fromkeys(parts)))


def _labelled(text: str, known: KeysView[str]) -> Iterator[Span]:
    if not known.isdisjoint(LABELS):
        yield from (found.span() for found in LABELLED.finditer(text))


def _in_context(text: str, folded: str, own: Iterable[str]) -> Iterator[Span]:
    if own or any(map(folded.__contains__, _hints())):
        yield from (found.span("n") for found in BRACKETED.finditer(text))
    if "event" in folded:
        yield from (found.span("n") for found in EVENT.finditer(text))
    for hints, patterns in _contexts():
        if own or any(map(folded.__contains__, hints)):
            for needed, pattern, gap in patterns:
                if needed and not any(map(folded.__contains__, needed)):
                    continue
                found = (each.span("n") for each in pattern.finditer(text))
                yield from ((start, len(text) if gap else end) for start, end in found)


def _symbols(text: str) -> Iterator[Span]:
    if "_" not in text:
        return
    known = _known_symbols()
    for found in SYMBOL.finditer(text):
        symbol = found[0].upper()
        if not known.isdisjoint((symbol, *codes.dresses(symbol))):
            yield found.span()


def _spelled(folded: str, known: KeysView[str]) -> Iterator[tuple[str, ...]]:
    """The pieces of what is spelled out in the line, or would be with other digits."""
    index = _index()
    for word in known:
        for parts, shapes in index.get(word, ()):
            for shape in shapes:
                if shape not in folded:
                    break
            else:
                yield parts


@cache
def _index() -> Mapping[str, tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]]:
    """All that is spelled out in books and tables, under one word of each: its pieces, and their shapes."""
    index: dict[str, dict[tuple[str, ...], None]] = {}
    for word, spelled in table()["words"].items():
        index.setdefault(_masked(word), {}).update(dict.fromkeys(pieces(text) for _, text in spelled))
    for word, rows in codes.by_word().items():
        index.setdefault(_masked(word), {}).update(dict.fromkeys((text,) for text, _ in rows))
    return {word: tuple((parts, tuple(map(_masked, parts))) for parts in found) for word, found in index.items()}


@cache
def _known_symbols() -> frozenset[str]:
    bare = (symbol.removeprefix(head) for symbol in codes.symbols() for head in ("", *codes.BARE))
    return frozenset(map(_masked, bare))


@cache
def _hints() -> tuple[str, ...]:
    numbered = (family.hints for family in families().values() if family.numbers)
    return tuple(dict.fromkeys(_masked(hint) for hints in numbered for hint in hints if not hint.isdigit()))


@cache
def _contexts() -> tuple[tuple[tuple[str, ...], tuple[tuple[tuple[str, ...], re.Pattern[str], bool], ...]], ...]:
    """Of each family its hints, and its contexts with the letters that each needs."""
    return tuple(
        (
            tuple(map(_masked, family.hints)),
            tuple(
                (tuple(map(_masked, needed)), *_wider(context, sub=family.numbers == "sub"))
                for context, needed in zip(family.contexts, family.needles, strict=True)
            ),
        )
        for family in families().values()
        if family.contexts
    )


def _wider(context: str, *, sub: bool) -> tuple[re.Pattern[str], bool]:
    """The pattern for shapes: any number, of any length; a digit that it needs is a 0 there.

    With whether it has a gap: then what it finds may hide a number further on.
    """
    wide = re.sub(r"\{[12],", "{0,", context).replace(r"[^()\d]", "[^()]")
    wide = re.sub(r"(?<=[a-wyz_])\d+", "0", wide)
    number = f"(?P<n>{HEX if sub else NUMBER})"
    gap = "{0," in wide.partition("{n}")[0]
    return re.compile(wide.replace("{n}", number).replace("{s}", BETWEEN), re.IGNORECASE), gap


def _masked(text: str) -> str:
    return masked(text.encode()).decode()
