"""What every format of a digest says."""

from __future__ import annotations

from collections.abc import Sequence

from portcheck.history.digest import Outage, PathDigest, PlanDigest
from portcheck.model.folding import counted
from portcheck.render.shared import times

MOST = 200


def since(at: str) -> str:
    """Of a digest that goes on where another ended."""
    return f"since the digest of {times.local(at)}"


def share(value: float | None) -> str:
    """99.95 %; never 100 where anything was missing."""
    if value is None:
        return "not asked"
    return "100 %" if value == 1 else f"{min(value * 100, 99.99):.2f} %"


def outage(one: Outage) -> str:
    end = "and still" if one.lasts else f"to {times.local(one.last)}"
    return f"{one.state} from {times.local(one.first)} {end}"


def summary(plan: PlanDigest) -> str:
    cut = f", {plan.cut_short} of them cut short" if plan.cut_short else ""
    between = f"{times.local(plan.since)} to {times.local(plan.until)}"
    return f"{counted(plan.runs, 'run')}{cut}, {between}; {counted(plan.paths, 'path')}, {share(plan.good)} good."


def worst_first(plan: PlanDigest) -> Sequence[PathDigest]:
    return sorted(plan.troubled, key=lambda path: 1 if path.availability is None else path.availability)
