"""What two runs both asked: runs of different plans are compared by that alone, and it is said what was left out.

A report does not keep its command line. What was asked shows in the checks themselves: each that was planned is there,
answered or not; so a service that a controller of both runs was asked for in one of them only was not chosen in the
other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from portcheck.frozen import dataclass
from portcheck.model import Check, Finding, ForestReport, Outcome, Report

FOUND = frozenset({"srv", "dns-server"})
"""Sources of controllers that DNS told; the others were named by the user."""
GENERIC = frozenset({"tcp", "udp"})
FIRST, SECOND = "in the first run only", "in the second run only"
MOST = 12


@dataclass(frozen=True, slots=True)
class Common:
    """The two runs, cut down to what both asked, and what else they were asked."""

    before: Report
    after: Report
    notes: tuple[str, ...] = ()


def common(before: Report, after: Report) -> Common:
    """What of the two can be compared; without notes they are of one plan, and left as they are."""
    notes: list[str] = []
    for cut in (_forests, _controllers, _services):
        left_out, words = cut(before, after)
        notes += words
        before, after = (_without(report, left_out) for report in (before, after))
    return Common(before, after, tuple(notes))


@dataclass(frozen=True, slots=True)
class Left:
    """What one of the runs was not asked for: whole forests, controllers by place, services by forest and name."""

    forests: frozenset[str] = frozenset()
    places: frozenset[tuple[str, str, str | None]] = frozenset()
    services: frozenset[tuple[str, str]] = frozenset()

    def takes(self, check: Check) -> bool:
        place = (check.forest, check.host, check.address)
        return check.forest in self.forests or place in self.places or (check.forest, _service(check)) in self.services


Cut = tuple[Left, list[str]]


def _forests(before: Report, after: Report) -> Cut:
    earlier, later = ({forest.name for forest in report.forests} for report in (before, after))
    notes = [f"Asked {when}: {', '.join(sorted(names))}." for names, when in _sides(earlier, later)]
    return Left(forests=frozenset(earlier ^ later)), notes


def _controllers(before: Report, after: Report) -> Cut:
    """Controllers that one run has and the other does not, where that one was told by the user whom to ask."""
    left: set[tuple[str, str, str | None]] = set()
    notes = []
    for was, now in _pairs(before, after):
        earlier, later = (
            {(was.name, dc.host, dc.address) for dc in forest.domain_controllers} for forest in (was, now)
        )
        gone = earlier - later if _named(now) else set()
        new = later - earlier if _named(was) else set()
        left |= gone | new
        for places, when in ((gone, FIRST), (new, SECOND)):
            if places:
                hosts = sorted({host for _, host, _ in places})
                notes.append(f"{was.name}: asked {when}, since the controllers were named: {_some(hosts)}.")
    return Left(places=frozenset(left)), notes


def _named(forest: ForestReport) -> bool:
    return bool(forest.domain_controllers) and all(dc.source not in FOUND for dc in forest.domain_controllers)


def _services(before: Report, after: Report) -> Cut:
    """Services that hosts of both runs were asked for in one of them only."""
    left: set[tuple[str, str]] = set()
    notes = []
    for forest in (was.name for was, _ in _pairs(before, after)):
        first, second = _asked(before, forest), _asked(after, forest)
        shared = first.keys() & second.keys()
        earlier = {name for place in shared for name in first[place]}
        later = {name for place in shared for name in second[place]}
        left |= {(forest, name) for name in earlier ^ later}
        for names, when in _sides(earlier, later):
            notes.append(f"{forest}: asked {when} (--profile, --only, --skip): {_some(sorted(names))}.")
    return Left(services=frozenset(left)), notes


def _asked(report: Report, forest: str) -> dict[tuple[str, str | None], set[str]]:
    found: dict[tuple[str, str | None], set[str]] = {}
    for outcome in report.outcomes:
        if outcome.check.forest == forest:
            found.setdefault((outcome.check.host, outcome.check.address), set()).add(_service(outcome.check))
    return found


def _service(check: Check) -> str:
    """`kpasswd/udp`; a port without a protocol is known by its number."""
    return f"{check.port}/{check.transport}" if check.service in GENERIC else check.name


def _pairs(before: Report, after: Report) -> Iterator[tuple[ForestReport, ForestReport]]:
    later = {forest.name: forest for forest in after.forests}
    yield from ((forest, later[forest.name]) for forest in before.forests if forest.name in later)


def _sides(earlier: set[str], later: set[str]) -> Iterator[tuple[set[str], str]]:
    for names, when in ((earlier - later, FIRST), (later - earlier, SECOND)):
        if names:
            yield names, when


def _some(names: list[str]) -> str:
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return f"{', '.join(names[:MOST])}{more}"


def _without(report: Report, left: Left) -> Report:
    if left == Left():
        return report
    dropped = {outcome.check.id for outcome in report.outcomes if left.takes(outcome.check)}
    return replace(
        report,
        forests=tuple(_cut(forest, left) for forest in report.forests if forest.name not in left.forests),
        outcomes=tuple(outcome for outcome in report.outcomes if outcome.check.id not in dropped),
        findings=tuple(finding for finding in report.findings if not _rests_on(finding, dropped, left)),
    )


def _cut(forest: ForestReport, left: Left) -> ForestReport:
    kept = tuple(dc for dc in forest.domain_controllers if (forest.name, dc.host, dc.address) not in left.places)
    return replace(forest, domain_controllers=kept)


def _rests_on(finding: Finding, dropped: set[str], left: Left) -> bool:
    """Proven by nothing that is left."""
    return finding.forest in left.forests or (bool(finding.checks) and dropped.issuperset(finding.checks))


def nothing(runs: Common) -> bool:
    """Whether the two have not a single check in common, although they were asked something."""
    return bool(runs.notes) and not _keys(runs.before.outcomes) & _keys(runs.after.outcomes)


def _keys(outcomes: tuple[Outcome, ...]) -> set[str]:
    return {outcome.check.key for outcome in outcomes}
