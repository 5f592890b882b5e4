"""Addresses that the forests file does not give, from DNS: the only packets that a change request sends."""

from __future__ import annotations

from collections.abc import Iterable

from portcheck import around, discover
from portcheck.around import Wanted
from portcheck.config import ForestSpec
from portcheck.known_places import name_servers
from portcheck.model import Lookup
from portcheck.net.resolver import Names, NoResolverError, is_address
from portcheck.plan import Place

TOLD = frozenset({"ok", "nxdomain", "nodata"})


async def places(forest: ForestSpec, families: tuple[str, ...], patience_s: float) -> tuple[tuple[Place, ...], str]:
    """The forest's places, and what kept DNS from telling of more (empty: nothing)."""
    names = Names(_servers(forest), patience_s)
    found: list[Place] = []
    lookups: list[Lookup] = []
    try:
        told = await discover.explicit(forest, names, families)
        found, lookups = told.places, told.lookups
        if forest.discover:
            told = await discover.advertised(forest, names, families)
            found, lookups = [*found, *told.places], [*lookups, *told.lookups]
        if not found:
            told = await discover.by_name(forest.name, names, families)
            found, lookups = told.places, [*lookups, *told.lookups]
    except NoResolverError as error:
        return tuple(found), str(error)
    distinct = {(place.host, place.address): place for place in reversed(found)}
    named = tuple(reversed(distinct.values()))
    return (*named, *name_servers(forest, [place.address for place in named])), _trouble(lookups)


async def systems(wanted: Wanted, patience_s: float) -> tuple[tuple[Place, ...], str]:
    """The machines around the forest with their addresses, and what kept DNS from telling of more."""
    names = Names(_servers(wanted.forest), patience_s)
    try:
        told = await around.systems(wanted, names)
    except NoResolverError as error:
        return around.unlocated(wanted), str(error)
    return tuple(place for place in told.places if not place.unasked), _trouble(told.lookups)


def _servers(forest: ForestSpec) -> tuple[tuple[str, int], ...]:
    return tuple((server.host, server.port) for server in forest.dns if is_address(server.host))


def _trouble(lookups: Iterable[Lookup]) -> str:
    failed = {lookup.status: lookup for lookup in lookups if lookup.required and lookup.status not in TOLD}
    words = (f"{lookup.name} {lookup.record}: {status} from {lookup.server}" for status, lookup in failed.items())
    return "; ".join(words)
