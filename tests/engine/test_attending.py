"""What nobody waits for, in the loop of a run: a machine that is too full for a head start says nothing of it."""

from __future__ import annotations

import asyncio
import logging

import pytest

from portcheck.net.starved import NO_THREAD, starved
from portcheck.run.attending import attended

FULL = [OSError(24, "Too many open files"), MemoryError(), ImportError("failed to map"), RuntimeError(NO_THREAD)]
OURS = [ValueError("a mistake"), RuntimeError("another")]


@pytest.mark.parametrize("error", [*FULL, *OURS], ids=repr)
def test_only_a_mistake_of_ours_is_told(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise error

    async def work() -> None:
        asyncio.get_running_loop().call_soon(fail)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    with caplog.at_level(logging.ERROR, "asyncio"):
        assert attended(work(), None)
    assert bool(caplog.records) is not starved(error)
    assert starved(error) is (error in FULL)
