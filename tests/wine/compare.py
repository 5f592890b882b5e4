"""`python -m tests.wine.compare [NAME...]`: every scenario of the lab, cell by cell, from Linux and from Windows."""

from __future__ import annotations

import sys

from tests.lab.program import Run
from tests.lab.world import lab, why_not
from tests.wine.scenarios import (
    FORESTS,
    SCENARIOS,
    Scenario,
    both,
    client,
    differences,
    faults_told,
    problems,
    unexplained,
    worded,
)
from tests.wine.windows import why_not as why_no_windows


def main(*wanted: str) -> int:
    if reason := why_not() or why_no_windows():
        print(reason, file=sys.stderr)
        return 2
    chosen = [one for one in SCENARIOS if not wanted or any(word in one.name for word in wanted)]
    with lab() as up, client(up) as there:
        alike = [_tell(scenario, *both(up, there, scenario)) for scenario in chosen]
    return int(not all(alike))


def _tell(scenario: Scenario, linux: Run, windows: Run) -> bool:
    if windows.report is None or linux.report is None:
        print(f"{scenario.name}: no report: {windows.stderr or linux.stderr}")
        return False
    found = differences(linux, windows)
    left = unexplained(scenario, found)
    print(
        f"{scenario.name}: {len(linux.cells) - len(found)} of {len(linux.cells)} cells alike, {len(left)} unexplained"
    )
    for (host, service), (one, other) in found.items():
        why = "unexplained" if (host, service) in left else "the platform's"
        print(f"  {host:18} {service:18} Linux {one:12} Windows {other:12} {why}")
    for forest in FORESTS:
        if linux.codes(forest) != windows.codes(forest):
            print(f"  {forest}: Linux {linux.codes(forest)}, Windows {windows.codes(forest)}")
    for problem in problems(linux, windows):
        print(f"  {problem}")
    for finding in faults_told(windows) if scenario.differs else ():
        print(f"  Windows says: {finding['title']}. {finding['explanation']}")
    return not left and not problems(linux, windows) and (not scenario.differs or worded(windows, scenario.differs))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
