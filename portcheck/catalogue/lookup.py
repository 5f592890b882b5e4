"""Finds errors by any of their spellings: alone, or inside a pasted log line or event text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

from portcheck.catalogue import codes
from portcheck.catalogue.books import table
from portcheck.catalogue.dressed import dressed
from portcheck.catalogue.errors import CataloguedError, errors, families, numbered
from portcheck.catalogue.narrowing import narrowed
from portcheck.catalogue.numbers import SPEAKS_FOR_ITSELF, Claim, Number, claims, readings, spoken_for, whole
from portcheck.catalogue.phrases import NEEDS_FAMILY, alone, canonical, pattern, pieces, plain, words
from portcheck.frozen import dataclass

LONGEST = 65536  # characters of a pasted text that are looked at
LONGEST_LINE = 8192  # and of a line of a log
BY_CONTEXT = "ldap-49"  # its numbers are so like any other's that only words around them make them its own
SHOUTED = re.compile(r"[A-Z]{4,}(?: [A-Z]+)*")  # words of a port tester that everyday text has in small letters
SYMBOL = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Za-z0-9]+)+\b")


@dataclass(frozen=True, slots=True)
class Match:
    """An error that was found, and by which words."""

    error: CataloguedError
    matched: str
    start: int
    exact: bool  # the query was this and nothing else
    hinted: bool  # words around it speak for the error's family
    sole: bool = True  # nothing else of the catalogue fits the same words
    guessed: bool = False  # no text of the catalogue: only the kind of failure that its words speak of

    @property
    def verdict(self) -> bool:
        """Whether what the error proves, and what it is not, may be said of this text."""
        return self.sole and not self.guessed

    @property
    def end(self) -> int:
        return self.start + len(self.matched)


def find(text: str) -> list[Match]:
    """The errors that the text names, the most telling first; empty: none that the catalogue knows."""
    text = plain(text[:LONGEST])
    found = _exactly(text) or _of_family(text) or _inside(text, one_of_many=False) or guess(text)
    return [replace(match, error=narrowed(match.error, text)) for match in found]


def inside(text: str) -> list[Match]:
    """The errors within a line of a log; a line that is one word or number is none."""
    text = plain(text[:LONGEST_LINE])
    return [replace(match, error=narrowed(match.error, text)) for match in _inside(text, one_of_many=True)]


def guess(text: str) -> list[Match]:
    """What a text that nobody has catalogued speaks of, if it tells of a failure."""
    if text.replace("-", "").isalnum() and text == text.casefold():  # one word, which is a name
        return []
    from portcheck.catalogue.guesses import guessed  # late: most texts are catalogued

    found = guessed(text)
    if not found:
        return []
    name, told, start = found
    return [Match(errors()[name], told, start, exact=False, hinted=False, guessed=True)]


def _exactly(text: str) -> list[Match]:
    written = table()["exact"].get(canonical(text), ())
    verbatim = [name for name, spelled in written if spelled.removeprefix(NEEDS_FAMILY).casefold() == text.casefold()]
    named = [errors()[name] for name in verbatim or (name for name, _ in written)]
    number = whole(text)
    numbers = _of_number(number, tuple(families())) if number else []
    symbols = codes.of_symbol(text) if not named and SYMBOL.fullmatch(text) else []
    found = {error.name: error for error in sorted((*named, *numbers, *symbols), key=lambda e: e.name != text)}
    return [Match(e, text, 0, exact=True, hinted=False, sole=_agree(found.values())) for e in found.values()]


def _agree(found: Iterable[CataloguedError]) -> bool:
    """Twins have the same causes: nothing needs to be decided between them."""
    return len({error.causes for error in found}) < 2


def _of_family(text: str) -> list[Match]:
    """`ldap 49`, `Kerberos error 37`, `error 1722`: a family's word, or none, and a number; nothing else."""
    parts = re.fullmatch(
        r"(?P<word>[a-z][\w ]{1,30}?)[\s:#=-]+(?P<number>0x[0-9a-f]{1,8}|(?<![-])-?\d{1,10})", text, re.IGNORECASE
    )
    number = whole(parts["number"]) if parts else None
    if not parts or not number:
        return []
    word = parts["word"].casefold()
    spoken = tuple(f.name for f in families().values() if f.numbers and spoken_for(word, f))
    if "event" in word:
        spoken = tuple(name for name in spoken or families() if families()[name].numbers == "event")
    elif not spoken and re.fullmatch(r"(?:error|code|error code|status)", word):
        spoken = tuple(f.name for f in families().values() if f.numbers != "event")
    found = _of_number(number, spoken)
    return [Match(error, text, 0, exact=True, hinted=True, sole=_agree(found)) for error in found]


def _inside(text: str, *, one_of_many: bool) -> list[Match]:
    found = [*_codes(text), *_phrases(text), *_dressed(text)]
    found += _symbols(text, found)
    if all(match.error.general for match in found):
        found += _texts(text, one_of_many=one_of_many)
    distinct = {(m.error.name, m.start): m for m in found if m.error.codes[:1] != (0,)}.values()
    often = Counter(match.error.name for match in found)
    told = {match.error.family.name for match in distinct}
    ranked = sorted(_judged(_longest(distinct)), key=lambda m: (m.error.name in told, *_rank(m, often[m.error.name])))
    return _first_each(ranked)


def _rank(match: Match, often: int) -> tuple[bool, bool, int, int, int]:
    """Of texts that say little in themselves, the last is next to the cause; a text with its number counts double."""
    if match.error.general:
        return (True, not match.sole, not match.error.causes, -match.start, -len(match.matched))
    return (False, not match.sole, -min(often, 2), -len(match.matched), match.start)


def _judged(found: Iterable[Match]) -> Iterator[Match]:
    """Where two errors with other causes fit the same words, neither is told with a verdict."""
    by_place: dict[tuple[int, int], list[Match]] = {}
    for match in found:
        by_place.setdefault((match.start, match.end), []).append(match)
    for rivals in by_place.values():
        sole = _agree(match.error for match in rivals)
        yield from (match if sole else replace(match, sole=False) for match in rivals)


def _longest(found: Iterable[Match]) -> Iterator[Match]:
    """Without those that stand within a longer one."""
    widest = (0, 0)
    for match in sorted(found, key=lambda m: (m.start, -m.end)):
        start, end = widest
        if end > match.end or (end == match.end and start < match.start):
            continue
        yield match
        widest = (match.start, match.end) if match.end > end else widest


def spelled_in(folded: str, known: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Names and spellings of which every piece stands in a folded text with these words."""
    index = table()["words"]
    for word in known:
        if word in index:
            for name, spelled, parts in _under(word):
                for part in parts:
                    if part not in folded:
                        break
                else:
                    yield name, spelled


@cache
def _under(word: str) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    return tuple((name, spelled, pieces(spelled)) for name, spelled in table()["words"][word])


def _phrases(text: str) -> Iterator[Match]:
    folded = text.casefold()
    for name, spelled in spelled_in(folded, words(folded)):
        error = errors()[name]
        hinted = spoken_for(folded, error.family)
        if not alone(spelled) and not (hinted and spelled.startswith(NEEDS_FAMILY)):
            continue
        found = pattern(spelled).search(text)
        if found and (found[0].isupper() or not SHOUTED.fullmatch(spelled.removeprefix(NEEDS_FAMILY))):
            yield Match(error, found[0], found.start(), exact=False, hinted=hinted)


def _dressed(text: str) -> Iterator[Match]:
    of_ldap = spoken_for(text.casefold(), families()["ldap"])
    for name, written, start in dressed(text, of_ldap=of_ldap):
        yield Match(errors()[name], written, start, exact=False, hinted=True)


def _codes(text: str) -> Iterator[Match]:
    for claim in claims(text):
        for error in _claimed(claim):
            yield Match(error, claim.number.text, claim.number.start, exact=False, hinted=claim.named)


def _claimed(claim: Claim) -> list[CataloguedError]:
    """Where no word names the family, only what the books tell of."""
    found = _of_number(claim.number, claim.families)
    if not found and claim.number.value >= SPEAKS_FOR_ITSELF and "win32" not in claim.families:
        return _of_number(claim.number, ("win32",)) if claim.kind != "event" else []
    return found if claim.named else [error for error in found if error.name in errors()]


def _symbols(text: str, found: Iterable[Match]) -> Iterator[Match]:
    """Names of numbers that no book tells of, from the vendors' tables."""
    told = [(match.start, match.end) for match in found]
    for symbol in SYMBOL.finditer(text):
        if not any(start <= symbol.start() and symbol.end() <= end for start, end in told):
            for error in codes.of_symbol(symbol[0]):
                yield Match(error, symbol[0], symbol.start(), exact=False, hinted=True)


def _texts(text: str, *, one_of_many: bool) -> Iterator[Match]:
    """Words of the vendors' tables, where the books know none."""
    for error, words_, start in codes.of_text(text.casefold(), one_of_many=one_of_many)[:1]:
        yield Match(error, text[start : start + len(words_)], start, exact=False, hinted=False)


def _of_number(number: Number, names: tuple[str, ...]) -> list[CataloguedError]:
    """What the books tell of the number in these families; else what the vendors' tables do."""
    wanted = [(family, code) for family in names for code in readings(number, families()[family].numbers)]
    found = dict.fromkeys(name for key in wanted for name in numbered().get(key, ()))
    named = (key for key in wanted if key[0] != BY_CONTEXT or len(names) == 1)
    return [errors()[name] for name in found] or codes.of_numbers(named)


def _first_each(matches: Iterable[Match]) -> list[Match]:
    first: dict[str, Match] = {}
    for match in matches:
        first.setdefault(match.error.name, match)
    return list(first.values())
