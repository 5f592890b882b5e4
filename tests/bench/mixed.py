"""`python -m tests.bench.mixed [--seed N] [--runs N]`: mixtures of faults in the lab, and what is told wrongly of them.

Prints a line for each mixture; there is to be nothing below any. The tests have the first few seeds.
"""

from __future__ import annotations

import argparse
import sys

from tests.lab import mixed
from tests.lab.world import lab, why_not


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the first mixture (1)")
    parser.add_argument("--runs", type=int, default=30, help="mixtures, one a seed (30)")
    parser.add_argument("--profile", default="mim", help="what is needed of the forests (mim)")
    options = parser.parse_args()
    if reason := why_not():
        sys.stderr.write(f"{reason}\n")
        return 1
    wrong = 0
    with lab() as up:
        for seed in range(options.seed, options.seed + options.runs):
            done = mixed.drawn(up, seed)
            with mixed.around(up, seed) as beside, mixed.under_way(up, done):
                run = up.check("--profile", options.profile)
            said = mixed.wrongs(up, done, run)
            wrong += bool(said)
            told = "; ".join([beside, *map(str, done)])
            lines = [f"{seed:4}  {told}", *(f"      {line}" for line in said)]
            sys.stdout.write("\n".join(lines) + "\n")
            sys.stdout.flush()
    sys.stdout.write(f"{options.runs} mixtures, {wrong} not told truly\n")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
