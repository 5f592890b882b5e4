"""Where the failing ways end, and the first device that only they share.

Routers are known by the addresses that answered. One device answers from each of its interfaces, so two addresses may
be one device: what is shared is proof, what is not shared is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from portcheck.frozen import dataclass
from portcheck.model import Outcome

Ways = Mapping[tuple[str, str | None], frozenset[str]]
"""Of each place and target address the devices that are known to lie between."""


@dataclass(frozen=True, slots=True)
class Ends:
    """Where ways end, as far as it is known."""

    device: str | None = None  # the first one that only the failing ways share
    alike: bool = False  # it lies on the ways that work, too
    told: tuple[tuple[str, str], ...] = ()  # by place: where its way ends, in words
    at_host: bool = False  # every way that tells anything comes as far as the last router before the host


def ways(outcomes: Iterable[tuple[str, Outcome]]) -> Ways:
    """From everything that any check of a place told of its way to an address."""
    found: dict[tuple[str, str | None], set[str]] = {}
    for place, outcome in outcomes:
        if outcome.blocked_at is not None:
            found.setdefault((place, outcome.check.address), set()).update(_devices(outcome))
    return {key: frozenset(devices) for key, devices in found.items()}


def ends(failing: Sequence[tuple[str, Outcome]], working: Iterable[str], known: Ways) -> Ends:
    """`failing`: places and what they saw; `working`: the places from which the same works."""
    passed = {d for place in working for _, o in failing for d in known.get((place, o.check.address), ())}
    by_place: dict[str, dict[str, None]] = {}
    for place, outcome in failing:
        by_place.setdefault(place, {}).update(dict.fromkeys(_devices(outcome)))
    told = tuple(dict.fromkeys((place, words) for place, o in failing if (words := _words(o))))
    shared = [d for d in next(iter(by_place.values()), {}) if all(d in devices for devices in by_place.values())]
    only = [device for device in shared if device not in passed]
    device = next(iter(only or shared), None)
    last = [o.blocked_at.suspects[-1] == o.check.address for _, o in failing if o.blocked_at and o.blocked_at.suspects]
    return Ends(device, alike=bool(shared) and not only, told=told, at_host=bool(last) and all(last))


def _devices(outcome: Outcome) -> Iterator[str]:
    """Nearest first; the host itself is none."""
    place = outcome.blocked_at
    if place is None:
        return
    for one in (place.by, place.after, *place.suspects):
        if one and one != outcome.check.address:
            yield one


def _words(outcome: Outcome) -> str:
    place = outcome.blocked_at
    if place is None:
        return ""
    return f"{place.by} said no" if place.by is not None else place.last_heard.partition(";")[0]
