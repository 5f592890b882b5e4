"""Many steps side by side, all awaited: what `asyncio.gather` does, without a step of the loop for each that ends."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any


async def together(steps: Iterable[Coroutine[Any, Any, object]]) -> None:
    """Until the last has ended. Where one fails, or nobody waits any longer, the others are cancelled first."""
    running = [asyncio.create_task(step) for step in steps]
    try:
        for task in running:
            await task
    except BaseException:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        raise
