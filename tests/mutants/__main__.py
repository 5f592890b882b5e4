"""Would the tests notice? A fixed list of faults made by hand, each tried against the unit tests that should see it.

`python -m tests.mutants [NAME…]`, in the clone. Each fault is made in a temporary copy; nothing here is changed. Ends
with 1 where fewer than nine in ten are noticed. `--jobs N` tries so many at once (default: 2).
"""

from __future__ import annotations

import argparse
import sys

from .listed import Mutant, listed
from .trying import Fate, Trial, baseline, try_all

ENOUGH = 0.9


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of one mutant, or how its name begins")
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    mutants = [mutant for mutant in listed() if _is_meant(mutant, asked.names)]
    if not mutants:
        print(f"No mutant is called {' or '.join(asked.names)}: see tests/mutants/*.toml", file=sys.stderr)
        return 2
    if told := baseline(mutants):
        print(f"The tests fail without any mutant, so they cannot tell one:\n{told}", file=sys.stderr)
        return 2
    trials = []
    for trial in try_all(mutants, asked.jobs):
        print(_line(trial), flush=True)
        trials.append(trial)
    return _sum_up(trials)


def _is_meant(mutant: Mutant, names: list[str]) -> bool:
    return not names or any(mutant.name == name or mutant.name.startswith(name) for name in names)


def _line(trial: Trial) -> str:
    by = f"by {trial.by}" if trial.by else f"it {trial.mutant.breaks}"
    return f"{trial.fate:9} {trial.mutant.name:45} {by}"


def _sum_up(trials: list[Trial]) -> int:
    survived = sorted(trial.mutant.name for trial in trials if trial.fate is Fate.SURVIVED)
    noticed = len(trials) - len(survived)
    print(f"\n{noticed} of {len(trials)} noticed ({100 * noticed / len(trials):.0f} %)")
    if survived:
        print(f"survived: {', '.join(survived)}")
    return int(noticed < ENOUGH * len(trials))


if __name__ == "__main__":
    sys.exit(main())
