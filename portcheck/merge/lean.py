"""Checks of many reports read quickly: the same check seen the same way is read and judged valid once.

A hundred places have four hundred thousand checks between them, most of them all well: those are shared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from portcheck.model import Facts, Outcome, Report, State, Verdict
from portcheck.report import to_json
from portcheck.report.from_json import read_outcome
from portcheck.report.json_object import JsonObject, ReadingError
from portcheck.report.to_json import StoreError

KEPT = frozenset(
    {"interface_missing", "local_address", "local_fault", "lost_before", "lost_before_hop", "port_candidates"}
    | {"proxy_scheme", "towers_too_many", "unfinished", "clock_skew_s", "certificate_not_after"}
)
"""The facts that a change request, a time series and the search for a shared device ask for."""
ALIKE = ("forest", "host", "address", "service", "transport", "port", "need", "expected", "state", "verdict")
UNNEEDED = frozenset({"local_address"})
"""Of a way that is open nobody asks from where."""


@dataclass(slots=True)
class LeanReader:
    """Reads reports one after another, and keeps of each outcome what comparing needs."""

    known: dict[tuple[object, ...], Outcome] = field(default_factory=dict)

    def report(self, document: object) -> Report:
        """Raises StoreError. The document's checks are taken out of it."""
        if not isinstance(document, dict) or not isinstance(document.get("checks"), list):
            return to_json.from_json(document)
        checks = document["checks"]
        head = to_json.from_json({**document, "checks": []})
        try:
            outcomes = tuple(self._outcome(n, check) for n, check in enumerate(checks))
        except ReadingError as error:
            raise StoreError(f"not a portcheck report: {error}") from None
        return replace(head, outcomes=outcomes)

    def _outcome(self, number: int, check: object) -> Outcome:
        place = JsonObject.of(check, f"report.checks[{number}]")
        values = place.values
        facts = dict(_kept(place))
        well = values.get("verdict") == Verdict.PASS or values.get("state") == State.SKIPPED
        if not well:
            return self.spare(read_outcome(JsonObject(place.where, {**values, "facts": facts, "evidence": []})))
        key = tuple(values.get(name) for name in ALIKE)
        try:
            found = self.known.get(key)
        except TypeError:  # a list where a word should be: the reader says so
            found = None
        if found is None:
            bare = {**values, "facts": {}, "evidence": [], "reason": "", "blocked_at": None}
            found = self.known[key] = _bare(read_outcome(JsonObject(place.where, bare)))
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


def _kept(place: JsonObject) -> Iterator[tuple[str, object]]:
    told = place.values.get("facts")
    if isinstance(told, dict):
        ping = place.values.get("service") == "ldap-ping"
        yield from ((n, v) for n, v in told.items() if n in KEPT or (ping and n == "roles"))


def _roles(name: str, outcome: Outcome) -> bool:
    return name == "roles" and outcome.check.service == "ldap-ping"


def _bare(outcome: Outcome) -> Outcome:
    return Outcome(outcome.check, outcome.state, "", outcome.verdict)
