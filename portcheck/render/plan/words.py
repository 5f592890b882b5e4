"""What all formats of a forecast say alike."""

from __future__ import annotations

from collections.abc import Iterable

from portcheck.frozen import dataclass
from portcheck.plan.line import Cost, Forecast, ForecastLine, LineKind, total

COUNTED = (
    "Counted: connection requests (SYN) with the kernel's repeats, segments that carry a question, datagrams (fragment"
    " by fragment at an MTU of 1500), short-lived packets. Not counted: what the kernel adds to a conversation, bare"
    " acknowledgements and the closing. Bytes are the questions' own, without headers."
)
CASES = ("all answer", "all silent", "at most")
TITLES = {
    LineKind.DISCOVERY: "questions to DNS",
    LineKind.CHECK: "checks",
    LineKind.ROLES: "asked beside the checks, to know what the host offers",
    LineKind.SECOND_LOOK: "the second look, only at what failed",
}


@dataclass(frozen=True, slots=True)
class Sums:
    """The totals of some lines in the three cases."""

    answered: Cost
    silent: Cost
    at_most: Cost

    @property
    def cases(self) -> tuple[Cost, Cost, Cost]:
        return self.answered, self.silent, self.at_most


def sums(lines: Iterable[ForecastLine]) -> Sums:
    kept = tuple(lines)
    return Sums(total(x.answered for x in kept), total(x.silent for x in kept), total(x.at_most for x in kept))


def port_of(line: ForecastLine) -> str:
    if line.port is not None:
        return f"{line.port}/{line.transport}"
    return f"dynamic/{line.transport}" if line.kind is LineKind.CHECK else line.transport


def place_of(line: ForecastLine) -> str:
    return line.host if line.address in (None, line.host) else f"{line.host} {line.address}"


def questions_of(line: ForecastLine) -> str:
    """What is sent, each with its bytes: `RPC bind of the interface (72)`."""
    told = "; ".join(f"{question.what} ({question.size})" for question in line.questions)
    return told or ("connects, asks nothing" if line.kind is LineKind.CHECK and line.transport == "tcp" else "")


def groups(forecast: Forecast) -> list[tuple[str, str, list[ForecastLine]]]:
    """By forest and place, in the order of the lines."""
    found: dict[tuple[str, str], list[ForecastLine]] = {}
    for line in forecast.lines:
        place = TITLES[LineKind.DISCOVERY] if line.kind is LineKind.DISCOVERY else place_of(line)
        found.setdefault((line.forest, place), []).append(line)
    return [(forest, place, lines) for (forest, place), lines in found.items()]
