"""`python -m tests.bench.loss`: a lossy path and a firewall that polices new connections, with nothing silent behind.

Whatever is told to be silent, mute or cut here is false. Prints how often, for portcheck and for nmap's plain scan.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from tests.bench import classic, measure
from tests.lab import faults
from tests.lab.world import Lab, lab, why_not

Condition = Callable[[Lab], AbstractContextManager[None]]
CONDITIONS: Mapping[str, Condition] = {
    "5 % loss": lambda up: faults.lose(up, 5),
    "10 % loss": lambda up: faults.lose(up, 10),
    "20 new/s": faults.police,
}
BLAMED = ("filtered", "mute", "reset")


def main() -> int:
    options = arguments()
    if reason := why_not():
        sys.stderr.write(f"{reason}\n")
        return 1
    with lab() as up:
        config = up.forests_toml(defaults={"profiles": [options.profile]})
        healthy = {key: check["state"] for key, check in checks(run(up, config).stdout).items()}
        say(f"{len(healthy)} checks, all well: {dict(Counter(healthy.values()))}; {options.runs} runs each\n")
        say(f"{'':22}{'false':>7}{'of':>7}  {'filtered':>9}{'mute':>6}{'reset':>6}{'other':>6}{'fail':>6}  wall s")
        for name in options.only or CONDITIONS:
            with CONDITIONS[name](up):
                portcheck_row(up, config, healthy, name, options.runs)
                if options.nmap_runs and shutil.which("nmap"):
                    nmap_row(up, name, options.nmap_runs)
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=30, help="runs of portcheck a condition (30)")
    parser.add_argument("--nmap-runs", type=int, default=3, help="runs of nmap -sT -sU a condition (3)")
    parser.add_argument("--profile", default="all", help="the profile, so which services are asked (all)")
    parser.add_argument("--only", action="append", choices=CONDITIONS, help="only this condition")
    return parser.parse_args()


def portcheck_row(up: Lab, config: Path, healthy: Mapping[str, str], name: str, runs: int) -> None:
    """Each state that is another than in the healthy lab is false: nothing here is broken but the path."""
    false: Counter[str] = Counter()
    failed, walls, details = 0, [], []
    for _ in range(runs):
        cost = run(up, config)
        walls.append(cost.wall_s)
        told = checks(cost.stdout)
        failed += sum(check["verdict"] == "fail" for check in told.values())
        for key, was in healthy.items():
            now = told[key]["state"] if key in told else "gone"
            if now != was:
                false[now] += 1
                details.append(f"  {key}: {now}, {told[key]['reason'] if key in told else 'not asked'}")
    row(f"{name}, portcheck", runs * len(healthy), false, failed, walls)
    for line in details[:10]:
        say(line)


def nmap_row(up: Lab, name: str, runs: int) -> None:
    true = classic.truth(up, {})
    false: Counter[str] = Counter()
    undecided, walls = 0, []
    for _ in range(runs):
        cost, told = classic.nmap(up)
        walls.append(cost.wall_s)
        undecided += classic.score(told, true)["undecided"]
        words = (line.rpartition("told ")[2].partition(",")[0] for line in classic.wrongs(told, true))
        false.update("filtered" if word == classic.SILENT else word for word in words)
    row(f"{name}, nmap", runs * len(true), false, None, walls)
    say(f"  nmap left {undecided} of them undecided (open|filtered)")


def row(name: str, cells: int, false: Counter[str], failed: int | None, walls: list[float]) -> None:
    blamed = "".join(f"{false[state]:{width}}" for state, width in zip(BLAMED, (9, 6, 6), strict=True))
    other = sum(count for state, count in false.items() if state not in BLAMED)
    fails = "" if failed is None else failed
    wall = f"{statistics.median(walls):.1f}, at most {max(walls):.1f}"
    say(f"{name:22}{sum(false.values()):7}{cells:7}  {blamed}{other:6}{fails:6}  {wall}")


def run(up: Lab, config: Path) -> measure.Cost:
    command = (sys.executable, "-m", "portcheck", "check", "-c", str(config), "-f", "json", "-q")
    return measure.run(up.vantage.argv(*command), cwd=up.vantage.home, env=up.vantage.environment())


def checks(text: str) -> dict[str, dict[str, Any]]:
    """By host, service and transport: the port of an RPC interface may be another from run to run."""
    return dict(_named(json.loads(text)["checks"]))


def _named(rows: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for check in rows:
        yield f"{check['host']} {check['service']}/{check['transport']}", check


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
