"""`tests/fuzz/run`: each target in a process of its own, guided by coverage where atheris is installed."""

from __future__ import annotations

import argparse
import importlib.util
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FOUND = Path(__file__).parent / "found"
"""What broke something, to be looked at: mended, it becomes a seed."""
LARGEST = 8192
SLOWEST_S = 20
NOISE = ("INFO: ", "#")


def main() -> int:
    asked = argparse.ArgumentParser(prog="tests/fuzz/run", description=__doc__)
    asked.add_argument("target", nargs="*")
    asked.add_argument("--seconds", type=int, default=60)
    asked.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.child:
        return _child(given.target[0], given.seconds)
    from fuzz.targets import names

    known = names()
    unknown = [name for name in given.target if name not in known]
    if unknown:
        asked.error(f"no target {', '.join(unknown)}; there are {', '.join(known)}")
    broken = [name for name in given.target or known if not _held(name, given.seconds)]
    print(f"broken: {', '.join(broken)}" if broken else "all held")
    return 1 if broken else 0


def _held(name: str, seconds: int) -> bool:
    began = time.monotonic()
    command = [sys.executable, "-m", "fuzz", name, "--seconds", str(seconds), "--child"]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False
    )
    words = "held" if done.returncode == 0 else "BROKE"
    runs = next((line for line in reversed(done.stdout.splitlines()) if line.startswith(("Done ", "tried "))), "")
    print(f"{name:24} {words:6} {time.monotonic() - began:4.0f} s  {runs}", flush=True)
    if done.returncode:
        print("\n".join([line for line in done.stdout.splitlines() if not line.startswith(NOISE)][-60:]))
    return done.returncode == 0


def _child(name: str, seconds: int) -> int:
    guided = importlib.util.find_spec("atheris") is not None
    return _guided(name, seconds) if guided else _unguided(name, seconds)


def _grows(name: str) -> list[str]:
    """Not of command lines: the system bounds them, and all else that a command does is counted with them."""
    from fuzz.mutating import superlinear
    from fuzz.targets import seeds, target

    if name.startswith("command-"):
        return []
    return [found for seed in seeds(name) for found in superlinear(target(name), seed)]


def _guided(name: str, seconds: int) -> int:
    import atheris  # type: ignore[import-not-found, unused-ignore]

    with atheris.instrument_imports(include=["portcheck"]):
        from fuzz.targets import SEEDS, target

        run = target(name)
    if found := _grows(name):
        print("\n".join(found))
        return 1
    FOUND.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        limits = [f"-max_total_time={seconds}", f"-max_len={LARGEST}", f"-timeout={SLOWEST_S}", "-rss_limit_mb=2048"]
        arguments = [name, *limits, f"-artifact_prefix={FOUND}/{name}-", corpus, str(SEEDS / name)]
        atheris.Setup(arguments, run)
        atheris.Fuzz()
    return 0


def _unguided(name: str, seconds: int) -> int:
    from fuzz.mutating import mutations
    from fuzz.targets import seeds, target
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import strategies as st

    if found := _grows(name):
        print("\n".join(found))
        return 1
    run = target(name)
    ends, tried = time.monotonic() + seconds, 0
    known = [b"", *seeds(name)]

    @settings(
        max_examples=500, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(st.sampled_from(known), st.randoms(use_true_random=True), st.binary(max_size=64))
    def one(seed: bytes, chance: random.Random, noise: bytes) -> None:
        nonlocal tried
        for data in (*mutations(seed, 8, chance), seed + noise, noise):
            tried += 1
            run(data)

    while time.monotonic() < ends:
        one()
    print(f"tried {tried}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
