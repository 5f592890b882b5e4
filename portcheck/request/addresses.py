"""Addresses that the forests file does not give, from DNS: the only packets that a change request sends."""

from __future__ import annotations

from collections.abc import Iterable

from portcheck.config import ForestSpec
from portcheck.model import Lookup
from portcheck.model.target import Target
from portcheck.net.dns import Names, NoResolverError, is_address
from portcheck.targets import srv
from portcheck.targets import systems as around
from portcheck.targets.known import name_servers
from portcheck.targets.systems import SystemsWanted

TOLD = frozenset({"ok", "nxdomain", "nodata"})


async def places(forest: ForestSpec, families: tuple[str, ...], patience_s: float) -> tuple[tuple[Target, ...], str]:
    """The forest's places, and what kept DNS from telling of more (empty: nothing)."""
    names = Names(_servers(forest), patience_s)
    found: list[Target] = []
    lookups: list[Lookup] = []
    try:
        told = await srv.explicit(forest, names, families)
        found, lookups = told.places, told.lookups
        if forest.discover:
            told = await srv.advertised(forest, names, families)
            found, lookups = [*found, *told.places], [*lookups, *told.lookups]
        if not found:
            told = await srv.by_name(forest.name, names, families)
            found, lookups = told.places, [*lookups, *told.lookups]
    except NoResolverError as error:
        return tuple(found), str(error)
    distinct = {(place.host, place.address): place for place in reversed(found)}
    named = tuple(reversed(distinct.values()))
    return (*named, *name_servers(forest, [place.address for place in named])), _trouble(lookups)


async def systems(wanted: SystemsWanted, patience_s: float) -> tuple[tuple[Target, ...], str]:
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
