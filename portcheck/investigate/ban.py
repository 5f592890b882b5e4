"""Did our own run make the silence? A scan detection, a session limit or a full table silences good services too."""

from __future__ import annotations

import asyncio

from portcheck.investigate import source_ports
from portcheck.investigate.case import Case, distinct
from portcheck.investigate.limit import CLOSED_AFTER_S
from portcheck.model import Facts, Outcome, State
from portcheck.net.timeline import REPEATED
from portcheck.net.timeouts import Timeouts

PATIENCE = Timeouts(connect_s=4.0, answer_s=4.0, attempts=3)
WITNESSES = 2  # good services asked again (a single one twice), one after the other, before it is believed
SILENT = (State.FILTERED, State.MUTE)
RESET = (State.REFUSED, State.REJECTED)
FEWEST = 2  # ports that are reset: of a single one that a ban began there, nothing is likely


async def turned_silent(case: Case) -> bool:
    """Where something is silent or reset, one of the good services is asked again: an answer ends it.

    So does one to another of this machine's ports: who is banned gets none.
    """
    good = [o for o in case.outcomes if o.state is State.OK and "turned_silent" not in o.facts]
    good.sort(key=lambda o: o.check.transport)  # TCP first: what limits new connections counts those
    if not good or not _doubtful(case):
        return False
    states: set[State] = set()
    for outcome in (good * WITNESSES)[:WITNESSES]:
        if states & set(RESET):
            await asyncio.sleep(CLOSED_AFTER_S)  # a limit on sessions may have counted one that is just being closed
        again = await case.ask(outcome, PATIENCE)
        if again.state not in SILENT + RESET:
            _answered(case, outcome, again)
            return False
        states.add(again.state)
    if not states & set(RESET) and await source_ports.heard(case, good[0]):
        return False
    refused: Facts = {"turned_by_reset": True} if states & set(RESET) else {}
    words = "asked again at the end: reset" if refused else "asked again at the end: no answer any more"
    for outcome in good[:WITNESSES]:
        case.note(outcome, "again", words, turned_silent=True, **refused)
    return True


def _doubtful(case: Case) -> bool:
    reset = distinct(o for o in case.having(*RESET) if o.check.transport == "tcp" and "icmp_from" not in o.facts)
    return bool(case.having(*SILENT)) or len(reset) >= FEWEST


def _answered(case: Case, outcome: Outcome, again: Outcome) -> None:
    """Not to the first try: packets are lost here, or new connections are policed. Then no silence is believed yet."""
    lost = {key: again.facts[key] for key in REPEATED if again.facts.get(key)}
    if lost and again.state is State.OK:
        case.note(outcome, "again", "asked again at the end: answered, but not to the first try", **lost)
