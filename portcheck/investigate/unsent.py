"""What this machine had no local port left for while it asked everything at once is asked again alone: its ports may be
free by then, and whatever they were, they say nothing of the other side."""

from __future__ import annotations

from collections.abc import Sequence

from portcheck.investigate.case import Case
from portcheck.investigate.confirm import ONE_TALK
from portcheck.model.events import Notify, Phase

IN_VAIN = 3  # in a row: they are used up for good


async def again(cases: Sequence[Case], notify: Notify) -> None:
    """One after the other, each of its own free port."""
    unsent = [(case, o) for case in cases for o in case.outcomes if o.facts.get("local_ports_exhausted")]
    in_vain = 0
    for number, (case, outcome) in enumerate(unsent):
        notify(Phase(f"asking what this machine had no local port for: {len(unsent) - number} to go"))
        better = await case.page.ask(outcome, ONE_TALK)
        if not better.facts.get("local_ports_exhausted"):
            case.improve(outcome, better)
            in_vain = 0
        elif (in_vain := in_vain + 1) == IN_VAIN:
            return
