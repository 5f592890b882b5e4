"""Numbers in what a user types or pastes: which of them are error codes, and of which families.

A number counts for a family only where the words around it name that family, or where it is of a kind that says so
itself (an HRESULT, an NTSTATUS, a code of MIT's table). 464 is a port, 2024 a year, `(0x0020)` a level of a debug log.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

from portcheck.catalogue.errors import FACILITY_WIN32, MASK, MIT_BASE, ErrorFamily, families
from portcheck.frozen import dataclass

FACILITY_NT = 0x10000000  # MS-ERREF 2.1: the N bit of an HRESULT that carries an NTSTATUS
TABLE = 256  # codes in one table of com_err
BEFORE, AFTER = 110, 60  # characters around a number in which its family must be named
AUDITED = "event-security"
NO_CODES = 30_000  # Win32 has none from here on
SPEAKS_FOR_ITSELF = 1000  # Win32 codes from here on are seldom anything else where something else is not named

SIGN_AND_DIGITS = r"(?P<n>(?<![\w.,-])-?(?:0x[0-9a-f]{1,8}|\d{1,10})(?!\w|[.,:-]\d|\.[a-z]))"
HEX_DIGITS = r"(?P<n>\b[0-9a-f]{2,4}\b)"
FILLING = r"\b(?:occurred|code|value|number|status|is|was|of|with|id|returned|no)\b"
BETWEEN = rf"[\s:=#('\"<,]{{0,4}}(?:{FILLING}[\s:=#('\"<,.]{{0,4}}){{0,3}}"
LABEL = r"\b(?:errors?|err|err(?:or)?_?code|return_?(?:code|value)|last_?error|code"
LABEL += r"|status|substatus|result|failed|failure|return(?:ed)?|hresult|hr|rc|reason|exception)\b"

WHOLE = re.compile(r"(?P<dec>-?\d{1,10})|(?P<hex>0x[0-9a-f]{1,16}|[0-9a-f]{1,8})", re.IGNORECASE)
LABELLED = re.compile(LABEL + BETWEEN + SIGN_AND_DIGITS, re.IGNORECASE)
IN_BRACKETS = re.compile(rf"(?<=[\s(:,.'\"])[(\[<]\s?{SIGN_AND_DIGITS}\s?[)\]>]", re.IGNORECASE)
BY_ITSELF = r"(?<![\w.-])(?P<n>0x(?:f{8})?[0-9a-f]{8}|[8c][0-9a-f]{7}|-\d{9,10}|2\d{9})(?!\w)"
WIDE = re.compile(rf"{BY_ITSELF}(?![.-]\d)", re.IGNORECASE)
ANY_WIDE = re.compile(BY_ITSELF, re.IGNORECASE)
DIRECTORY = re.compile(r"\b(?P<n>[0-9a-f]{8}): ?\w{0,6}Err: DSID", re.IGNORECASE)  # its Win32 code: 00002028: LdapErr
EVENT_WIDE = re.compile(
    r"\bevent\s?id:? {0,2}(?P<n>0x[0-9a-f]{8})\b", re.IGNORECASE
)  # dcdiag's: with facility and severity
EVENT = re.compile(
    r"\bevent\s?(?:id|code)?\b\s?(?:[^\w<>]{0,3}|[^<>\w]{0,2}[^<>]{0,40}>)\s*(?P<n>\d{1,5})\b(?![.:]\d)", re.IGNORECASE
)

NO_CODE = re.compile(
    r"(?<=\] )\(0x[0-9a-f]{4,5}\)"  # a level of SSSD's debug log
    r"|\b(?:"
    r"\d{4}[-/]\d\d[-/]\d\d\b|\d\d?:\d\d:\d\d:\d{3}\b|\d\d?:\d\d(?::\d\d)?\b"  # date and time
    r"|exit(?:ed|s)?(?: with)?(?: (?:code|status|value))?[\s:=(]*-?\d+"
    r"|http\b[\w/. ]{0,12}?(?:\bstatus|\bcode|\bresponse|\berror)?(?: code)?[\s:=(]*\d{3}(?:\.\d+)?\b"
    r"|(?:status|response) code[\s:=(]*[1-5]\d\d\b|status[ =:][1-5]\d\d\b"
    r"|(?:lines?|port|pid|uid|gid|level|kvno|etype|version|build|retry|attempt|state|severity|msgid|opid|conn|op|fd)"
    r"[\s:=#]{0,2}\d+"
    r"|(?:child|process|pid|thread|task|job|session|socket|client)\s?\[\d+\]"
    r"|(?:no|0|zero) (?:errors?|failures?)[\s,;]{0,3}\d*)"
    r"|(?<=dsid-)[0-9a-f]+|\b(?:problem \d+|arch=[0-9a-f]+)"
    r"|(?<=:\d\d )\[[A-Z]+\] \[\d+\]",  # netlogon.log: its thread
    re.IGNORECASE,
)
DIGIT = re.compile(r"\d")
WENT_WELL = re.compile(r"\baudit success\b|\b(?:result|failure|error) code\W{1,4}0x0\b")  # of an audited event
FOREIGN = re.compile(
    r"\b(?:ora-|oracle|mysql|mariadb|postgres|smtp|curl|nginx|postfix|dovecot|npm|gcc|ffmpeg|docker|http|odbc|sqlstate"
    r"|java\.|exit(?:ed)? (?:code|status|with)|line\b|ports?\b|took\b|bytes\b|ms\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a text: how it is written, its place, its value."""

    text: str
    start: int
    end: int

    @property
    def hexadecimal(self) -> bool:
        return bool(re.search(r"x|[a-f]|^0\d{7}$|^[8c]\d{7}$", self.text, re.IGNORECASE))

    @property
    def value(self) -> int:
        return int(self.text, 16 if self.hexadecimal else 10)


@dataclass(frozen=True, slots=True)
class Claim:
    """A number and the families that may have written it."""

    number: Number
    families: tuple[str, ...]
    named: bool  # words around the number name them
    kind: str = ""  # event: the number of an event, and nothing else


def whole(text: str) -> Number | None:
    """The text as one number, if it is one: `1722`, `-2147023174`, `0x6ba`, `800706BA`, `6ba`."""
    return Number(text, 0, len(text)) if WHOLE.fullmatch(text) else None


def claims(text: str) -> Iterator[Claim]:
    """Every number of a longer text that the text marks as a code, with the families that it names."""
    text = NO_CODE.sub(lambda found: DIGIT.sub(" ", found[0]), text)
    folded = text.casefold()
    taken: set[int] = set()
    for claim in (*_by_itself(text), *_by_context(text, folded), *_by_event(text, folded)):
        taken.add(claim.number.start)
        yield claim
    for pattern in (LABELLED, IN_BRACKETS):
        for number in _numbers((pattern,), text):
            worded = _by_words(number, folded, labelled=pattern is LABELLED) if number.start not in taken else None
            if worded:
                yield worded


def owned(text: str) -> tuple[str, ...]:
    """The numbers of a text that may be codes whatever the words around them are."""
    wide = (number.text for number in _numbers((ANY_WIDE,), text) if _owners(number))
    return (*wide, *(found["n"] for found in DIRECTORY.finditer(text)))


def readings(number: Number, kind: str) -> tuple[int, ...]:
    """What the number can be in a family that numbers in this way; without regard to words around it."""
    value = number.value
    match kind:
        case "win32":
            low = value & MASK
            return (low & 0xFFFF,) if low & ~0xFFFF == FACILITY_WIN32 else (value,) if 0 <= value <= 0xFFFF else ()
        case "hresult":
            wide = value & MASK
            return (wide, wide & ~FACILITY_NT) if wide > 0xFF else ()
        case "krb":
            signed = value - MASK - 1 if value > MASK // 2 else value
            return (signed - MIT_BASE,) if 0 <= signed - MIT_BASE < TABLE else (value,) if 0 <= value < TABLE else ()
        case "sub":
            return (int(number.text, 16),) if re.fullmatch(r"(?:0x)?[0-9a-f]{2,4}", number.text, re.IGNORECASE) else ()
        case "errno":
            return (abs(value),)
        case "event" | "decimal":
            return () if number.hexadecimal else (value,)
        case _:
            return (value,)


def _numbers(patterns: Iterable[re.Pattern[str]], text: str) -> Iterator[Number]:
    for pattern in patterns:
        for found in pattern.finditer(text):
            yield Number(found["n"], found.start("n"), found.end("n"))


def _by_itself(text: str) -> Iterator[Claim]:
    """Numbers so wide that their own bits say whose they are; and the code in front of a directory's own words."""
    for number in _numbers((WIDE,), text):
        if owners := _owners(number):
            yield Claim(number, owners, named=True)
    for found in DIRECTORY.finditer(text):
        if int(found["n"], 16) < 0x10000:
            yield Claim(Number(found["n"], found.start("n"), found.end("n")), ("win32",), named=True)


def _owners(number: Number) -> tuple[str, ...]:
    wide = number.value & MASK
    if any(0 <= code < TABLE for code in (wide - (MIT_BASE & MASK),)):
        return ("krb", "krb5")
    if wide & ~0xFFFF == FACILITY_WIN32:
        return ("win32", "winsock", "dns", "winhttp")
    return ("hresult", "ntstatus", "sspi", "adsi") if wide > MASK // 2 else ()


def _by_context(text: str, folded: str) -> Iterator[Claim]:
    found: dict[tuple[int, int], list[str]] = {}
    for family in families().values():
        if family.contexts and any(map(folded.__contains__, family.hints)):
            for number in _numbers(_contexts_near(family, folded), text):
                mine = found.setdefault((number.start, number.end), [])
                mine += [family.name] if family.name not in mine else []
    for (start, end), names in found.items():
        yield Claim(Number(text[start:end], start, end), tuple(names), named=True)


def _contexts_near(family: ErrorFamily, folded: str) -> Iterator[re.Pattern[str]]:
    """Those that a folded text has the letters for: most are not tried."""
    for pattern, needed in zip(_contexts(family), family.needles, strict=True):
        if not needed or any(map(folded.__contains__, needed)):
            yield pattern


@cache
def _contexts(family: ErrorFamily) -> tuple[re.Pattern[str], ...]:
    number = HEX_DIGITS if family.numbers == "sub" else SIGN_AND_DIGITS
    written = (c.replace("{n}", number).replace("{s}", BETWEEN) for c in family.contexts)
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in written)


def _by_event(text: str, folded: str) -> Iterator[Claim]:
    if "event" not in folded or (WENT_WELL.search(folded) and spoken_for(folded, families()[AUDITED])):
        return
    kinds = [family for family in families().values() if family.numbers == "event"]
    for number in (*_numbers((EVENT,), text), *map(_narrow, _numbers((EVENT_WIDE,), text))):
        spoken = tuple(f.name for f in kinds if spoken_for(folded, f))
        yield Claim(number, spoken or tuple(f.name for f in kinds), named=bool(spoken), kind="event")


def _narrow(number: Number) -> Number:
    """An event's number without what is packed beside it."""
    return replace(number, text=str(number.value & 0xFFFF), end=number.end)


def _by_words(number: Number, folded: str, *, labelled: bool) -> Claim | None:
    """The family named last before a number, else Winsock's own; one in brackets at the head of a line is a thread's.

    Of a labelled one, too, the family named after it, else Win32, if nobody else's.
    """
    before = folded[max(0, number.start - BEFORE) : number.start]
    after = folded[number.end : number.end + AFTER]
    if _is_winsock(number):
        return Claim(number, ("winsock",), named=True)
    near = {f.name: _last(before, f) for f in _labelled()}
    last = max(near.values(), default=-1)
    named = tuple(name for name, place in near.items() if place == last) if last >= 0 else ()
    if labelled and not named:
        named = tuple(f.name for f in _labelled() if spoken_for(after, f))
    if named:
        return Claim(number, (*named, "dns") if "win32" in named else named, named=True)
    if not labelled:
        return None
    lonely = number.value >= SPEAKS_FOR_ITSELF and not FOREIGN.search(before + " " + after)
    return Claim(number, ("win32", "dns", *_events(number)), named=False) if lonely else None


def _events(number: Number) -> Iterator[str]:
    """`error 31044`: events of so high a number are nobody else's."""
    if number.value >= NO_CODES:
        yield from (family.name for family in families().values() if family.numbers == "event")


def _is_winsock(number: Number) -> bool:
    """Winsock's numbers are nobody else's."""
    return not number.hexadecimal and (10004 <= number.value <= 10112 or 11001 <= number.value <= 11031)


@cache
def _labelled() -> tuple[ErrorFamily, ...]:
    """The families of which a labelled number may be, if a word of theirs is near."""
    return tuple(f for f in families().values() if f.numbers in {"win32", "ldap", "krb", "kpasswd", "errno", "sql"})


@cache
def _hint(hint: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z]){re.escape(hint)}")


def _last(folded: str, family: ErrorFamily) -> int:
    """Where words that name the family stand last; -1: nowhere."""
    near = filter(folded.__contains__, family.hints)
    return max((found.start() for hint in near for found in _hint(hint).finditer(folded)), default=-1)


def spoken_for(folded: str, family: ErrorFamily) -> bool:
    """Whether a folded text names the family."""
    return any(_hint(hint).search(folded) for hint in filter(folded.__contains__, family.hints))
