"""A digest for mail and chat: per plan the paths that were not always good, worst first. Nothing becomes markup."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from portcheck.history.digest import PlanDigest
from portcheck.render.digest.words import MOST, outage, share, summary, worst_first
from portcheck.render.report.markdown import table, text


def render(plans: Sequence[PlanDigest], span: str) -> str:
    return "\n\n".join(blocks(plans, span)) + "\n"


def blocks(plans: Sequence[PlanDigest], span: str) -> Iterator[str]:
    yield f"# portcheck: {text(span)}"
    if not plans:
        yield "No run is kept of that time."
    for plan in plans:
        yield f"## {text(plan.label)}"
        yield text(summary(plan))
        paths = worst_first(plan)
        if paths:
            rows = [
                [path.id, share(path.availability), "; ".join(map(outage, path.outages)) or f"{path.changes} changes"]
                for path in paths[:MOST]
            ]
            yield table(["Path", "Good", "When not"], rows)
        else:
            yield "Every path was as expected in every run."
        if len(paths) > MOST:
            yield f"And {len(paths) - MOST} more paths."
        if plan.drifts:
            yield "\n".join(f"- {text(one.subject)}: {text(one.words)}" for one in plan.drifts[:MOST])
