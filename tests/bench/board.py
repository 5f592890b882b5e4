"""`portcheck ui` on 1,200 controllers of one forest: what a press of each key costs, by textual's own pilot.

    python -m tests.bench.board

Processor's time of the whole process, a key; the board runs without a terminal, which only draws what it is sent.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from factories import report
from render.samples import host_outcomes
from render.test_ui import board

WALK = (
    ("enter", "enter"),
    ("down", "down " * 40),
    ("pagedown", "pagedown " * 10),
    ("end", "end"),
    ("home", "home"),
    ("f on, off", "f f"),
    ("search", "slash d c 0 7"),
    ("escape", "escape"),
    ("enter, escape", "enter escape"),
)


async def main(controllers: int = 1200) -> None:
    hosts = [host_outcomes(f"dc{n:04}.alpha.test", f"10.1.{n // 250}.{n % 250}") for n in range(controllers)]
    app = board(report(*(o for some in hosts for o in some)))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        for name, keys in WALK:
            pressed = keys.split()
            before = time.process_time()
            await pilot.press(*pressed)
            await pilot.pause()
            print(f"{name:<14} {(time.process_time() - before) / len(pressed) * 1000:4.0f} ms a key")
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
