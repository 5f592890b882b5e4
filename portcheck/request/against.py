"""A request held against a later run: which paths that run proves open, finds closed, or did not ask."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from portcheck.model import BLOCKED, Outcome, Report, State
from portcheck.request.flow import Flow, PathStanding

GOOD_ANSWERS = frozenset({State.OK, State.OPEN})
HEARD_OTHERWISE = frozenset({State.REFUSED, State.MUTE, State.RESET, State.MISMATCH})
"""Somebody took the question: the host, or a device in its name."""


def held(flows: Iterable[Flow], run: Report) -> tuple[Flow, ...]:
    """The flows with how they stand in the run."""
    found: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in run.outcomes:
        found.setdefault((outcome.check.address or "", outcome.check.transport), []).append(outcome)
    return tuple(replace(flow, standing=_standing(flow, found)) for flow in flows)


def newer(run: Report, asked: Iterable[Report]) -> str:
    """When the run began that was asked after `run`, if one was: an earlier run proves nothing of it; else empty.

    Times that cannot be read tell nothing.
    """
    at = _moment(run.started)
    began = {report.started: _moment(report.started) for report in asked}
    return next((words for words, moment in began.items() if at and moment and moment > at), "")


def _moment(words: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(words)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _standing(flow: Flow, found: dict[tuple[str, str], list[Outcome]]) -> PathStanding:
    own = [o for o in found.get((flow.destination, flow.ports.transport), []) if _same(flow, o)]
    states = {o.state for o in own}
    if states & BLOCKED:
        return PathStanding.STILL_CLOSED
    if states & HEARD_OTHERWISE:
        return PathStanding.UNCLEAR
    return PathStanding.PROVEN if states & GOOD_ANSWERS else PathStanding.NOT_TESTED


def _same(flow: Flow, outcome: Outcome) -> bool:
    """The same question to the same address, from the same source where the run tells it."""
    check, source = outcome.check, outcome.facts.get("local_address")
    if source is not None and source != flow.source:
        return False
    if flow.dynamic:
        return check.service == flow.service
    return check.port is not None and flow.ports.low <= check.port <= flow.ports.high
