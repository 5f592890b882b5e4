"""Lines of a log as records: a line each, an event of a saved event log (XML), or a row of an export (CSV)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

LONGEST = 1 << 16  # characters of one record that are kept
COLUMNS: Mapping[str, str] = {
    "source": "source", "provider": "source", "providername": "source",
    "event id": "id", "eventid": "id", "id": "id", "instanceid": "id",
    "date and time": "when", "timecreated": "when", "timegenerated": "when", "time": "when", "date": "when",
    "computer": "host", "machinename": "host",
}  # fmt: skip
"""Headings of the Event Viewer's and PowerShell's exports."""
XML = re.compile(r"\s*<(?:\?xml|Events?\b)")
END = "</Event>"
PROVIDER = re.compile(r"<Provider\b[^>]*?\bName\s*=\s*['\"]([^'\"]{1,200})", re.IGNORECASE)
EVENT_ID = re.compile(r"<EventID\b[^>]*>\s*(\d{1,5})", re.IGNORECASE)
SYSTEM_TIME = re.compile(r"SystemTime\s*=\s*['\"]([^'\"]{1,40})", re.IGNORECASE)
SUCCESS = re.compile(r"<Keywords>\s*0x8020", re.IGNORECASE)  # of an audited event
COMPUTER = re.compile(r"<Computer>([^<]{1,255})", re.IGNORECASE)
TOLD = re.compile(r"<(?:Data|Message|Binary)\b[^>]*>([^<]+)", re.IGNORECASE)


class LogRecord(NamedTuple):
    """One thing that the log says."""

    text: str
    when: str = ""  # as it is written; empty: in the text, if at all
    host: str = ""  # the machine that wrote it, if the log says so


def records(lines: Iterable[str]) -> Iterator[LogRecord]:
    """What kind of log it is shows in its first line."""
    rest = iter(lines)
    first = next((line for line in rest if line.strip()), "")
    everything = chain([first], rest)
    if XML.match(first):
        yield from map(_event, _events(everything))
    elif heads := _heads(first):
        yield from _rows(rest, *heads)
    else:
        yield from map(LogRecord, everything)


def _events(lines: Iterable[str]) -> Iterator[str]:
    event = ""
    for line in lines:
        *ended, rest = line.split(END)
        for part in ended:
            yield event + part
            event = ""
        if len(event) < LONGEST:
            event += f"{rest} "
    if "<EventID" in event:
        yield event


def _event(xml: str) -> LogRecord:
    """The parts that count, found one by one: nothing in the file can make a parser work."""
    source, number = PROVIDER.search(xml), EVENT_ID.search(xml)
    when, host = SYSTEM_TIME.search(xml), COMPUTER.search(xml)
    head = f"Source: {source[1] if source else ''} Event ID: {number[1]} " if number else ""
    head += "Audit Success " if number and SUCCESS.search(xml) else ""
    said = " ".join(TOLD.findall(xml)) if number else xml
    return LogRecord(head + said, when[1] if when else "", host[1] if host else "")


def _heads(first: str) -> tuple[dict[str, int], str] | None:
    """Where each column stands and what parts them, if the first line is the head of an export."""
    for mark in (",", ";", "\t"):
        names = [name.strip().strip('"').casefold() for name in first.lstrip("\ufeff").split(mark)]
        found = {COLUMNS[name]: place for place, name in reversed(list(enumerate(names))) if name in COLUMNS}
        if "id" in found and len(found) > 1:
            return found, mark
    return None


def _rows(lines: Iterator[str], heads: Mapping[str, int], mark: str) -> Iterator[LogRecord]:
    csv.field_size_limit(LONGEST)
    while True:
        try:
            for row in csv.reader(lines, delimiter=mark):
                yield _row(row, heads)
        except csv.Error:  # a quote that is not closed, or a NUL: go on with the next line
            continue
        return


def _row(row: Sequence[str], heads: Mapping[str, int]) -> LogRecord:
    told = {name: row[place] for name, place in heads.items() if place < len(row)}
    head = f"Source: {told.get('source', '')} Event ID: {told['id']} " if told.get("id", "").isdigit() else ""
    rest = " ".join(value for place, value in enumerate(row) if place not in heads.values())
    return LogRecord(head + rest, told.get("when", ""), told.get("host", ""))
