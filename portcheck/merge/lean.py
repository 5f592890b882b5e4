"""Checks of many reports read quickly: the same check seen the same way is read and judged valid once.

A hundred places have four hundred thousand checks between them, most of them all well: those are shared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from operator import itemgetter

from portcheck.frozen import dataclass
from portcheck.model import Facts, Outcome, State, Verdict
from portcheck.report.from_json import read_outcome
from portcheck.report.json_object import JsonObject

KEPT = frozenset(
    {"interface_missing", "local_address", "local_fault", "lost_before", "lost_before_hop", "port_candidates"}
    | {"proxy_scheme", "towers_too_many", "unfinished", "clock_skew_s", "certificate_not_after"}
)
"""The facts that a change request, a time series and the search for a shared device ask for."""
OF_ALIKE = itemgetter(
    "forest", "host", "address", "service", "transport", "port", "need", "expected", "state", "verdict"
)
"""What a check that is well is known by."""
UNNEEDED = frozenset({"local_address"})
"""Of a way that is open nobody asks from where."""


@dataclass(slots=True)
class LeanReader:
    """Reads reports one after another, and keeps of each outcome what comparing needs."""

    known: dict[tuple[object, ...], Outcome] = field(default_factory=dict)

    def outcome(self, place: JsonObject) -> Outcome:
        """Raises ReadingError."""
        values = place.values
        facts = _kept(values)
        well = values.get("verdict") == Verdict.PASS or values.get("state") == State.SKIPPED
        if not well:
            return self.spare(read_outcome(JsonObject(place.where, {**values, "facts": facts, "evidence": []})))
        try:
            key = OF_ALIKE(values)
            found = self.known.get(key)
        except (KeyError, TypeError):  # a list where a word should be: the reader says so
            key, found = (), None
        if found is None:
            bare = {**values, "facts": {}, "evidence": [], "reason": "", "blocked_at": None}
            found = _bare(read_outcome(JsonObject(place.where, bare)))
            if key:
                self.known[key] = found
        if not facts:
            return found
        rest = {name: value for name, value in facts.items() if name not in UNNEEDED}
        return replace(found, facts=rest) if rest else found

    def spare(self, outcome: Outcome) -> Outcome:
        """The same of an outcome that is read already."""
        facts = {name: value for name, value in outcome.facts.items() if name in KEPT or _roles(name, outcome)}
        well = outcome.verdict is Verdict.PASS or outcome.state is State.SKIPPED
        if not well:
            return replace(outcome, facts=facts, evidence=())
        rest: Facts = {name: value for name, value in facts.items() if name not in UNNEEDED}
        return replace(_bare(outcome), facts=rest)


def _kept(values: Mapping[str, object]) -> Facts:
    told = values.get("facts")
    if not isinstance(told, dict) or not told:
        return {}
    roles = values.get("service") == "ldap-ping"
    return {name: value for name, value in told.items() if name in KEPT or (roles and name == "roles")}


def _roles(name: str, outcome: Outcome) -> bool:
    return name == "roles" and outcome.check.service == "ldap-ping"


def _bare(outcome: Outcome) -> Outcome:
    return Outcome(outcome.check, outcome.state, "", outcome.verdict)
