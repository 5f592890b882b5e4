"""The vendors' whole tables of numbers, symbols and texts: for what no book of errors/*.toml tells of.

They are loaded only where a number, a symbol or a text needs them. What a code can be caused by follows from its
symbol (`[[kind]]` in errors/kinds.toml). tests/catalogue/tables/make.py made the tables, and names source and licence.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from portcheck.catalogue.books import table
from portcheck.catalogue.errors import CataloguedError, cause, errors, families, number_forms, numbered
from portcheck.catalogue.phrases import WORD, canonical, words
from portcheck.catalogue.sources import Sure
from portcheck.frozen import dataclass

HERE = Path(__file__).parent
TABLES = ("win32", "ntstatus", "hresult", "mit", "heimdal", "errno", "pbis")
WORDED = TABLES[:-2]
"""PBIS's texts and errno's are anybody's: their symbols and numbers alone speak for them."""
OF_FAMILY: Mapping[str, tuple[str, ...]] = {
    "win32": ("win32",),
    "winsock": ("win32",),
    "dns": ("win32",),
    "ldap-49": ("win32",),
    "ntstatus": ("ntstatus",),
    "sspi": ("hresult",),
    "krb": ("mit", "heimdal"),
    "krb5": ("mit", "heimdal"),
    "mount-cifs": ("errno",),
    "pbis": ("pbis",),
}
PROTOCOL = 128  # krb5: codes below are the protocol's, from here on the library's own
SHORTEST = 12  # characters of a text that is looked for in longer ones
BARE = ("STATUS_", "ERROR_")  # what programs leave out of a name
NOT_TEXTS = re.compile(
    r"%\w|^No error$|^The operation completed|^Success|^An unknown error occurred|^The object does not exist",
    re.IGNORECASE,
)
"""Anybody's words."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a vendor's table."""

    table: str
    code: int
    symbol: str
    text: str


@cache
def rows(name: str) -> tuple[Row, ...]:
    """All of one table."""
    return tuple(Row(name, *row) for row in _written(name))


@cache
def _written(name: str) -> list[tuple[int, str, str]]:
    table: list[tuple[int, str, str]] = json.loads(_raw(name))["rows"]
    return table


@cache
def _raw(name: str) -> bytes:
    return (HERE / f"{name}.json").read_bytes()


def of_symbol(symbol: str) -> list[CataloguedError]:
    """The error of this name, however it is dressed: `NT_STATUS_X`, `STATUS_X`, `WERR_X`, `KRB5KRB_AP_ERR_X`."""
    index, symbol = _by_symbol(), symbol.upper()
    found = [row for dress in dresses(symbol) for row in index.get(dress, ())]
    return _distinct(found or (row for head in BARE for row in index.get(head + symbol, ())))


def of_numbers(wanted: Iterable[tuple[str, int]]) -> list[CataloguedError]:
    """The errors of these numbers, by family."""
    found = (row for family, code in wanted for name in OF_FAMILY.get(family, ()) for row in _by_code(name, code))
    return _distinct(found)


def of_text(folded: str, *, one_of_many: bool) -> list[tuple[CataloguedError, str, int]]:
    """The errors whose text stands in a folded one, with the words and their place; the longest first."""
    if " " not in folded:
        return []
    near = _near_by_word(folded) if one_of_many else _near(folded)
    found = [(told(row), row.text) for row in near if row.text.count(" ") > 1 or _spoken_for(row, folded)]
    found.sort(key=lambda each: (-len(each[1]), not any(hint in folded for hint in each[0].family.hints)))
    return [(error, text, folded.index(text.casefold())) for error, text in found]


def _near(folded: str) -> Iterator[Row]:
    """Every text is tried: for one pasted text that is quicker than to make an index."""
    for name in WORDED:
        for code, symbol, text in _written(name):
            if len(text) >= SHORTEST and text.casefold() in folded and _is_text(text):
                yield Row(name, code, symbol, text)


def _near_by_word(folded: str) -> Iterator[Row]:
    index = by_word()
    for word in words(folded):
        for text, row in index.get(word, ()):
            if text in folded and _begins_a_word(text, folded):
                yield row


def _begins_a_word(text: str, folded: str) -> bool:
    place = folded.find(text)
    return place == 0 or not (text[0].isalpha() and folded[place - 1].isalpha())


def _is_text(text: str) -> bool:
    return len(text) >= SHORTEST and " " in text and not NOT_TEXTS.search(text)


def _spoken_for(row: Row, folded: str) -> bool:
    """Two words are anybody's: only beside words of the family do they count."""
    return any(hint in folded for hint in families()[_family(row)].hints)


def told(row: Row) -> CataloguedError:
    """A line of a table as an error: the books' own, if they tell of it."""
    family = _family(row)
    known = numbered().get((family, row.code))
    if known:
        return errors()[known[0]]
    kind, twin = _kind(row.symbol), _twin(row)
    width = f"0x{row.code:08x}" if families()[family].numbers == "hresult" else str(row.code)
    return CataloguedError(
        name=f"{family}-{width}",
        family=families()[family],
        texts=tuple(filter(None, (row.symbol, row.text))),
        forms=number_forms(families()[family].numbers, row.code),
        codes=(row.code,),
        where=families()[family].where,
        meaning=f"{row.text.rstrip('.')}." if row.text else f"{row.symbol}: the table has no words for it.",
        causes=twin.causes if twin else tuple(map(cause, kind.get("causes", ()))),
        is_not=twin.is_not if twin else kind.get("not", ""),
        proves=(),
        note=kind.get("note", ""),
        general=not (kind or twin),
        source=_source(row.table),
        sure=Sure.VENDOR,
    )


def _family(row: Row) -> str:
    match row.table:
        case "win32":
            return "winsock" if 10000 <= row.code < 12000 else "dns" if 9000 <= row.code < 10000 else "win32"
        case "hresult":
            return "sspi"
        case "errno":
            return "posix"
        case "mit" | "heimdal":
            return "krb" if row.code < PROTOCOL else "krb5"
        case _:
            return row.table


def _twin(row: Row) -> CataloguedError | None:
    """PBIS gives numbers of its own to errors that others have: `LW_ERROR_LDAP_BUSY` is LDAP's busy."""
    if row.table != "pbis":
        return None
    bare = row.symbol.removeprefix("LW_ERROR_").removeprefix("ERRNO_")
    known = table()["exact"].get(canonical(bare))
    return errors()[known[0][0]] if known else next(iter(of_symbol(bare)), None)


def _kind(symbol: str) -> Mapping[str, Any]:
    """What errors of such a name have in common; the first that fits."""
    fitting = (kind for kind in table()["kind"] if re.search(kind["pattern"], symbol))
    return next(fitting, {})


@cache
def _source(name: str) -> str:
    with (HERE / f"{name}.json").open(encoding="utf-8") as lines:
        found = re.search(r'"source": "([^"]+)"', lines.readline())
    return found[1] if found else "OWN"


def dresses(symbol: str) -> tuple[str, ...]:
    """Samba writes NT_STATUS_ for STATUS_ and WERR_ for ERROR_ or nothing."""
    if symbol.startswith("NT_"):
        return (symbol, symbol.removeprefix("NT_"))
    if symbol.startswith("WERR_"):
        bare = symbol.removeprefix("WERR_")
        return (symbol, f"ERROR_{bare}", bare)
    return (symbol,)


@cache
def _by_symbol() -> Mapping[str, tuple[Row, ...]]:
    index: dict[str, tuple[Row, ...]] = {}
    for row in _all():
        index[row.symbol.upper()] = (*index.get(row.symbol.upper(), ()), row)
    return index


def _all() -> Iterator[Row]:
    return (row for name in TABLES for row in rows(name))


def symbols() -> Iterator[str]:
    """All that `of_symbol` knows, in capitals."""
    return iter(_by_symbol())


@cache
def _codes(name: str) -> Mapping[int, tuple[Row, ...]]:
    index: dict[int, tuple[Row, ...]] = {}
    for row in rows(name):
        index[row.code] = (*index.get(row.code, ()), row)
    return index


def _by_code(name: str, code: int) -> tuple[Row, ...]:
    """A table that has not the number is not even read as one."""
    return _codes(name).get(code, ()) if b"[%d," % code in _raw(name) else ()


@cache
def by_word() -> Mapping[str, tuple[tuple[str, Row], ...]]:
    """The texts, folded, under the rarest word of each: quicker to make than to keep."""
    folded = [(row.text.casefold(), row) for name in WORDED for row in rows(name) if _is_text(row.text)]
    often = Counter(word for text, _ in folded for word in set(WORD.findall(text)))
    index: dict[str, list[tuple[str, Row]]] = {}
    for text, row in folded:
        rarest = min(set(WORD.findall(text)), key=lambda word: (often[word], word), default="")
        index.setdefault(rarest, []).append((text, row))
    return {word: tuple(found) for word, found in index.items()}


def _distinct(found: Iterable[Row]) -> list[CataloguedError]:
    out: dict[str, CataloguedError] = {}
    for row in found:
        error = told(row)
        out.setdefault(error.name, error)
    return list(out.values())
