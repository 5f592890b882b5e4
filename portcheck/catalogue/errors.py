"""The error strings and codes of errors.toml as values, with every way each of them is written.

Numbers are written once, as the decimal or hexadecimal end of the name (`win32-1722`, `ntstatus-0xc000005e`); the other
spellings of the same number follow from the family by arithmetic. `like` takes over another error's causes.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from portcheck.catalogue.conditions import Condition
from portcheck.catalogue.sources import Sure
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


@dataclass(frozen=True, slots=True)
class CataloguedError:
    """One error: how it is written, where it is seen, what it means, and what can cause it."""

    name: str  # stable key, used by findings
    family: ErrorFamily
    texts: tuple[str, ...]  # symbols and messages, the most telling first
    forms: tuple[str, ...]  # every way its number is written
    code: int | None
    where: str
    meaning: str
    causes: tuple[Cause, ...]
    is_not: str  # what it is not, if that is worth saying
    proves: tuple[str, ...]  # services that it shows to work
    note: str  # where documents disagree, or a string's standing is weak
    source: str
    sure: Sure

    @property
    def spellings(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.texts, *self.forms)))


@cache
def families() -> Mapping[str, ErrorFamily]:
    """All families by name, in the order of the file."""
    return MappingProxyType({name: _family(name, row) for name, row in _tables()["family"].items()})


@cache
def errors() -> Mapping[str, CataloguedError]:
    """All errors by name, in the order of the file."""
    rows: dict[str, Mapping[str, Any]] = {row["name"]: row for row in _tables()["error"]}
    return MappingProxyType({name: _error(row, rows) for name, row in rows.items()})


@cache
def _tables() -> Mapping[str, Any]:
    return tomllib.loads(files(__package__).joinpath("errors.toml").read_text(encoding="utf-8"))


def _family(name: str, row: Mapping[str, Any]) -> ErrorFamily:
    hints = tuple(row.get("hints", ()))
    return ErrorFamily(name=name, title=row["title"], where=row["where"], hints=hints, numbers=row.get("numbers", ""))


def _error(row: Mapping[str, Any], rows: Mapping[str, Mapping[str, Any]]) -> CataloguedError:
    family = families()[row["family"]]
    code = _code(row["name"]) if family.numbers else None
    twin = rows.get(row.get("like", ""), {})
    return CataloguedError(
        name=row["name"],
        family=family,
        texts=tuple(row.get("spellings", ())),
        forms=() if code is None else tuple(dict.fromkeys(number_forms(family.numbers, code))),
        code=code,
        where=row.get("where", family.where),
        meaning=row["meaning"],
        causes=tuple(_cause(cause) for cause in (*row.get("causes", ()), *twin.get("causes", ()))),
        is_not=row.get("not", twin.get("not", "")),
        proves=tuple(row.get("proves", twin.get("proves", ()))),
        note=row.get("note", twin.get("note", "")),
        source=row["source"],
        sure=Sure(row["sure"]),
    )


def _cause(row: Mapping[str, Any]) -> Cause:
    return Cause(
        services=tuple(row.get("services", ())),
        condition=Condition(row["condition"]),
        says=row["says"],
        source=row["source"],
        sure=Sure(row["sure"]),
        target=row.get("target", DC),
    )


def _code(name: str) -> int | None:
    """`win32-1722` -> 1722, `ntstatus-0xc000005e` -> 0xC000005E, `ldap-49-52e` -> None."""
    number = re.fullmatch(r"[a-z]+[a-z0-9]*(?:-[a-z]+[a-z0-9]*)*-(0x[0-9a-f]+|\d+)", name)
    return int(number[1], 0) if number else None


def number_forms(numbers: str, code: int) -> tuple[str, ...]:
    """Every way a family writes a number: decimal, hexadecimal, HRESULT, and as a signed 32-bit value."""
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
        case _:
            return (str(code), f"0x{code:X}")


def _signed(value: int) -> int:
    return value - (MASK + 1) if value > MASK // 2 else value
