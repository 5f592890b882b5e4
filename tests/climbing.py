"""`python -m tests.climbing`: one whole `check` of the demo's forests, and each call that climbed in it, as JSON.

A call climbs where a module of a room is called by one of a room below it, by ARCHITECTURE's table; whatever of others
lies between (threads, timers, libraries) does not count, but for the event loop, which calls everybody. A generator
is no climb, nor is a stream: whoever reads it is handed values.
"""

from __future__ import annotations

import inspect
import json
import sys
import threading
from functools import cache
from pathlib import Path
from types import FrameType, SimpleNamespace

import portcheck
from tests.test_layers import allowed

PACKAGE = Path(portcheck.__file__).parent
LOOP = str(Path("asyncio", "events.py"))  # whatever it calls, nobody of ours called
GENERATOR = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR


@cache
def below(room: str) -> frozenset[str]:
    others = allowed().get(room, set())
    return frozenset(others).union(*map(below, others))


@cache
def place(file: str) -> tuple[str, str]:
    """Room and module of what is written in this file; empty for others."""
    path = Path(file)
    if not path.is_relative_to(PACKAGE) or path.parent == PACKAGE:
        return "", ""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0], ".".join(parts)


class Tracer:
    """A profile function: who was called from below, by caller."""

    def __init__(self) -> None:
        self.climbs: dict[str, set[str]] = {}

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        if event != "call" or frame.f_code.co_flags & GENERATOR or frame.f_code.co_name == "readinto":
            return
        room, module = place(frame.f_code.co_filename)
        caller = frame.f_back
        while room and caller is not None and not place(caller.f_code.co_filename)[0]:
            caller = None if caller.f_code.co_filename.endswith(LOOP) else caller.f_back
        if room and caller is not None and place(caller.f_code.co_filename)[0] in below(room):
            by = f"{place(caller.f_code.co_filename)[1]}.{caller.f_code.co_qualname}"
            self.climbs.setdefault(by, set()).add(f"{module}.{frame.f_code.co_qualname}")


def main() -> None:
    from portcheck.cli import output, targets
    from portcheck.cli.demo_forests import embedded
    from portcheck.commands.check import Job, once
    from portcheck.config import Configuration, Settings
    from portcheck.run.runner import Order

    tracer, folder = Tracer(), Path(sys.argv[1])
    screen = output.screen_options(no_color=True, verbose=0, quiet=False, accessible=False)
    wanted = output.wishes(["json", "table"], [folder / "report.json"], None, "fof")
    with embedded() as (forests, _):
        profiles = targets.profiles(Configuration(), ["mim"])
        order = Order(tuple((forest, profiles) for forest in forests), Settings(), views=True)
        threading.setprofile(tracer)
        sys.setprofile(tracer)
        try:
            once(SimpleNamespace(obj=None), Job(order, wanted, screen, lock=True))  # type: ignore[arg-type]
        finally:
            sys.setprofile(None)
            threading.setprofile(None)  # type: ignore[arg-type]
    (folder / "climbs.json").write_text(json.dumps({by: sorted(of) for by, of in tracer.climbs.items()}), "utf-8")


if __name__ == "__main__":
    main()
