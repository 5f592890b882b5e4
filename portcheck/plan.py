"""Places × profile rows to checks; what a host is known not to offer is dropped later, with the reason."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from portcheck.catalogue.profiles import DC, MergedRow, Profile, merge
from portcheck.catalogue.services import services
from portcheck.config import ExtraPort, ForestSpec
from portcheck.model import Check, Expected, Need
from portcheck.net.reach import Route

UNNAMED = "unnamed"
"""The source of a place that stands for a machine nobody named."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What the user narrows the run to; empty `only` means everything."""

    only: frozenset[str] = frozenset()
    skip: frozenset[str] = frozenset()

    def takes(self, service: str, transport: str, port: int | None, target: str = DC) -> bool:
        names = {service, f"{service}/{transport}", f"{port}/{transport}", str(port), target}
        return (not self.only or bool(names & self.only)) and not names & self.skip


@dataclass(frozen=True, slots=True)
class Place:
    """One address of one host of a forest, to be asked about a domain."""

    host: str
    address: str | None
    source: str
    domain: str = ""
    dns_only: bool = False  # a configured name server, not known to be a controller
    assumed: bool = False  # a silent forest's name server, taken for a controller until it shows otherwise
    ports: Mapping[str, int] = field(default_factory=dict)  # service to its port on this host
    target: str = DC  # what the host is to the profiles' rows: a controller, or a machine around the forest
    endpoint: str = ""  # the cloud's: the row's host, which may be a wildcard
    service: str = ""  # the cloud's: the row's service; ways may differ
    route: Route | None = None  # the cloud's: it has no address of its own here
    unasked: str = ""  # why nothing can be asked here
    untold: bool = False  # DNS never answered the question for its address
    given: tuple[str, ...] = ()  # what DNS gives for its address, and nobody could be asked at, with the reason


@dataclass(frozen=True, slots=True)
class Pin:
    """A host as an earlier run found it, and the keys of those of its checks that are to be asked again."""

    place: Place
    roles: frozenset[str]  # what was proven then
    keys: frozenset[str]


def checks_for(
    place: Place, forest: ForestSpec, profiles: Sequence[Profile], selection: Selection
) -> tuple[Check, ...]:
    """Every check of one place, in the order of the services' table."""
    here = [row for row in merge(profiles) if (row.target, row.host) == (place.target, place.endpoint)]
    wanted = "dns" if place.dns_only else place.service
    rows = [row for row in here if not wanted or row.service == wanted]
    order = {name: number for number, name in enumerate(services())}
    rows.sort(key=lambda row: (order.get(row.service, 99), row.transport))
    found = [_check(place, forest, row) for row in rows]
    if place.target == DC and not place.dns_only:
        found.extend(_extra(place, forest, extra) for extra in forest.extra)
    return tuple(
        check for check in _distinct(found) if selection.takes(check.service, check.transport, check.port, place.target)
    )


def _check(place: Place, forest: ForestSpec, row: MergedRow) -> Check:
    service = services().get(row.service)  # None: a port without a protocol of its own
    usual = row.port if row.port is not None or service is None else service.ports[row.transport]
    wanted = forest.expect.get(row.service, Expected.OPEN)
    return Check(
        forest=forest.name,
        host=place.host,
        address=place.address,
        service=row.service,
        transport=row.transport,
        port=place.ports.get(row.service, forest.ports.get(row.service, usual)),
        need=row.need,
        expected=Expected(wanted),
        purpose=service.purpose if service is not None else row.operations[0],
        operations=row.operations,
        profiles=row.profiles,
        why=row.why,
        source=row.source,
        domain=place.domain,
    )


def _extra(place: Place, forest: ForestSpec, extra: ExtraPort) -> Check:
    return Check(
        forest=forest.name,
        host=place.host,
        address=place.address,
        service=extra.transport,
        transport=extra.transport,
        port=extra.port,
        need=Need.REQUIRED,
        expected=Expected(forest.expect.get(extra.name, Expected.OPEN)),
        purpose=extra.purpose or extra.name,
        operations=(extra.purpose or extra.name,),
        profiles=(),
        why="asked for in the forests file",
        domain=place.domain,
    )


def _distinct(checks: Iterable[Check]) -> Iterable[Check]:
    return {check.id: check for check in checks}.values()


def profile_names(forest: ForestSpec, chosen: Collection[str]) -> tuple[str, ...]:
    """The command line's choice, else the forest's own (which already holds the file's defaults)."""
    return tuple(chosen) or forest.profiles
