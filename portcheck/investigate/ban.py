"""Did our own run make the silence? A scan detection, a session limit or a full table silences good services too."""

from __future__ import annotations

from portcheck.investigate import source_ports
from portcheck.investigate.case import Case
from portcheck.model import Outcome, State
from portcheck.net.timeline import REPEATED
from portcheck.net.timeouts import Timeouts

PATIENCE = Timeouts(connect_s=4.0, answer_s=4.0, attempts=3)
WITNESSES = 2  # good services asked again, one after the other, before it is believed
SILENT = (State.FILTERED, State.MUTE)


async def turned_silent(case: Case) -> bool:
    """Where something is silent, one of the good services is asked again: an answer ends it.

    So does one to another of this machine's ports: who is banned gets none.
    """
    good = [o for o in case.outcomes if o.state is State.OK and "turned_silent" not in o.facts]
    good.sort(key=lambda o: o.check.transport)  # TCP first: what limits new connections counts those
    if not good or not case.having(*SILENT):
        return False
    silent: list[Outcome] = []
    for outcome in good[:WITNESSES]:
        again = await case.ask(outcome, PATIENCE)
        if again.state not in SILENT:
            _answered(case, outcome, again)
            return False
        silent.append(outcome)
    if await source_ports.heard(case, silent[0]):
        return False
    for outcome in silent:
        case.note(outcome, "again", "asked again at the end: no answer any more", turned_silent=True)
    return True


def _answered(case: Case, outcome: Outcome, again: Outcome) -> None:
    """Not to the first try: packets are lost here, or new connections are policed. Then no silence is believed yet."""
    lost = {key: again.facts[key] for key in REPEATED if again.facts.get(key)}
    if lost and again.state is State.OK:
        case.note(outcome, "again", "asked again at the end: answered, but not to the first try", **lost)
