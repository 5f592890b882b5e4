"""`python -m tests.bench.start`: how long `explain` takes for one answer, beside a Python that does nothing.

The table of the catalogue must be made (`python -m portcheck.catalogue.books`). Nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys

from tests.bench import measure

EXPLAIN = (sys.executable, "-m", "portcheck", "explain")
WAYS = {
    "bare Python": [sys.executable, "-c", "pass"],
    "a number": [*EXPLAIN, "1722"],
    "a text": [*EXPLAIN, "ldap_bind: Can't contact LDAP server (-1)"],
    "a vendor's symbol": [*EXPLAIN, "NT_STATUS_IO_TIMEOUT"],
    "a guess": [*EXPLAIN, "the synchronization failed with some problem in ldap"],
    "nothing known": [*EXPLAIN, "frobnicate the quux"],
    "a finding": [*EXPLAIN, "kpasswd-blocked"],
    "a port": [*EXPLAIN, "464"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    asked = parser.parse_args()
    costs = {name: [measure.run(way) for _ in range(asked.runs + 1)][1:] for name, way in WAYS.items()}
    print(f"load {os.getloadavg()[0]:.1f}; medians of {asked.runs} runs")
    print(f"{'':<20}{'cpu ms':>8}{'over bare':>11}{'wall ms':>9}")
    bare = statistics.median(cost.cpu_s for cost in costs["bare Python"])
    for name, each in costs.items():
        cpu, wall = (statistics.median(values) for values in zip(*((c.cpu_s, c.wall_s) for c in each), strict=True))
        print(f"{name:<20}{cpu * 1000:>8.0f}{(cpu - bare) * 1000:>11.0f}{wall * 1000:>9.0f}")


if __name__ == "__main__":
    main()
