"""Records of a log counted by the errors in them: how often, first and last, on which hosts, and a line of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from itertools import islice

from portcheck.catalogue.errors import CataloguedError
from portcheck.catalogue.lookup import LONGEST_LINE, Match, inside
from portcheck.catalogue.phrases import plain
from portcheck.frozen import dataclass
from portcheck.logs.neutral import neutral
from portcheck.logs.reach import LineReach, reach
from portcheck.logs.records import LogRecord
from portcheck.logs.shapes import legible, shaped
from portcheck.logs.stamps import hosts, stamp

SAMPLE = 400  # characters of a record that are kept
MOST_HOSTS = 200  # of one error that are counted by name
REMEMBERED = 20_000  # lines whose errors are remembered, apart from their time
AT_ONCE = 2000  # records that are shaped at once
BLANK = frozenset((" ", "\t", ""))  # what begins a line that goes on with the one before


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
    for record, found in _looked_at(records, memory):
        out.records += 1
        if record.text[:1] not in BLANK:
            before = record.text
        if found:
            _count(out, record, found, before)
    return out


def _looked_at(records: Iterable[LogRecord], memory: LogMemory) -> Iterator[tuple[LogRecord, tuple[Match, ...]]]:
    rest = iter(records)
    while some := list(islice(rest, AT_ONCE)):
        yield from zip(some, memory.found([record.text for record in some]), strict=True)


@dataclass(slots=True)
class LogMemory:
    """What was found in lines of the same shape: those that differ in other numbers than codes are looked at once."""

    alike: dict[bytes, tuple[bytes, LineReach] | None] = field(default_factory=dict)  # by shape; None: all is well
    reached: dict[bytes, LineReach | None] = field(default_factory=dict)  # by shape without names
    known: dict[tuple[bytes, tuple[str, ...]], tuple[Match, ...]] = field(default_factory=dict)

    def found(self, texts: Sequence[str]) -> Iterator[tuple[Match, ...]]:
        """The errors of each line."""
        shapes = shaped([legible(text[:LONGEST_LINE]) for text in texts])
        for text, (shape, kept) in zip(texts, shapes, strict=True):
            near = self.alike[shape] if shape in self.alike else self._near(shape)
            yield self._within(*near, text, kept) if near else ()

    def _near(self, shape: bytes) -> tuple[bytes, LineReach] | None:
        self._forget()
        nameless = neutral(shape)
        if nameless not in self.reached:
            self.reached[nameless] = reach(nameless)
        within = self.reached[nameless]
        self.alike[shape] = None if within is None else (nameless, within)
        return self.alike[shape]

    def _within(self, shape: bytes, within: LineReach, text: str, kept: str) -> tuple[Match, ...]:
        key = (shape, within.of(kept))
        if key not in self.known:
            self.known[key] = telling(inside(text))
        return self.known[key]

    def _forget(self) -> None:
        for remembered in (self.alike, self.reached, self.known):
            if len(remembered) >= REMEMBERED:
                remembered.clear()


def _sample(text: str, match: Match) -> tuple[str, int]:
    whole = plain(text)
    start = max(0, match.start - SAMPLE // 2)
    return whole[start : start + SAMPLE], match.start - start


def telling(found: list[Match]) -> tuple[Match, ...]:
    """General words beside a telling error are that error's own line."""
    telling = [match for match in found if not match.error.general and match.sole]
    return tuple(telling or found[:1])


def _count(out: Tally, record: LogRecord, found: tuple[Match, ...], before: str) -> None:
    out.with_errors += 1
    when = stamp(record.when) or stamp(record.text) or stamp(before)
    named = dict.fromkeys((*hosts(record.text), *([record.host.casefold()] if record.host else ())))
    for match in found:
        one = out.seen.get(match.error.name)
        if one is None:
            one = out.seen[match.error.name] = Sighting(match.error, *_sample(record.text, match))
        one.count += 1
        one.first = min(filter(None, (one.first, when)), default="")
        one.last = max(one.last, when)
        for host in named:
            if host in one.hosts or len(one.hosts) < MOST_HOSTS:
                one.hosts[host] += 1
