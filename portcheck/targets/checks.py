"""Places × profile rows to checks; what a host is known not to offer is dropped later, with the reason."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from portcheck.catalogue.profiles import STRENGTH, MergedRow, Profile, merge_for
from portcheck.catalogue.services import services
from portcheck.config import ExtraPort, ForestSpec
from portcheck.model import Check, Expected, Need
from portcheck.model.target import DC, UNNAMED, Selection, Target


def checks_for(
    place: Target, forest: ForestSpec, profiles: Sequence[Profile], selection: Selection
) -> tuple[Check, ...]:
    """Every check of one place, in the order of the services' table."""
    rows_for = merge_for(place.target, profiles, named=place.named_system)
    here = [row for row in rows_for if row.host == place.endpoint]
    wanted = "dns" if place.dns_only else place.service
    rows = [row for row in here if not wanted or row.service == wanted]
    rows = [row for row in rows if not place.only or row.service in place.only]
    rows = [row for row in rows if selection.takes(row.service, row.transport, _port(place, forest, row), place.target)]
    found = [_check(place, forest, row) for row in rows]
    if place.target == DC and not place.dns_only and not place.only:
        more = [_extra(place, forest, extra) for extra in forest.extra]
        found.extend(one for one in more if selection.takes(one.service, one.transport, one.port, place.target))
    return tuple(_distinct(found))


def _port(place: Target, forest: ForestSpec, row: MergedRow) -> int | None:
    service = services().get(row.service)  # None: a port without a protocol of its own
    usual = row.port if row.port is not None or service is None else service.ports[row.transport]
    return place.ports.get(row.service, forest.ports.get(row.service, usual))


def _check(place: Target, forest: ForestSpec, row: MergedRow) -> Check:
    service = services().get(row.service)
    wanted = forest.expect.get(row.service, Expected.OPEN)
    return Check(
        forest=forest.name,
        host=place.host,
        address=place.address,
        service=row.service,
        transport=row.transport,
        port=_port(place, forest, row),
        need=row.once_named or row.need if place.target != DC and place.source != UNNAMED else row.need,
        expected=Expected(wanted),
        purpose=service.purpose if service is not None else row.operations[0],
        operations=row.operations,
        profiles=row.profiles,
        why=row.why,
        source=row.source,
        domain=place.domain,
        one_of=row.one_of,
        opener=row.opener,
    )


def _extra(place: Target, forest: ForestSpec, extra: ExtraPort) -> Check:
    return Check(
        forest=forest.name,
        host=place.host,
        address=place.address,
        service=extra.service or extra.transport,
        transport=extra.transport,
        port=extra.port,
        need=Need.REQUIRED,
        expected=Expected(forest.expect.get(extra.name, Expected.OPEN)),
        purpose=extra.purpose or extra.name,
        operations=(extra.purpose or extra.name,),
        profiles=(),
        why=extra.why,
        domain=place.domain,
    )


def _distinct(checks: Iterable[Check]) -> Iterable[Check]:
    """A port that a profile asks for and the user names too is asked once, as the profile words it, and needed."""
    found: dict[str, Check] = {}
    for check in checks:
        first = found.setdefault(check.id, check)
        if first.need is not check.need:
            found[check.id] = replace(first, need=max(first.need, check.need, key=STRENGTH.index))
    return found.values()


def profile_names(forest: ForestSpec, chosen: Collection[str]) -> tuple[str, ...]:
    """The command line's choice, else the forest's own (which already holds the file's defaults)."""
    return tuple(chosen) or forest.profiles
