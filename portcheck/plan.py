"""Targets × profile rows to checks; what a target is known not to offer is dropped later, with the reason."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from portcheck.catalogue.profiles import MergedRow, Profile, merge
from portcheck.catalogue.services import services
from portcheck.config import ExtraPort, ForestSpec
from portcheck.model import Check, Expected, Need

DC = "dc"


@dataclass(frozen=True, slots=True)
class Selection:
    """What the user narrows the run to; empty `only` means everything."""

    only: frozenset[str] = frozenset()
    skip: frozenset[str] = frozenset()

    def takes(self, service: str, transport: str, port: int | None) -> bool:
        names = {service, f"{service}/{transport}", f"{port}/{transport}", str(port)}
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
    ports: Mapping[str, int] = field(default_factory=dict)


def checks_for(
    place: Place, forest: ForestSpec, profiles: Sequence[Profile], selection: Selection
) -> tuple[Check, ...]:
    """Every check of one place, in the order of the services' table."""
    rows = [row for row in merge(profiles) if row.target == DC and (row.service == "dns" or not place.dns_only)]
    order = {name: number for number, name in enumerate(services())}
    rows.sort(key=lambda row: (order.get(row.service, 99), row.transport))
    found = [_check(place, forest, row) for row in rows]
    if not place.dns_only:
        found.extend(_extra(place, forest, extra) for extra in forest.extra)
    return tuple(check for check in _distinct(found) if selection.takes(check.service, check.transport, check.port))


def _check(place: Place, forest: ForestSpec, row: MergedRow) -> Check:
    service = services()[row.service]
    usual = row.port if row.port is not None else service.ports[row.transport]
    wanted = forest.expect.get(row.service, Expected.OPEN)
    return Check(
        forest=forest.name,
        host=place.host,
        address=place.address,
        service=row.service,
        transport=row.transport,
        port=forest.ports.get(row.service, usual),
        need=row.need,
        expected=Expected(wanted),
        purpose=service.purpose,
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
