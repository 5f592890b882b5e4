"""`python -m tests.bench.busy [CONDITION ...]`: is anything called silent only since this machine was busy?

Hosts on loopback as `tests.bench.scale` has them: every eighth port is silent, all others answer. Each condition is run
in a network namespace of its own where that is allowed, else beside whatever else runs here. Prints the cells that are
not true; there is to be none. Needs no root, but for the condition `ports`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import measure, scale

PORTS_LEFT = (50_000, 50_040)  # 41 of them
RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
FILLED = 60_000  # connections made just before
Beside = Callable[[subprocess.Popen[bytes]], None]


@dataclass(frozen=True, slots=True)
class Condition:
    """How portcheck is run, and what is done to it meanwhile."""

    options: Sequence[str] = ()
    loops: int = 0  # that keep the processors busy
    nice: int = 0  # of portcheck
    stopped: bool = False  # at random moments, for random times
    ports: bool = False  # this machine has few local ports
    filled: bool = False  # many connections were just made


SERVICES = 5
CONDITIONS: Mapping[str, Condition] = {
    "as it is": Condition(),
    "concurrency 4096, rate 20000": Condition(("--concurrency", "4096", "--rate", "20000")),
    "concurrency 8192": Condition(("--concurrency", "8192")),
    "concurrency 8192, rate 100000": Condition(("--concurrency", "8192", "--rate", "100000")),
    "8 busy loops, nice 10": Condition(loops=8, nice=10),
    "8 busy loops, nice 10, concurrency 8192": Condition(("--concurrency", "8192"), loops=8, nice=10),
    "stopped and resumed": Condition(stopped=True),
    "after 60,000 connections": Condition(filled=True),
    "41 local ports": Condition(ports=True),
}


def main() -> int:
    options = arguments()
    scale.say(f"{options.hosts} hosts of {SERVICES} ports, load {os.getloadavg()[0]:.1f}\n")
    scale.say(f"{'':42}{'runs':>5}{'false':>7}{'of':>9}  wall s, at most")
    false = sum(row(name, CONDITIONS[name], options) for name in options.only or CONDITIONS)
    return 1 if false else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", metavar="CONDITION", help=f"of: {'; '.join(CONDITIONS)} (all)")
    parser.add_argument("--hosts", type=int, default=1024, help="hosts of five ports each (1024)")
    parser.add_argument("--runs", type=int, default=1, help="runs of each condition (1)")
    parser.add_argument("--stops", type=int, default=20, help="runs that are stopped at random moments (20)")
    parser.add_argument("--seed", type=int, default=0, help="of those moments (0)")
    options = parser.parse_args()
    if unknown := set(options.only) - set(CONDITIONS):
        parser.error(f"no such condition: {', '.join(sorted(unknown))}")
    return options


def row(name: str, condition: Condition, options: argparse.Namespace) -> int:
    field = scale.Field(options.hosts, SERVICES)
    true = field.cells()
    runs = options.stops if condition.stopped else options.runs
    chance, walls, told = random.Random(options.seed), list[float](), Counter[str]()
    if condition.ports and not os.access(RANGE, os.W_OK):
        scale.say(f"{name:42}    - needs root")
        return 0
    with scale.serving(field), local_ports(few=condition.ports), scale.busy(condition.loops):
        for _ in range(runs):
            if condition.filled:
                fill(FILLED)
            began = time.monotonic()
            seen = asked(field, condition, chance)
            walls.append(time.monotonic() - began)
            wrong = (c for c, answers in true.items() if seen.get(c) != ("open" if answers else "filtered"))
            told.update(seen.get(cell, "nothing") for cell in wrong)
    scale.say(f"{name:42}{runs:5}{told.total():7}{runs * len(true):9}  {max(walls):.1f}")
    if told:
        scale.say(f"  told: {dict(told)}")
    return told.total()


def asked(field: scale.Field, condition: Condition, chance: random.Random) -> dict[scale.Cell, str]:
    """One run, and the state of each cell."""
    with tempfile.TemporaryDirectory() as folder:
        config, report = Path(folder) / "forests.toml", Path(folder) / "report.json"
        config.write_text(scale.forest(field))
        command = [sys.executable, "-m", "portcheck", "check", "-c", str(config), "--only", "tcp", "-q"]
        command += ["-f", "json", "-o", str(report), *condition.options]
        if condition.nice:
            command = ["nice", "-n", str(condition.nice), *command]
        running = subprocess.Popen(command, env=os.environ | {"PORTCHECK_STATE_DIR": folder}, stdout=subprocess.DEVNULL)
        if condition.stopped:
            stop_and_go(running, chance)
        running.wait()
        with contextlib.suppress(OSError, ValueError):
            rows = json.loads(report.read_text())["checks"]
            return {(row["address"], row["port"]): row["state"] for row in rows}
    return {}


def stop_and_go(running: subprocess.Popen[bytes], chance: random.Random) -> None:
    """Stopped for up to six seconds, longer than any patience, and again, until it ends."""
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(chance.uniform(0.1, 4.0))
            return
        running.send_signal(signal.SIGSTOP)
        time.sleep(chance.uniform(0.1, 6.0))
        running.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def local_ports(*, few: bool) -> Iterator[None]:
    """So many are left to ask from."""
    if not few:
        yield
        return
    before = RANGE.read_text()
    RANGE.write_text(" ".join(map(str, PORTS_LEFT)))
    try:
        yield
    finally:
        RANGE.write_text(before)


def fill(connections: int) -> None:
    """So many, made and closed from here, so that their ports wait."""
    for number in range(connections):
        with contextlib.suppress(OSError), socket.socket() as sock:
            sock.connect((scale.address(number % 250), scale.PORTS[number % len(scale.PORTS)]))


if __name__ == "__main__":
    measure.apart("tests.bench.busy")
    sys.exit(main())
