"""Numbers in what a user types or pastes: which of them may be error codes, and what each of them can stand for.

A bare number proves nothing in a log line (464 is a port, 2024 a year), so in a longer text a number counts only where
the text says that it is a code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from portcheck.catalogue.errors import FACILITY_WIN32, MASK, MIT_BASE

FACILITY_NT = 0x10000000  # MS-ERREF 2.1: the N bit of an HRESULT that carries an NTSTATUS
SMALL = 0x100  # hexadecimal numbers below this are as often flags, lengths or types
LONGEST_MIT = 127  # protocol codes in the krb5 error table

SAYS_CODE = r"(?:error|code|status|result|failed|failure|returned|hresult|hr|rc|reason)"
FILLER = r"(?:[\s:=#('\"\[,]{0,4}\b(?:occurred|code|value|number|status|is|was|of|with|id|returned)\b){0,2}"
LABELLED = rf"\b{SAYS_CODE}{FILLER}[\s:=#('\"\[]{{0,4}}"

WHOLE = re.compile(r"(?P<dec>-?\d{1,10})|(?P<hex>0x[0-9a-f]{1,16}|[0-9a-f]{1,8})", re.IGNORECASE)

EVENT = re.compile(r"\bevent\s?(?:id)?\b[^\d<>\n]{0,3}(?:[^<>\n]{0,40}>)?\s*(?P<event>\d{1,5})\b", re.IGNORECASE)

IN_TEXT = (
    EVENT,
    re.compile(rf"{LABELLED}(?P<hex>0x[0-9a-f]{{1,8}})\b", re.IGNORECASE),
    re.compile(rf"{LABELLED}(?P<dec>-?\d{{1,10}})\b(?![.:]\d)", re.IGNORECASE),
    re.compile(r"(?<!\w)\(\s*(?P<dec>\d{3,5})\s*\)"),
    re.compile(r"\(\s*(?P<hex>0x[0-9a-f]{1,8})\s*\)", re.IGNORECASE),
    re.compile(r"(?<![\w-])(?P<dec>-\d{8,10})\b"),
    re.compile(r"(?<!\w)(?P<big>0x[0-9a-f]{3,8})\b", re.IGNORECASE),
    re.compile(r"(?<!\w)(?P<bare>[8c][0-9a-f]{7})\b", re.IGNORECASE),
    re.compile(r"(?<!\w)(?P<hex>0000[0-9a-f]{4})(?=:)", re.IGNORECASE),  # 00002028: LdapErr: …
    re.compile(r"\bldap_\w+\W[^\d\n]{0,40}(?P<ldap>\d{1,2})\b", re.IGNORECASE),
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number that may be a code: its text, its place, and what it can stand for by kind of numbering."""

    text: str
    start: int
    end: int
    readings: tuple[tuple[str, int], ...]  # (Family.numbers, code)


def whole(text: str) -> Number | None:
    """The text as one number, if it is one: `1722`, `-2147023174`, `0x6ba`, `800706BA`, `6ba`."""
    found = WHOLE.fullmatch(text)
    if not found:
        return None
    readings = _hexadecimal(text) if found["hex"] else (*_decimal(int(text)), *_bare(text))
    return Number(text, 0, len(text), readings)


def numbers_in(text: str) -> Iterator[Number]:
    """Every number of a longer text that the text itself marks as a code."""
    for pattern in IN_TEXT:
        for found in pattern.finditer(text):
            kind = found.lastgroup or ""
            readings = _readings(kind, found[kind])
            if readings:
                yield Number(found[kind], found.start(kind), found.end(kind), readings)


def _readings(kind: str, text: str) -> tuple[tuple[str, int], ...]:
    match kind:
        case "event":
            return (("event", int(text)),)
        case "ldap":
            return (("plain", int(text)),)
        case "dec":
            return tuple(reading for reading in _decimal(int(text)) if reading[0] != "event")
        case "big":
            return _hexadecimal(text) if int(text, 16) >= SMALL else ()
        case _:
            return _hexadecimal(text)


def _decimal(value: int) -> tuple[tuple[str, int], ...]:
    if 0 <= value - MIT_BASE <= LONGEST_MIT:
        return (("krb", value - MIT_BASE),)
    if value < 0:
        return _wide(value & MASK)
    return tuple((kind, value) for kind in ("win32", "plain", "krb", "event")) + _wide(value)


def _hexadecimal(text: str) -> tuple[tuple[str, int], ...]:
    value = int(text, 16)
    return tuple((kind, value) for kind in ("win32", "plain", "krb")) + _wide(value)


def _bare(digits: str) -> tuple[tuple[str, int], ...]:
    """Eight digits may be an HRESULT without its 0x: 80090308."""
    return _wide(int(digits, 16)) if re.fullmatch(r"[8c]\d{7}", digits) else ()


def _wide(value: int) -> tuple[tuple[str, int], ...]:
    if value & ~0xFFFF == FACILITY_WIN32:
        return (("win32", value & 0xFFFF),)
    return (("hresult", value), ("hresult", value & ~FACILITY_NT & MASK)) if value > 0xFF else ()
