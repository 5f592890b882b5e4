"""Bytes of a log as text, whatever wrote them: UTF-8, UTF-16, gzip. Never more than a piece of it is in memory."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

from portcheck.files.text import spelled_in

PIECE = 1 << 20
LONGEST = 1 << 16  # characters of one line that are looked at
GZIP, EVTX = b"\x1f\x8b", b"ElfFile\0"


class LogError(ValueError):
    """A log that cannot be read: one line, fit for a user."""


def lines(source: BinaryIO, read: Callable[[int], None] = lambda _: None) -> Iterator[str]:
    """Its lines without their ends. `read` is told of every piece's length, as it lies on the disk.

    Raises LogError for a binary event log. What is damaged or cut off at the end is read as far as it goes.
    """
    plain = _unpacked(io.BufferedReader(_Counted(source, read), PIECE))
    head = _head(plain)
    if head.startswith(EVTX):
        raise LogError(
            "it is a binary event log: save it as XML or CSV in the Event Viewer, or run"
            " wevtutil qe FILE.evtx /lf:true /f:xml > FILE.xml"
        )
    mark, encoding = spelled_in(head)
    plain.read(len(mark))
    yield from _split(plain, codecs.getincrementaldecoder(encoding)(errors="replace"))


class _Counted(io.RawIOBase):
    """Tells how many bytes were read of the file itself."""

    def __init__(self, source: BinaryIO, read: Callable[[int], None]) -> None:
        self._source, self._read = source, read

    def readable(self) -> bool:
        return True

    def readinto(self, into: memoryview) -> int:  # type: ignore[override]
        piece = self._source.read(len(into))
        into[: len(piece)] = piece
        self._read(len(piece))
        return len(piece)


def _unpacked(raw: io.BufferedReader) -> io.BufferedReader | gzip.GzipFile:
    return gzip.GzipFile(fileobj=raw) if raw.peek(2).startswith(GZIP) else raw


def _split(plain: io.BufferedReader | gzip.GzipFile, decoder: codecs.IncrementalDecoder) -> Iterator[str]:
    left = ""
    while piece := _next(plain):
        left += decoder.decode(piece)
        *whole, left = left.split("\n")
        yield from whole
        if len(left) > LONGEST:  # a line without an end: its beginning says what there is to say
            yield left[:LONGEST]
            left = ""
    if left:
        yield left


def _head(plain: io.BufferedReader | gzip.GzipFile) -> bytes:
    try:
        return plain.peek(16)[:16]
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return b""


def _next(plain: io.BufferedReader | gzip.GzipFile) -> bytes:
    try:
        return plain.read1(PIECE)
    except (EOFError, zlib.error, gzip.BadGzipFile):  # cut off, or damaged from here on
        return b""
