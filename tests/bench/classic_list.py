"""`python -m tests.bench.classic_list`: the classic port list on three real forests, portcheck and nmap side by side.

Prints what each took and how many cells each decided rightly; nothing here is asserted, a busy machine is no fault.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench import classic, measure
from tests.bench.classic import Told
from tests.bench.measure import Cost
from tests.lab.program import PROJECT
from tests.lab.world import Lab, lab, why_not

SCANS: Mapping[str, tuple[str, ...]] = {"nmap -sT -sU": (), "nmap -sT -sU -sV": ("-sV",)}
PATIENCE_S = 4.0
NOTHING: Mapping[str, tuple[str, ...]] = {}


@dataclass(frozen=True, slots=True)
class Row:
    """One program's runs under one condition: the middle one by wall time stands for them."""

    name: str
    cost: Cost
    told: Told
    walls: tuple[float, ...]


def main() -> int:
    options = arguments()
    if reason := why_not() or (None if shutil.which("nmap") else "the comparison needs nmap: apt-get install nmap"):
        sys.stderr.write(f"{reason}\n")
        return 1
    with lab() as up:
        config = up.forests_toml(defaults={"profiles": ["mim"]})
        classic.portcheck(up, config)  # a first run writes the bytecode, and has the kernel know the neighbours
        compare(up, config, classic.SILENCED, options)
        compare(up, config, NOTHING, options)
        say(f"portcheck --version: {version_ms(up):+.0f} ms over the bare interpreter (target: at most +60)")
        say(f"first packet: {first_packet_ms(up, config):.0f} ms after the start (target: 400)")
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="runs of portcheck; the middle one counts (3)")
    parser.add_argument("--no-sv", action="store_true", help="leave out nmap -sV, which takes minutes")
    return parser.parse_args()


def compare(up: Lab, config: Path, silenced: Mapping[str, tuple[str, ...]], options: argparse.Namespace) -> None:
    true = classic.truth(up, silenced)
    names = [f"{port} on {key}" for key, ports in silenced.items() for port in ports]
    say(f"\n{len(true)} cells, silent: {', '.join(names) or 'none'}")
    scans = {name: flags for name, flags in SCANS.items() if not (options.no_sv and "-sV" in flags)}
    with classic.silence(up, silenced):
        rows = [repeated("portcheck", options.runs, lambda: classic.portcheck(up, config))]
        rows += [repeated(name, 1, lambda flags=flags: classic.nmap(up, *flags)) for name, flags in scans.items()]
    table(rows, true)
    ours = rows[0]
    target = PATIENCE_S + 1 if silenced else 1.5
    say(f"portcheck: {ours.cost.wall_s:.2f} s (target: at most {target:g}); runs {spread(ours.walls)}")
    for row in rows[1:]:
        say(f"{row.name}: {row.cost.wall_s / ours.cost.wall_s:.1f} times as long as portcheck")
    for wrong in classic.wrongs(ours.told, true):
        say(f"  portcheck is wrong: {wrong}")


def repeated(name: str, times: int, once: Callable[[], tuple[Cost, Told]]) -> Row:
    runs = sorted((once() for _ in range(times)), key=lambda run: run[0].wall_s)
    cost, told = runs[len(runs) // 2]
    return Row(name, cost, told, tuple(run[0].wall_s for run in runs))


def table(rows: list[Row], true: Told) -> None:
    say(f"{'':20}{'wall s':>8}{'cpu s':>8}{'peak MB':>9}{'right':>7}{'wrong':>7}{'undecided':>11}")
    for row in rows:
        marks, cost = classic.score(row.told, true), row.cost
        numbers = f"{cost.wall_s:8.2f}{cost.cpu_s:8.2f}{cost.peak_mb:9.0f}"
        say(f"{row.name:20}{numbers}{marks['right']:7}{marks['wrong']:7}{marks['undecided']:11}")


def spread(walls: tuple[float, ...]) -> str:
    return ", ".join(f"{wall:.2f}" for wall in walls)


def version_ms(up: Lab, times: int = 11) -> float:
    def started(*arguments: str) -> float:
        return measure.run((sys.executable, *arguments), env=up.vantage.environment()).wall_s

    started("-m", "portcheck", "--version")
    bare = measure.median_ms(times, lambda: started("-c", "pass"))
    return measure.median_ms(times, lambda: started("-m", "portcheck", "--version")) - bare


def first_packet_ms(up: Lab, config: Path, times: int = 5) -> float:
    command = (sys.executable, "-m", "portcheck", "check", "-c", str(config))
    script = str(PROJECT / "tests/bench/first_packet.py")

    def once() -> float:
        argv = up.client.argv(sys.executable, script, *command)
        return float(measure.run(argv, cwd=up.vantage.home, env=up.vantage.environment()).stdout)

    return statistics.median(once() for _ in range(times)) * 1000


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
