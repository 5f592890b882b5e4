"""What a program's run costs: wall time, processor time, peak memory, with that of the children it waited for."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

APART = "PORTCHECK_BENCH_APART"


@dataclass(frozen=True, slots=True)
class Cost:
    """How one run ended, and what it took."""

    code: int
    wall_s: float
    cpu_s: float
    peak_mb: float
    stdout: str


def run(argv: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Cost:
    """Run to the end. What it says on stderr is thrown away."""
    began = time.monotonic()
    process = subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=cwd, env=env
    )
    assert process.stdout is not None
    with process.stdout as pipe:
        told = pipe.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(process.returncode, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, told)


def apart(module: str) -> None:
    """Begin anew in a network namespace of its own, where nobody else's servers and ports are; else as it is."""
    if APART in os.environ or shutil.which("unshare") is None:
        return
    namespace = ["unshare", "-n" if os.geteuid() == 0 else "-rn"]
    if subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode == 0:
        lift = ["sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
        command = [*namespace, *lift, sys.executable, "-m", module, *sys.argv[1:]]
        os.execvpe(command[0], command, os.environ | {APART: "1"})


def median_ms(times: int, once: Callable[[], float]) -> float:
    """The middle of so many measurements in seconds, in milliseconds."""
    return statistics.median(once() for _ in range(times)) * 1000
