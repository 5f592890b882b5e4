"""What is known now: the newest report of each forest, other places' in a folder, and how the last runs went."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import field
from datetime import UTC, datetime
from pathlib import Path

from portcheck.exitcodes import OK
from portcheck.frozen import dataclass
from portcheck.merge import reading
from portcheck.merge.findings import Wanted, explained
from portcheck.merge.gather import Sourced, gathered
from portcheck.merge.points import LeftOut, Merged
from portcheck.model import Report, Verdict
from portcheck.render.merged.html import StripCell
from portcheck.render.shared import times

STRIP = 24
Stamp = tuple[tuple[str, int, int], ...]


@dataclass(slots=True)
class ForestBoard:
    """`changed` counts up with everything that is new; whoever waits for it is woken."""

    folder: Path | None = None
    reports: dict[str, Report] = field(default_factory=dict)  # by forest
    strips: dict[str, deque[StripCell]] = field(default_factory=dict)
    changed: int = 0
    _woken: asyncio.Condition = field(default_factory=asyncio.Condition)
    _stamp: Stamp = ()
    _others: tuple[Sourced | LeftOut, ...] = ()
    _merged: tuple[int, Merged] | None = None
    _wake: asyncio.Future[None] | None = None

    def put(self, forest: str, report: Report) -> None:
        """A run has ended. Called in the loop."""
        self.reports[forest] = report
        good = report.exit_code == OK
        words = f"{times.local(report.started)}: {'as expected' if good else 'not'}"
        cell = StripCell(Verdict.PASS if good else Verdict.FAIL, words)
        self.strips.setdefault(forest, deque(maxlen=STRIP)).append(cell)
        self._tell()

    def keep_only(self, forests: Sequence[str]) -> None:
        """The file was read anew: what is no longer in it is gone."""
        for gone in self.reports.keys() - set(forests):
            del self.reports[gone]
            self.strips.pop(gone, None)
        self._tell()

    def _tell(self) -> None:
        self.changed += 1
        self._wake = asyncio.ensure_future(self._notify()) if _looping() else None

    async def _notify(self) -> None:
        async with self._woken:
            self._woken.notify_all()

    async def after(self, seen: int, patience_s: float) -> int:
        """The count, as soon as it is another than `seen`; the same one where nothing came in time."""
        try:
            async with asyncio.timeout(patience_s), self._woken:
                await self._woken.wait_for(lambda: self.changed != seen)
        except TimeoutError:
            pass
        return self.changed

    async def merged(self) -> Merged:
        """All places, others' files read again where they changed."""
        await self._look()
        if self._merged is None or self._merged[0] != self.changed:
            count, own = self.changed, [Sourced(report, "asked here") for report in self.reports.values()]
            whole = await asyncio.get_running_loop().run_in_executor(None, _joined, (*own, *self._others))
            self._merged = (count, whole)
        return self._merged[1]

    async def others(self) -> Merged:
        """The places of the folder alone."""
        await self._look()
        return await asyncio.get_running_loop().run_in_executor(None, _joined, self._others)

    async def _look(self) -> None:
        if self.folder is None:
            return
        loop = asyncio.get_running_loop()
        stamp = await loop.run_in_executor(None, _stamp, self.folder)
        if stamp != self._stamp:
            self._others = await loop.run_in_executor(None, _read, self.folder)
            self._stamp = stamp
            self._tell()


def _looping() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _joined(given: Sequence[Sourced | LeftOut]) -> Merged:
    now = datetime.now(UTC)
    return explained(gathered(given, now), Wanted(now=now))


def _stamp(folder: Path) -> Stamp:
    """Cheap to compare: names, sizes and times of all that is read. What is not there any more hides no other."""
    try:
        found = sorted(file for file in folder.iterdir() if file.suffix == ".json")[: reading.MOST_FILES]
    except OSError:
        return ()
    return tuple(map(_stamp_of, found))


def _stamp_of(file: Path) -> tuple[str, int, int]:
    try:
        told = file.stat()
    except OSError:  # a link to nowhere, or just taken away
        return file.name, -1, 0
    return file.name, told.st_size, told.st_mtime_ns


def _read(folder: Path) -> tuple[Sourced | LeftOut, ...]:
    return tuple(reading.sourced([str(folder)], lambda _: None))
