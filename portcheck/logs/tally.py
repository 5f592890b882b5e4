"""Records of a log counted by the errors in them: how often, first and last, on which hosts, and a line of each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from portcheck.catalogue.errors import CataloguedError
from portcheck.catalogue.lookup import Match, inside, spelled_in
from portcheck.catalogue.numbers import BETWEEN, LABEL
from portcheck.catalogue.phrases import plain, words
from portcheck.logs.records import LogRecord
from portcheck.logs.stamps import hosts, stamp

SAMPLE = 400  # characters of a record that are kept
MOST_HOSTS = 200  # of one error that are counted by name
REMEMBERED = 20_000  # lines whose errors are remembered, apart from their time
LABELS = frozenset(
    {"error", "errors", "err", "code", "status", "substatus", "result", "failed", "failure", "returned", "hresult"}
    | {"hr", "rc", "reason", "exception", "errno", "event", "eventid", "data", "errorcode", "krbexception"}
    | {"winerror", "mount"}
)  # what stands before a number that is a code
Spans = tuple[tuple[int, int], ...]
DIGITS = str.maketrans("123456789", "000000000")
OF_ITS_OWN = re.compile(
    r"(?<![\w-])(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|(?=\d*[a-f])(?=[a-f]*\d)[0-9a-f]{9,})(?![\w-])",
    re.IGNORECASE,
)  # GUIDs, sessions and digests: no code is written so
WIDE = re.compile(r"0x\w{8}\b|\b[8cC0]\w{7}\b|-0{9,10}\b|\b0{10}\b|[A-Z]{2}_[A-Z]{2}")  # in a shape; also a symbol
CODES = re.compile(
    LABEL + BETWEEN + r"(-?(?:0x\w{1,8}|0{1,10}))\b|\b(?:event|id|data)\b\W{1,3}(\w{1,5})\b"
    r"|(?<!\w)[(\[<](-?\w{1,8})[)\]>]|\b(0x[0-9a-f]{8}|[08c][0-9a-f]{7}|0{9,10})\b",
    re.IGNORECASE,
)  # where in a shape the numbers stand by which its lines differ


@dataclass(slots=True)
class Sighting:
    """One error of the log."""

    error: CataloguedError
    sample: str  # the first record of it
    place: int = 0  # where in it the error stands
    count: int = 0
    first: str = ""  # times as `stamps.stamp` writes them; empty: the log does not say
    last: str = ""
    hosts: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Tally:
    """What was read, and what was found in it."""

    records: int = 0
    with_errors: int = 0
    seen: dict[str, Sighting] = field(default_factory=dict)

    def ranked(self) -> list[Sighting]:
        """What says most first: errors that name a fault before general ones, the frequent before the rare."""
        return sorted(self.seen.values(), key=lambda one: (one.error.general, -one.count, one.error.name))


def tally(records: Iterable[LogRecord]) -> Tally:
    """Count the errors. Memory stays bounded whatever the log's length: errors, hosts and remembered lines are few."""
    out, memory = Tally(), LogMemory()
    before = ""
    for record in records:
        out.records += 1
        before = record.text if record.text[:1] not in (" ", "\t", "") else before
        if found := memory.found(record.text):
            _count(out, record, found, before)
    return out


@dataclass(slots=True)
class LogMemory:
    """What was found in lines of the same shape: those that differ in digits alone are looked at once."""

    codes: dict[str, Spans | None] = field(default_factory=dict)  # by shape: where its numbers stand; None: all is well
    known: dict[tuple[str, tuple[str, ...]], tuple[Match, ...]] = field(default_factory=dict)

    def found(self, text: str) -> tuple[Match, ...]:
        """The errors of a line."""
        shape = OF_ITS_OWN.sub(_blank, text).translate(DIGITS)
        if shape not in self.codes:
            self._forget()
            self.codes[shape] = _codes(shape)
        spans = self.codes[shape]
        if spans is None:
            return ()
        key = (shape, tuple(text[start:end] for start, end in spans))
        if key not in self.known:
            self.known[key] = _telling(inside(text))
        return self.known[key]

    def _forget(self) -> None:
        for remembered in (self.codes, self.known):
            if len(remembered) >= REMEMBERED:
                remembered.clear()


def _blank(found: re.Match[str]) -> str:
    return "-" * len(found[0])


def _codes(shape: str) -> Spans | None:
    """Where the numbers of such a line stand that may be codes; None: neither they nor its words can be an error."""
    folded = shape.casefold()
    known = words(folded)
    if not known.isdisjoint(LABELS) or WIDE.search(shape):
        return tuple(found.span(found.lastindex or 0) for found in CODES.finditer(shape))
    return () if next(spelled_in(folded, known), None) else None


def _sample(text: str, match: Match) -> tuple[str, int]:
    whole = plain(text)
    start = max(0, match.start - SAMPLE // 2)
    return whole[start : start + SAMPLE], match.start - start


def _telling(found: list[Match]) -> tuple[Match, ...]:
    """General words beside a telling error are that error's own line."""
    telling = [match for match in found if not match.error.general and match.sole]
    return tuple(telling or found[:1])


def _count(out: Tally, record: LogRecord, found: tuple[Match, ...], before: str) -> None:
    out.with_errors += 1
    when = stamp(record.when) or stamp(record.text) or stamp(before)
    named = set(hosts(record.text)) | ({record.host.casefold()} if record.host else set())
    for match in found:
        one = out.seen.setdefault(match.error.name, Sighting(match.error, *_sample(record.text, match)))
        one.count += 1
        one.first = min(filter(None, (one.first, when)), default="")
        one.last = max(one.last, when)
        for host in named:
            if host in one.hosts or len(one.hosts) < MOST_HOSTS:
                one.hosts[host] += 1
