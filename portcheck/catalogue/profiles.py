"""Profiles: what a role of this machine needs, from profiles/*.toml, endpoints.toml and the forests file's own tables.

A row without `target` is asked of every domain controller; other targets (`mim`, `sql`, `cloud` …) name the machine
that the row is about, and are no business of the planner for domain controllers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any

from portcheck.catalogue import endpoints
from portcheck.catalogue.kept import HERE, read
from portcheck.catalogue.services import GENERIC, known, services
from portcheck.catalogue.sources import Sure, usually
from portcheck.frozen import dataclass
from portcheck.model import Need
from portcheck.model.target import DC, TARGETS

ONLY_NAMED = ("kdc-proxy",)
"""What a forest need not have: asked where a machine is named for it, by whatever profile; each has its own."""
PORTALS = "portals"
OPENERS = {
    DC: "the domain controllers", PORTALS: "the portals, their clients and the Synchronization Service",
    "clients": "clients and the proxies in front", "users": "users and their devices",
    "balancer": "the load balancer and the other servers of the farm", "sync": "the Entra Connect server",
}  # fmt: skip
"""Who opens the connections that a profile tells of, where it is not just this machine."""
IN_THEIR_PLACE = frozenset({"", DC, PORTALS})
"""What may be asked from here: by a domain controller, and by whatever is not the MIM Service itself."""
DEEPEST = 16  # profiles extending profiles

STRENGTH = (Need.OPTIONAL, Need.CONDITIONAL, Need.REQUIRED)

Key = tuple[str, str, int | None, str, str]


class ProfileError(ValueError):
    """A profile that cannot be put together: one line, fit for a user."""


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """One need of a profile. `port` is set only where it differs from the service's own."""

    service: str
    transport: str
    need: Need
    operation: str
    why: str
    source: str  # a key of sources.toml
    port: int | None = None
    target: str = DC
    host: str = ""  # the endpoint's name where the target is always the same one; `*.` stands for any label
    opener: str = ""  # who opens the connection where it is not this machine: `from` in the file, one of OPENERS
    one_of: str = ""  # of the rows with the same word here, one that works is enough
    sure: Sure = Sure.VENDOR  # how much weight the row bears
    once_named: Need | None = None  # the need where a machine is named for it: then the case is at hand

    @property
    def ours(self) -> bool:
        """Whether this machine can ask it: it opens it itself, or it may be one of those that do."""
        return self.opener in IN_THEIR_PLACE

    @property
    def key(self) -> Key:
        return (self.service, self.transport, self.port, self.target, self.host)


@dataclass(frozen=True, slots=True)
class Profile:
    """A role of this machine."""

    name: str
    title: str
    rows: tuple[ProfileRow, ...]
    speaks: frozenset[str] = frozenset()  # whose error names its users see, beside what every client shows
    mirrored: bool = False  # what this machine needs of the controllers, they need of it

    @property
    def dc_rows(self) -> tuple[ProfileRow, ...]:
        return tuple(row for row in self.rows if row.target == DC)


@dataclass(frozen=True, slots=True)
class MergedRow:
    """What several profiles together ask of one service."""

    service: str
    transport: str
    port: int | None
    target: str
    host: str
    need: Need
    operations: tuple[str, ...]
    profiles: tuple[str, ...]
    why: str  # of the strongest need
    source: str  # the document behind it
    one_of: str = ""
    opener: str = ""  # empty where any of the profiles opens it from here
    once_named: Need | None = None


@cache
def built_in() -> Mapping[str, Profile]:
    """The profiles that ship with portcheck, by name."""
    books = sorted(HERE.joinpath("profiles").glob("*.toml"))
    tables = {book.stem: read(f"profiles/{book.name}") for book in books}
    for name, rows in endpoints.rows().items():
        tables[name]["check"] = [*tables[name].get("check", ()), *rows]
    return _resolved(tables, {})


def with_own(own: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Profile]:
    """The built-in profiles and the forests file's; ProfileError for a clash, a cycle or an unknown base."""
    for name in own:
        if name in built_in():
            raise ProfileError(f"profile {name!r} is built in; give your own another name")
    return _resolved(own, built_in())


def merge(profiles: Iterable[Profile]) -> tuple[MergedRow, ...]:
    """The union of what the profiles ask from here: the strongest need wins, operations and reasons add up."""
    return _union(profiles, ours=True)


def _union(profiles: Iterable[Profile], *, ours: bool) -> tuple[MergedRow, ...]:
    asked: dict[Key, list[tuple[str, ProfileRow]]] = {}
    for profile in profiles:
        for row in [row for row in profile.rows if row.ours is ours]:
            asked.setdefault(row.key, []).append((profile.name, row))
    return tuple(_merged(named) for named in asked.values())


def merge_for(target: str, profiles: Sequence[Profile], *, named: bool = False) -> tuple[MergedRow, ...]:
    """What is asked of a machine of this role; of one that only its being named brings in, by its own profile.

    A machine that the user names is asked for what others open there too: whoever names it wants to know, and that it
    does not answer here need not hurt those others.
    """
    return _merged_for(target, tuple(profiles), named=named)


@lru_cache(maxsize=64)
def _merged_for(target: str, profiles: tuple[Profile, ...], *, named: bool) -> tuple[MergedRow, ...]:
    """Once for all machines of the role, in the order of the services' table."""
    asking = dict.fromkeys((*profiles, *((built_in()[target],) if target in ONLY_NAMED else ())))
    rows = [row for row in merge(asking) if row.target == target]
    known = {(row.service, row.transport, row.port) for row in rows}
    others = [row for row in _union(asking, ours=False) if named and row.target == target]
    fresh = (row for row in others if (row.service, row.transport, row.port) not in known)
    asked = (*rows, *(replace(row, need=Need.CONDITIONAL, once_named=None) for row in fresh))
    order = {name: number for number, name in enumerate(services())}
    return tuple(sorted(asked, key=lambda row: (order.get(row.service, 99), row.transport)))


def _merged(named: Sequence[tuple[str, ProfileRow]]) -> MergedRow:
    rows = [row for _, row in named]
    lead = max(rows, key=lambda row: STRENGTH.index(row.need))
    return MergedRow(
        *lead.key,
        need=lead.need,
        operations=_distinct(row.operation for row in rows),
        profiles=_distinct(name for name, _ in named),
        why=lead.why,
        source=lead.source,
        one_of=_choice(row.one_of for row in rows if row.need is lead.need),
        opener=_choice(row.opener for row in rows),
        once_named=max((row.once_named or row.need for row in rows), key=STRENGTH.index),
    )


def _choice(words: Iterable[str]) -> str:
    """Two profiles that need it: where one of them leaves no choice, there is none."""
    told = set(words)
    return told.pop() if len(told) == 1 else ""


def _distinct(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for word in words if word))


def _resolved(tables: Mapping[str, Mapping[str, Any]], base: Mapping[str, Profile]) -> Mapping[str, Profile]:
    done = dict(base)
    for name in tables:
        _resolve(name, tables, done, ())
    return MappingProxyType(done)


def _resolve(
    name: str, tables: Mapping[str, Mapping[str, Any]], done: dict[str, Profile], path: tuple[str, ...]
) -> None:
    if name in done:
        return
    if len(path) > DEEPEST:
        raise ProfileError(f"profile {path[0]!r} extends too many others in a row")
    if name in path:
        raise ProfileError(f"profile {path[0]!r} extends itself: {' -> '.join((*path, name))}")
    if name not in tables:
        raise ProfileError(f"profile {path[-1]!r} extends {name!r}, which does not exist")
    table = tables[name]
    rows: dict[Key, ProfileRow] = {}
    speaks = set(table.get("speaks", ()))
    for parent in _parents(table):
        _resolve(parent, tables, done, (*path, name))
        rows.update((row.key, row) for row in done[parent].rows)
        speaks |= done[parent].speaks
    rows.update((row.key, row) for row in (_row(name, raw) for raw in table.get("check", ())))
    mirrored = table.get("mirrored", any(done[parent].mirrored for parent in _parents(table)))
    done[name] = Profile(name, table.get("title", name), _choices(rows.values()), frozenset(speaks), mirrored)


def _choices(rows: Iterable[ProfileRow]) -> tuple[ProfileRow, ...]:
    """Where one of two is enough and the other is needed anyway, this one is needed only by what is set to it."""
    kept = tuple(rows)
    words = Counter(row.one_of for row in kept)
    return tuple(
        replace(row, one_of="", need=Need.CONDITIONAL) if row.one_of and words[row.one_of] == 1 else row for row in kept
    )


def _parents(table: Mapping[str, Any]) -> tuple[str, ...]:
    extends = table.get("extends", ())
    return (extends,) if isinstance(extends, str) else tuple(extends)


def _row(profile: str, raw: Mapping[str, Any]) -> ProfileRow:
    service, transport, port = raw.get("service", ""), raw.get("transport", ""), raw.get("port")
    target, need = raw.get("target", DC), raw.get("need", Need.REQUIRED)
    if raw.get("from", DC) not in OPENERS:
        raise ProfileError(f"profile {profile!r}, {service}/{transport}: from {raw['from']!r} is not known")
    if not known(service, transport):
        raise ProfileError(f"profile {profile!r} asks for {service}/{transport}, which portcheck does not know")
    if service in GENERIC and target == DC and port is None:
        raise ProfileError(f"profile {profile!r} asks for {service}/{transport} without a port")
    if target not in TARGETS or need not in tuple(Need):
        raise ProfileError(f"profile {profile!r}, {service}/{transport}: target {target!r}, need {need!r} is not known")
    return ProfileRow(
        service=service,
        transport=transport,
        need=Need(need),
        operation=raw.get("operation", ""),
        why=raw.get("why", ""),
        source=raw.get("source", ""),
        port=_own_port(service, transport, port),
        target=target,
        host=raw.get("host", ""),
        opener=raw.get("from", ""),
        one_of=raw.get("one_of", ""),
        sure=Sure(raw["sure"]) if "sure" in raw else usually(raw.get("source", "")),
        once_named=Need(raw["once_named"]) if "once_named" in raw else None,
    )


def _own_port(service: str, transport: str, port: int | None) -> int | None:
    """The service's own port, spelled out, is no different row."""
    usual = services()[service].ports.get(transport) if service in services() else None
    return None if port == usual else port
