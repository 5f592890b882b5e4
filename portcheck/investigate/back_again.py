"""Is it still silent at the end? A path that was interrupted while the first look waited makes whatever was asked
meanwhile look blocked, and nothing of what answered before or after looks odd.

One connection tells, to a silent port of one host of each network: if it is answered now, all that is silent there is
asked again, as on a path that loses packets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace

from portcheck.investigate import alike, source_ports
from portcheck.investigate.case import FULL_LIFE, Case, distinct
from portcheck.investigate.slowly import ALONE
from portcheck.model import GOOD, Outcome, State
from portcheck.net import hops
from portcheck.net.hops import Fate

MANY = 4  # silent TCP ports of a host of which others answer
MOST = 8  # networks


def silent(cases: Sequence[Case]) -> list[tuple[Case, Outcome]]:
    return [(case, o) for case in cases for o in case.outcomes if o.state is State.FILTERED]


def tell(before: Sequence[tuple[Case, Outcome]]) -> None:
    """What was silent, and is heard by now: on which try."""
    for case, was in before:
        for o in [o for o in case.outcomes if o.check.id == was.check.id and o.state in GOOD]:
            case.note(o, "again", "silent at first, answered at the end", answered_on_attempt=o.attempts)


async def heard(cases: Sequence[Case], limited: Collection[int]) -> bool:
    """One silent port of each host that is back is answered now. Behind a limit (by the `id` of the case) all was."""
    by_network: dict[str, list[tuple[Case, Outcome]]] = {}
    for case in cases:
        if id(case) not in limited and (found := _silent(case)):
            by_network.setdefault(alike.network(case.address), []).append((case, found[0]))
    if not hops.TCP_WALKS or not by_network:
        return False
    return any(await asyncio.gather(*map(_of_one_network, list(by_network.values())[:MOST])))


def _silent(case: Case) -> list[Outcome]:
    """Where a cut may have silenced it: nothing of its TCP was heard, or much was not."""
    if any("turned_silent" in o.facts for o in case.outcomes) or source_ports.told(case):
        return []
    found = distinct(o for o in case.having(State.FILTERED) if o.check.transport == "tcp" and o.check.port is not None)
    return found if len(found) >= MANY or source_ports.is_dark(case) else []


async def _of_one_network(found: Sequence[tuple[Case, Outcome]]) -> bool:
    case, outcome = found[0]
    port = outcome.check.port
    if port is None or (await case.syn(port, FULL_LIFE)).fate is not Fate.ANSWERED:
        return False
    return any(await asyncio.gather(*(_answered(case, outcome) for case, outcome in found)))


async def _answered(case: Case, outcome: Outcome) -> bool:
    better = await case.page.ask(outcome, ALONE)
    if better.state in GOOD:
        tries = outcome.attempts + better.attempts
        case.improve(outcome, replace(better, facts={**better.facts, "answered_on_attempt": tries}))
    return better.state in GOOD
