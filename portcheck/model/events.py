"""What the engine tells the screen while a run goes on; the only calls that go upwards."""

from __future__ import annotations

from collections.abc import Callable

from portcheck.frozen import dataclass
from portcheck.model import Check, DomainController, Outcome


@dataclass(frozen=True, slots=True)
class ForestFound:
    """A forest's controllers are known; none means that discovery found nobody to ask."""

    forest: str
    controllers: tuple[DomainController, ...]


@dataclass(frozen=True, slots=True)
class Planned:
    """These checks will be run; may come more than once, each check once."""

    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Started:
    check: Check


@dataclass(frozen=True, slots=True)
class Landed:
    """A check has its outcome. A second look may land the same check again; the later word counts."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Phase:
    """What is being done now, in words: `second look: 3 of 12`."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """Nothing more will land; how long the run took, as its report says."""

    duration_s: float | None = None


Event = ForestFound | Planned | Started | Landed | Phase | Finished
Notify = Callable[[Event], None]
"""Called from the event loop's thread; must return at once and never raise."""


def unheard(event: Event) -> None:
    """Where nobody wants to know: what is told to this one need not be worked out."""
    del event
