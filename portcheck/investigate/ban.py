"""Did our own run make the silence? A scan detection, a session limit or a full table silences good services too."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from portcheck.investigate import source_ports
from portcheck.investigate.case import Case, distinct
from portcheck.investigate.limit import CLOSED_AFTER_S, NO
from portcheck.model import Facts, Outcome, State
from portcheck.net.timeline import REPEATED
from portcheck.net.timeouts import Timeouts

PATIENCE = Timeouts(connect_s=4.0, answer_s=4.0, attempts=3)
QUEUED_BY, MOST_QUEUED_S = 2.0, 16.0  # times the longest wait for a narrow line until now, and at most
WITNESSES = 2  # good services asked again (a single one twice), one after the other, before it is believed
BY_TURNS = 4  # more, of one that resets
SILENT = frozenset({State.FILTERED, State.MUTE})
FEWEST = 2  # ports that are reset: of a single one that a ban began there, nothing is likely


def may_be(case: Case) -> bool:
    """Is something silent or reset, and another service good?"""
    return bool(_good(case)) and _doubtful(case)


def _good(case: Case) -> list[Outcome]:
    """TCP first: what limits new connections counts those."""
    good = [o for o in case.outcomes if o.state is State.OK and "turned_silent" not in o.facts]
    return sorted(good, key=lambda o: o.check.transport)


async def turned_silent(case: Case) -> bool:
    """Where something is silent or reset, one of the good services is asked again: an answer ends it.

    So does one to another of this machine's ports: who is banned gets none.
    """
    if not may_be(case):
        return False
    good, states = _good(case), set[State]()
    for outcome in (good * WITNESSES)[:WITNESSES]:
        if states & NO:
            await asyncio.sleep(CLOSED_AFTER_S)  # a limit on sessions may have counted one that is just being closed
        again = await case.page.ask(outcome, _patience(case))
        if again.state not in SILENT | NO:
            _answered(case, outcome, again)
            return False
        states.add(again.state)
    if await (_reset_by_turns(case, good) if states & NO else source_ports.heard(case, good[0])):
        return False
    refused: Facts = {"turned_by_reset": True} if states & NO else {}
    words = "asked again at the end: reset" if refused else "asked again at the end: no answer any more"
    for outcome in good[:WITNESSES]:
        case.note(outcome, "again", words, turned_silent=True, **refused)
    return True


async def _reset_by_turns(case: Case, good: Sequence[Outcome]) -> bool:
    """Does anything answer yet? Of several machines behind the address, one may refuse what another takes."""
    for outcome in (list(good) * BY_TURNS)[:BY_TURNS]:
        if (await case.page.ask(outcome, _patience(case))).state not in SILENT | NO:
            return True
    return False


def _patience(case: Case) -> Timeouts:
    """What this run brought last may still be on its way over a narrow line, and the answer behind it."""
    more_s = min(MOST_QUEUED_S, QUEUED_BY * case.queue_s)
    return replace(PATIENCE, connect_s=PATIENCE.connect_s + more_s, answer_s=PATIENCE.answer_s + more_s)


def _doubtful(case: Case) -> bool:
    reset = distinct(o for o in case.having(*NO) if o.check.transport == "tcp" and "icmp_from" not in o.facts)
    return bool(case.having(*SILENT)) or len(reset) >= FEWEST


def _answered(case: Case, outcome: Outcome, again: Outcome) -> None:
    """Not to the first try: packets are lost here, or new connections are policed. Then no silence is believed yet."""
    lost = {key: again.facts[key] for key in REPEATED if again.facts.get(key)}
    if lost and again.state is State.OK:
        case.note(outcome, "again", "asked again at the end: answered, but not to the first try", **lost)
