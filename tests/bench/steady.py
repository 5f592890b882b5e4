"""`python -m tests.bench.steady`: the same network, run after run, gives the same checks in order, and findings."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext

from tests.lab import faults
from tests.lab.program import Run
from tests.lab.relay import Line, relay
from tests.lab.world import Lab, lab, why_not

Condition = Callable[[Lab], AbstractContextManager[None]]
CONDITIONS: Mapping[str, Condition] = {
    "healthy": nullcontext,
    "one forest dark": lambda up: faults.drop(up, up.bravo),
    "all dark": lambda up: faults.drop(up, None),
    "RTT 700 ms": lambda up: relay(up, Line(delay_ms=350)),
    "464 blocked": lambda up: faults.drop(up, up.bravo, "464"),
}


def main() -> int:
    options = arguments()
    if reason := why_not():
        sys.stderr.write(f"{reason}\n")
        return 1
    unsteady = 0
    with lab() as up:
        for names in ({}, {dc.site.key: {"dns": None} for dc in up.dcs}):  # the forests' own servers, the system's
            config = up.forests_toml(defaults={"profiles": ["mim"]}, **names)
            for name in options.only or CONDITIONS:
                with CONDITIONS[name](up):
                    seen = Counter(shape(up.check(config=config)) for _ in range(options.runs))
                unsteady += len(seen) > 1
                say(f"{name:16} {'system' if names else 'own':7} {options.runs} runs, {len(seen)} different")
                for different, _ in zip(seen, range(3), strict=False):
                    say(f"    {seen[different]:3} times: {len(different[0])} checks, findings {different[1]}")
    return int(unsteady > 0)


def shape(run: Run) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """The checks in their order, and each finding with its hosts and what it is about."""
    assert run.report is not None, run.stderr
    checks = tuple(f"{c['id'].rpartition('/')[0]} {c['state']} {c['verdict']}" for c in run.checks)
    findings = tuple((f["code"], f["forest"], f["severity"], *f["hosts"]) for f in run.report["findings"])
    return checks, findings


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20, help="runs a condition (20)")
    parser.add_argument("--only", action="append", choices=CONDITIONS, help="only this condition")
    return parser.parse_args()


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
