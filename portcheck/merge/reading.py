"""What a user names to merge: files, folders, merged reports. A file that cannot be read is named, and left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from pathlib import Path

from portcheck.files import reading
from portcheck.merge.gather import Sourced
from portcheck.merge.lean import LeanReader
from portcheck.merge.one_place import as_one, report_of
from portcheck.merge.points import LeftOut
from portcheck.merge.to_json import from_json, is_merged
from portcheck.model import Report
from portcheck.report import by_line, to_json
from portcheck.report.to_json import MAX_BYTES, StoreError

MOST_FILES = 10_000

Given = Sourced | LeftOut


def sourced(words: Iterable[str], run: Callable[[str], Report | None]) -> Iterator[Given]:
    """`run`: the report of a history's run by that word; None where the word names none."""
    reader = LeanReader()
    for word in words:
        path = Path(word)
        if not _exists(path) and (report := run(word)) is not None:
            yield Sourced(report, f"run {word}")
        elif _is_folder(path):
            yield from _folder(path, reader)
        else:
            yield from read(path, reader)


def _folder(path: Path, reader: LeanReader) -> Iterator[Given]:
    try:
        found = sorted(file for file in path.iterdir() if file.suffix == ".json" and file.is_file())
    except OSError as error:
        yield LeftOut(str(path), f"cannot be read: {reading.words(error)}")
        return
    if not found:
        yield LeftOut(str(path), "holds no .json file")
    for file in found[:MOST_FILES]:
        yield from read(file, reader)
    if len(found) > MOST_FILES:
        yield LeftOut(str(path), f"has {len(found)} files; the first {MOST_FILES} by name were read")


def read(path: Path, reader: LeanReader) -> Iterator[Given]:
    """One report; of a merged one, a report for each place."""
    try:
        text = bounded(path)
        report = by_line.maybe(BytesIO(text), reader.outcome, evidence=False)
        document = None if report else to_json.document(text)
        if is_merged(document):
            merged = from_json(document)
            yield from (Sourced(report_of(merged, point.name), point.source, lean=True) for point in merged.points)
            yield from merged.left_out
        else:
            yield Sourced(report or by_line.whole(document, reader.outcome), str(path), lean=True)
    except StoreError as error:
        yield LeftOut(str(path), str(error).removeprefix(f"{path}: "))


def whole(path: Path) -> Report:
    """A report, or a merged one as one report. Raises StoreError."""
    text = bounded(path)
    try:
        if report := by_line.maybe(BytesIO(text)):
            return report
        document = to_json.document(text)
        return as_one(from_json(document)) if is_merged(document) else to_json.from_json(document)
    except StoreError as error:
        raise StoreError(f"{path}: {error}") from None


def each(path: Path) -> tuple[tuple[Report, ...], bool]:
    """The report in the file; of a merged one the report of each place, and True. Raises StoreError."""
    document = parsed(path)
    try:
        if not is_merged(document):
            return (to_json.from_json(document),), False
        merged = from_json(document)
    except StoreError as error:
        raise StoreError(f"{path}: {error}") from None
    return tuple(report_of(merged, point.name) for point in merged.points), True


def bounded(path: Path) -> bytes:
    """Raises StoreError."""
    try:
        text = reading.read(path, MAX_BYTES)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise StoreError(f"{path}: cannot be read: {reading.words(error)}") from None
    if len(text) > MAX_BYTES:
        raise StoreError(f"{path}: larger than {MAX_BYTES // 2**20} MB, not a report")
    return text


def parsed(path: Path) -> object:
    """JSON, bounded. Raises StoreError."""
    text = bounded(path)
    try:
        return to_json.document(text)
    except StoreError as error:
        raise StoreError(f"{path}: {error}") from None


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False
