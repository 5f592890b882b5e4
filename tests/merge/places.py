"""Places and what they saw, in a few words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from factories import check, outcome, report

from portcheck.merge.findings import Wanted, explained
from portcheck.merge.gather import Sourced, gathered
from portcheck.merge.points import LeftOut, Merged
from portcheck.model import BlockedAt, Finding, Outcome, Report, State, Vantage

HOST = "10.77.1.1"


def blocked(after: str, hop: int = 1, beyond: str = HOST) -> BlockedAt:
    return BlockedAt(after=after, hop=hop, suspects=(after, None, beyond))


def place(name: str, *outcomes: Outcome, number: int = 0, **fields: Any) -> Report:
    own = Vantage(name, "linux", (f"10.200.0.{number or 1 + sum(map(ord, name)) % 250}",))
    return report(*outcomes, **{"vantage": own, **fields})


def saw(service: str, state: str, after: str | BlockedAt | None = None, **fields: Any) -> Outcome:
    where = blocked(after) if isinstance(after, str) else after
    subject = check(service, operations=("export: initial password",), **fields.pop("check", {}))
    return outcome(subject, State(state), blocked_at=where, **fields)


def merged(*reports: Report | LeftOut, **wanted: Any) -> Merged:
    given = (one if isinstance(one, LeftOut) else Sourced(one, f"{one.vantage.called}.json") for one in reports)
    return explained(gathered(given), Wanted(**wanted))


def by_code(found: Merged) -> Mapping[str, list[Finding]]:
    told: dict[str, list[Finding]] = {}
    for finding in found.findings:
        told.setdefault(finding.code, []).append(finding)
    return told
