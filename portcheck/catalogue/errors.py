"""The error strings and codes of errors/*.toml as values, with every way each of them is written.

Numbers are written once, as the decimal or hexadecimal end of the name (`win32-1722`, `ntstatus-0xc000005e`) or in
`codes`; the other spellings of the same number follow from the family by arithmetic. `like` takes over another
error's causes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import cache
from types import MappingProxyType
from typing import Any

from portcheck.catalogue.books import spellings, table
from portcheck.catalogue.conditions import Condition
from portcheck.catalogue.phrases import NEEDS_FAMILY
from portcheck.catalogue.sources import Sure
from portcheck.frozen import dataclass
from portcheck.model.target import DC

FACILITY_WIN32 = 0x80070000  # MS-ERREF 2.1: an HRESULT that carries a Win32 code
MIT_BASE = -1765328384  # krb5 error table: the protocol's code is added to it
MASK = 0xFFFFFFFF
BETWEEN = "between"


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that can be behind an error; causes are ranked, likeliest first."""

    services: tuple[str, ...]  # "kpasswd/tcp"; empty: no single service
    condition: Condition
    says: str
    source: str  # a key of sources.toml
    sure: Sure
    target: str = DC  # the machine it is about; BETWEEN: the way between other machines, not to be seen from here


@dataclass(frozen=True, slots=True)
class ErrorFamily:
    """Errors of one origin, numbered or spelled in one way."""

    name: str
    title: str
    where: str
    hints: tuple[str, ...]  # words around a bare code that speak for this family
    numbers: str = ""  # how its numbers are written: win32, plain, hresult, krb, event, or not at all
    contexts: tuple[str, ...] = ()  # patterns of texts in which a number `{n}` is this family's
    needles: tuple[tuple[str, ...], ...] = ()  # of each context: letters of which a text has some, or none are known
    general: bool = False  # its texts say less than those of any other family beside them


@dataclass(frozen=True, slots=True)
class CataloguedError:
    """One error: how it is written, where it is seen, what it means, and what can cause it."""

    name: str  # stable key, used by findings
    family: ErrorFamily
    texts: tuple[str, ...]  # symbols and messages, the most telling first
    forms: tuple[str, ...]  # every way its number is written
    codes: tuple[int, ...]
    where: str
    meaning: str
    causes: tuple[Cause, ...]
    is_not: str  # what it is not, if that is worth saying
    proves: tuple[str, ...]  # services of which it shows that one works
    note: str  # where documents disagree, or a string's standing is weak
    general: bool  # says less than any other error beside it
    source: str
    sure: Sure
    heard: tuple[str, ...] = ()  # those of its texts that no document or thread at hand has

    @property
    def spellings(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.texts, *self.forms)))


@dataclass(frozen=True, slots=True)
class Shelf(Mapping[str, CataloguedError]):
    """All errors by name, each made when it is first wanted."""

    rows: Mapping[str, Mapping[str, Any]]
    made: dict[str, CataloguedError] = field(default_factory=dict)

    def __getitem__(self, name: str) -> CataloguedError:
        if name not in self.made:
            self.made[name] = _error(self.rows[name], self.rows)
        return self.made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


@cache
def families() -> Mapping[str, ErrorFamily]:
    """All families by name, in the order of the books."""
    return MappingProxyType({name: _family(name, row) for name, row in table()["family"].items()})


@cache
def errors() -> Mapping[str, CataloguedError]:
    """All errors by name, in the order of the books."""
    return Shelf(table()["error"])


@cache
def numbered() -> Mapping[tuple[str, int], tuple[str, ...]]:
    """The names of the errors that have a number, by family and number."""
    index: dict[tuple[str, int], tuple[str, ...]] = {}
    for name, row in table()["error"].items():
        for code in codes(row):
            key = (row["family"], code)
            index[key] = (*index.get(key, ()), name)
    return index


def codes(row: Mapping[str, Any]) -> tuple[int, ...]:
    """The numbers of a row, the one in its name first."""
    if not families()[row["family"]].numbers:
        return ()
    found = code_of(row["name"])
    return tuple(dict.fromkeys([*([] if found is None else [found]), *row.get("codes", ())]))


def _family(name: str, row: Mapping[str, Any]) -> ErrorFamily:
    return ErrorFamily(
        name=name,
        title=row["title"],
        where=row["where"],
        hints=tuple(row.get("hints", ())),
        numbers=row.get("numbers", ""),
        contexts=tuple(row.get("contexts", ())),
        needles=tuple(map(tuple, row["needles"])),
        general=row.get("general", False),
    )


def _error(row: Mapping[str, Any], rows: Mapping[str, Mapping[str, Any]]) -> CataloguedError:
    family = families()[row["family"]]
    twin = rows.get(row.get("like", ""), {})
    return CataloguedError(
        name=row["name"],
        family=family,
        texts=tuple(spelled.removeprefix(NEEDS_FAMILY) for spelled in spellings(row)),
        forms=tuple(dict.fromkeys(form for code in codes(row) for form in number_forms(family.numbers, code))),
        codes=codes(row),
        where=row.get("where", family.where),
        meaning=row["meaning"],
        causes=tuple(map(cause, (*row.get("causes", ()), *twin.get("causes", ())))),
        is_not=row.get("not", twin.get("not", "")),
        proves=tuple(row.get("proves", twin.get("proves", ()))),
        note=row.get("note", twin.get("note", "")),
        general=row.get("general", family.general),
        source=row["source"],
        sure=Sure(row["sure"]),
        heard=tuple(spelled.removeprefix(NEEDS_FAMILY) for spelled in row.get("heard", ())),
    )


@cache
def _shared(name: str) -> Cause:
    return cause(table()["cause"][name])


def cause(row: str | Mapping[str, Any]) -> Cause:
    """A row of a `causes` list: the name of a shared cause, or the cause itself."""
    if isinstance(row, str):
        return _shared(row)
    return Cause(
        services=tuple(row.get("services", ())),
        condition=Condition(row["condition"]),
        says=row["says"],
        source=row["source"],
        sure=Sure(row["sure"]),
        target=row.get("target", DC),
    )


def code_of(name: str) -> int | None:
    """`win32-1722` -> 1722, `ntstatus-0xc000005e` -> 0xC000005E, `ldap-49-52e` -> None."""
    number = re.fullmatch(r"[a-z]+[a-z0-9]*(?:-[a-z]+[a-z0-9]*)*-(0x[0-9a-f]+|\d+)", name)
    return int(number[1], 0) if number else None


def number_forms(numbers: str, code: int) -> tuple[str, ...]:
    """Every way a family writes a number: decimal, hexadecimal, HRESULT, and as a signed 32-bit value."""
    if code < 0:
        return (str(code),)
    match numbers:
        case "win32":
            wrapped = FACILITY_WIN32 | code
            return (str(code), f"0x{code:X}", f"0x{code:08X}", f"0x{wrapped:08X}", str(_signed(wrapped)), str(wrapped))
        case "hresult":
            return (f"0x{code:08X}", f"{code:08X}", str(_signed(code)), str(code))
        case "krb":
            return (str(code), f"0x{code:X}", str(MIT_BASE + code))
        case "event":
            return (f"event {code}", f"event ID {code}", str(code))
        case "sub":
            return (f"{code:x}",)
        case "decimal":
            return (str(code),)
        case _:
            return (str(code), f"0x{code:X}")


def _signed(value: int) -> int:
    return value - (MASK + 1) if value > MASK // 2 else value
