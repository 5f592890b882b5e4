"""Finds errors by any of their spellings: alone, or inside a pasted log line or event text."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from portcheck.catalogue.errors import CataloguedError, errors, families
from portcheck.catalogue.numbers import Number, numbers_in, whole
from portcheck.catalogue.services import services

LONGEST = 65536  # characters of a pasted text that are looked at
SHORT = 60  # a query this short may be a slip of the pen
SUGGESTIONS = 5


@dataclass(frozen=True, slots=True)
class Match:
    """An error that was found, and by which words."""

    error: CataloguedError
    matched: str
    start: int
    exact: bool  # the query was this and nothing else
    hinted: bool  # words around it speak for the error's family

    @property
    def end(self) -> int:
        return self.start + len(self.matched)


def find(text: str) -> list[Match]:
    """The errors that the text names, the most telling first; empty: none that the catalogue knows."""
    text = re.sub(r"\s+", " ", text[:LONGEST]).strip()
    return _exactly(text) or _of_family(text) or _inside(text)


def suggest(text: str) -> list[str]:
    """Spellings that resemble the text; for a port, the errors that a block of it shows as."""
    query = _canonical(text[:LONGEST])
    if re.fullmatch(r"[0-9]{1,5}", query):
        return _of_port(int(query))
    if not query or len(query) > SHORT:
        return []
    known = _exact_index()
    close = difflib.get_close_matches(query, known, n=SUGGESTIONS, cutoff=0.6)
    partly = sorted((spelled for spelled in known if len(query) > 2 and query in spelled), key=len)
    return list(dict.fromkeys(known[spelled][0][1] for spelled in (*close, *partly)))[:SUGGESTIONS]


def _exactly(text: str) -> list[Match]:
    named = [(error, spelled) for error, spelled in _exact_index().get(_canonical(text), ())]
    number = whole(text)
    numbered = [(error, text) for error in _numbered(number)] if number else []
    return _distinct(Match(error, spelled, 0, exact=True, hinted=False) for error, spelled in (*named, *numbered))


def _of_family(text: str) -> list[Match]:
    """`ldap 49`, `Kerberos error 37`: a family's word and a number, nothing else."""
    parts = re.fullmatch(
        r"(?P<word>[a-z][\w ]{1,30}?)[\s:#-]+(?P<number>-?\d{1,10}|0x[0-9a-f]{1,8})", text, re.IGNORECASE
    )
    number = whole(parts["number"]) if parts else None
    if not parts or not number:
        return []
    spoken = _spoken_for(parts["word"])
    hinted = [error for error in _numbered(number) if error.family.name in spoken]
    return _distinct(Match(error, text, 0, exact=True, hinted=True) for error in hinted)


def _inside(text: str) -> list[Match]:
    spoken = _spoken_for(text)
    found = {(m.error.name, m.matched.casefold()): m for m in (*_codes(text, spoken), *_phrases(text, spoken))}.values()
    longest = [match for match in found if not any(_covers(other, match) for other in found)]
    return _distinct(sorted(longest, key=lambda m: (not m.hinted, -len(m.matched), m.start)))


def _phrases(text: str, spoken: frozenset[str]) -> Iterator[Match]:
    folded = text.casefold()
    for spelled, error in _telling():
        if spelled.casefold() not in folded:
            continue
        hinted = error.family.name in spoken
        found = re.search(rf"(?<![\w-]){re.escape(spelled)}(?![\w-])", text, re.IGNORECASE)
        if found and (hinted or _stands_alone(spelled)):
            yield Match(error, found[0], found.start(), exact=False, hinted=hinted)


def _codes(text: str, spoken: frozenset[str]) -> Iterator[Match]:
    for number in numbers_in(text):
        meant = _numbered(number)
        hinted = [error for error in meant if error.family.name in spoken]
        for error in hinted or meant:
            yield Match(error, number.text, number.start, exact=False, hinted=bool(hinted))


def _numbered(number: Number) -> list[CataloguedError]:
    found = (error for reading in number.readings for error in _code_index().get(reading, ()))
    return list(dict.fromkeys(found))


def _spoken_for(text: str) -> frozenset[str]:
    """The families that words of the text speak for."""
    folded = text.casefold()
    return frozenset(
        family.name
        for family in families().values()
        if any(re.search(rf"(?<![a-z]){re.escape(hint)}", folded) for hint in family.hints)
    )


def _stands_alone(spelled: str) -> bool:
    """Whether these words mean the error wherever they stand: symbols and sentences do, `busy` does not."""
    symbol = re.search(r"[_:-]|[a-z][A-Z]", spelled)
    return bool(symbol) or spelled.count(" ") > 1 or bool(re.search(r" .*\d.*[a-z]", spelled))


def _covers(long: Match, short: Match) -> bool:
    wider = len(long.matched) > len(short.matched)
    return wider and long.start <= short.start and short.end <= long.end


def _distinct(matches: Iterable[Match]) -> list[Match]:
    first: dict[str, Match] = {}
    for match in matches:
        first.setdefault(match.error.name, match)
    return list(first.values())


def _of_port(port: int) -> list[str]:
    names = {f"{s.name}/{transport}" for s in services().values() for transport, p in s.ports.items() if p == port}
    lead = [e for e in errors().values() if any(names & set(cause.services) for cause in e.causes[:1])]
    return [error.name for error in sorted(lead, key=lambda e: -len(e.causes))][:SUGGESTIONS]


def _canonical(text: str) -> str:
    words = re.sub(r"[\s_-]+", " ", text).strip(" .:;,!'\"").casefold()
    return words.removeprefix("the ")


@cache
def _exact_index() -> dict[str, list[tuple[CataloguedError, str]]]:
    index: dict[str, list[tuple[CataloguedError, str]]] = {}
    for error in errors().values():
        for spelled in dict.fromkeys((error.name, *error.spellings)):
            index.setdefault(_canonical(spelled), []).append((error, spelled))
    return index


@cache
def _code_index() -> dict[tuple[str, int], list[CataloguedError]]:
    index: dict[tuple[str, int], list[CataloguedError]] = {}
    for error in errors().values():
        if error.code is not None:
            index.setdefault((error.family.numbers, error.code), []).append(error)
    return index


@cache
def _telling() -> tuple[tuple[str, CataloguedError], ...]:
    """Texts to look for in a longer text; a bare number is not one of them."""
    return tuple(
        (spelled, error)
        for error in errors().values()
        for spelled in dict.fromkeys((error.name, *error.texts))
        if not re.fullmatch(r"[0-9a-f]{1,4}", spelled)
    )
