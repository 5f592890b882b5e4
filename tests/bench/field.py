"""`python -m tests.bench.field`: far, narrow and lossy paths to forests that are well, many times over.

Whatever is told to be silent, mute or cut here is false, and so is loss where none was made. Most of it is waiting, so
several labs run side by side.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import repeat
from queue import SimpleQueue

from tests.lab import faults
from tests.lab.program import Run
from tests.lab.relay import Line, relay
from tests.lab.world import Lab, lab, why_not

LOSS = {"packet-loss"}
WELL = {"forest-ok"}
FORESTS = ("alpha", "bravo", "charlie")


@dataclass(frozen=True, slots=True)
class Condition:
    """A path, and what may be said of it."""

    make: Callable[[Lab], AbstractContextManager[None]]
    allowed: frozenset[str] = frozenset(WELL)


CONDITIONS: Mapping[str, Condition] = {
    "RTT 300 ms": Condition(lambda up: relay(up, Line(delay_ms=150))),
    "RTT 700 ms": Condition(lambda up: relay(up, Line(delay_ms=350))),
    "RTT 1200 ms": Condition(lambda up: relay(up, Line(delay_ms=600))),
    "64 kbit/s": Condition(lambda up: relay(up, Line(kbit=64))),
    "5 % loss": Condition(lambda up: faults.lose(up, 5), frozenset(WELL | LOSS)),
    "10 % loss": Condition(lambda up: faults.lose(up, 10), frozenset(WELL | LOSS)),
}


@dataclass(slots=True)
class Tally:
    """What so many runs under one condition said."""

    runs: int = 0
    cells: int = 0
    false: list[str] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def add(self, run: Run, allowed: frozenset[str], seconds: float) -> None:
        self.runs += 1
        self.seconds.append(seconds)
        if run.report is None:
            self.false.append(f"no report: exit {run.code}, {run.stderr[-300:]}")
            return
        self.cells += len(run.checks)
        self.codes.update(code for forest in FORESTS for code in run.codes(forest))
        bad = [c for c in run.checks if c["state"] not in {"ok", "open", "skipped"}]
        self.false += [f"{c['host']} {c['service']}/{c['transport']}: {c['state']}, {c['reason']}" for c in bad]
        told = [f for f in run.report["findings"] if f["code"] not in allowed]
        self.false += [f"{f['code']}: {f['title']} ({f['evidence']})" for f in told]


def main() -> int:
    options = arguments()
    if reason := why_not():
        sys.stderr.write(f"{reason}\n")
        return 1
    jobs: SimpleQueue[str] = SimpleQueue()
    tallies = {name: Tally() for name in options.only or CONDITIONS}
    for name in tallies:
        for _ in range(-(-options.runs // options.batch)):
            jobs.put(name)
    with ThreadPoolExecutor(options.labs) as pool:
        list(pool.map(work, repeat(jobs, options.labs), repeat(tallies), repeat(options.batch)))
    for name, tally in tallies.items():
        say(row(name, tally))
        for line in tally.false[:20]:
            say(f"    {line}")
    return int(any(tally.false for tally in tallies.values()))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=30, help="runs a condition (30)")
    parser.add_argument("--batch", type=int, default=5, help="runs in a row of one condition in one lab (5)")
    parser.add_argument("--labs", type=int, default=3, help="labs side by side (3)")
    parser.add_argument("--only", action="append", choices=CONDITIONS, help="only this condition")
    return parser.parse_args()


def work(jobs: SimpleQueue[str], tallies: Mapping[str, Tally], batch: int) -> None:
    """One lab: takes conditions until none is left."""
    with lab() as up:
        config = up.forests_toml(defaults={"profiles": ["mim"]})
        while not jobs.empty():
            name = jobs.get()
            with CONDITIONS[name].make(up):
                for _ in range(batch):
                    began = time.monotonic()
                    run = up.check(config=config)
                    tallies[name].add(run, CONDITIONS[name].allowed, time.monotonic() - began)
            say(row(name, tallies[name]))


def row(name: str, tally: Tally) -> str:
    took = f"{statistics.median(tally.seconds):.1f} s, at most {max(tally.seconds):.1f} s"
    return (
        f"{name:12} {tally.runs:3} runs, {tally.cells:5} cells, {len(tally.false):3} false; {took}; {dict(tally.codes)}"
    )


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
