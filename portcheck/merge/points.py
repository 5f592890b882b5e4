"""What a merged report holds: places, a cell for each check with what every place saw, findings that compare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field

from portcheck.frozen import dataclass
from portcheck.model import BLOCKED, FAULTY, GOOD, Check, Finding, ForestReport, Outcome, State, Vantage, Verdict

CellKey = tuple[str, str, str | None, str, str, int | None]
"""Forest, host, address, service, transport, port; no port where the endpoint mapper gives it anew."""


@dataclass(frozen=True, slots=True)
class VantagePoint:
    """One place, as its report tells of it. Its forests come without what only one machine's discovery needs."""

    name: str  # unique among the merged
    machine: Vantage
    started: str  # of its newest report: UTC, ISO 8601
    source: str  # the file or run that was read
    tool_version: str = ""
    forests: tuple[ForestReport, ...] = ()
    findings: tuple[Finding, ...] = ()
    clocks: Mapping[str, float] = field(default_factory=dict)  # host's address to its clock minus this place's, s
    interrupted: bool = False


@dataclass(slots=True)
class MergedCell:
    """One check, and what each place saw of it, by the place's name; a place that did not ask it is missing."""

    check: Check
    seen: dict[str, Outcome] = field(default_factory=dict)

    @property
    def fails(self) -> tuple[str, ...]:
        return tuple(name for name, outcome in self.seen.items() if fails(outcome))

    @property
    def works(self) -> tuple[str, ...]:
        return tuple(name for name, outcome in self.seen.items() if works(outcome))

    @property
    def doubtful(self) -> tuple[str, ...]:
        """Silent, where nothing that this place saw proved that the service is offered."""
        return tuple(name for name, o in self.seen.items() if o.state in BLOCKED and o.verdict is Verdict.SKIP)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that could not be read, and why; one line for the user."""

    source: str
    why: str


@dataclass(frozen=True, slots=True)
class Merged:
    """Places × forests, hosts and services."""

    points: tuple[VantagePoint, ...]
    cells: tuple[MergedCell, ...]
    findings: tuple[Finding, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(point.name for point in self.points)

    @property
    def forests(self) -> tuple[str, ...]:
        of_cells = dict.fromkeys(cell.check.forest for cell in self.cells)
        return tuple(of_cells | dict.fromkeys(f.name for point in self.points for f in point.forests))

    def of_forest(self, name: str) -> Iterator[MergedCell]:
        return (cell for cell in self.cells if cell.check.forest == name)


def key_of(check: Check) -> CellKey:
    port = None if check.service.startswith("rpc-") else check.port
    return check.forest, check.host, check.address, check.service, check.transport, port


def works(outcome: Outcome) -> bool:
    """As the profile expects, or with a fault that leaves the way open."""
    return outcome.verdict is Verdict.PASS or (outcome.verdict is Verdict.WARN and outcome.state in GOOD)


def fails(outcome: Outcome) -> bool:
    """Judged, and not so."""
    hurts = outcome.verdict in FAULTY
    return hurts and not works(outcome) and outcome.state is not State.SKIPPED
