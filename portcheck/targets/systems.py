"""What profiles ask for beside domain controllers: the machines around a forest, and the cloud, once a run."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field, replace

from portcheck.catalogue.endpoints import ANY, asked_for, covers
from portcheck.catalogue.profiles import ONLY_NAMED, Profile, ProfileRow, merge, merge_for
from portcheck.catalogue.services import services
from portcheck.config import CLOUD, DIRECT, ConfigError, ForestSpec, ProxySpec, SystemSpec, parse_proxy
from portcheck.frozen import dataclass
from portcheck.model.target import DC, UNNAMED, Route, Selection, Target
from portcheck.net.dns import Names, is_address
from portcheck.targets import tunnel
from portcheck.targets.checks import checks_for
from portcheck.targets.srv import Discovery, asked_here, places_of

PRINCIPAL = {
    "mim": "mim-service", "sql": "mssql", "sync": "tcp", "adfs": "https", "exchange": "http", "mail": "tcp",
    "kdc-proxy": "kdc-proxy", "wap": "https", "ca": "rpc-cert", "ces": "https", "crl": "http",
}  # fmt: skip
"""The service that a system's `port` is about."""
BY_PROXY = frozenset({"https", "http"})
WILDCARD = 'a wildcard cannot be asked; name a host of it: [[forest.system]] with role = "cloud"'
NAMED, LISTED = "explicit", "catalogue"

Chosen = Sequence[tuple[ForestSpec, tuple[Profile, ...]]]


def asks_controllers(forest: ForestSpec, profiles: Sequence[Profile], selection: Selection) -> bool:
    """Whether anything at all is asked of the forest's controllers."""
    return bool(checks_for(Target("", None, ""), forest, profiles, selection))


def asks_systems(forest: ForestSpec, profiles: Sequence[Profile], selection: Selection) -> bool:
    """Whether anything is asked of the machines around it."""
    places = (_example(role, forest) for role in _roles(profiles, forest))
    return any(checks_for(place, forest, profiles, selection) for place in places)


def asks(forest: ForestSpec, profiles: Sequence[Profile], selection: Selection) -> bool:
    """Whether the forest is asked anything; what its profiles ask of the cloud is no matter of its own."""
    return asks_controllers(forest, profiles, selection) or asks_systems(forest, profiles, selection)


def asks_others_only(forest: ForestSpec, profiles: Sequence[Profile], selection: Selection) -> bool:
    if forest.name == CLOUD:
        return True
    return asks_systems(forest, profiles, selection) and not asks_controllers(forest, profiles, selection)


def _roles(profiles: Sequence[Profile], forest: ForestSpec) -> Iterable[str]:
    """What the profiles ask of machines around the forest, and what the forest has that any profile minds."""
    asked = dict.fromkeys(row.target for row in merge(profiles) if row.target not in {DC, CLOUD})
    named = dict.fromkeys(system.role for system in forest.systems if system.role != CLOUD)
    return asked | dict.fromkeys(role for role in named if merge_for(role, profiles, named=True))


def _example(role: str, forest: ForestSpec) -> Target:
    """One machine of the role as far as it matters for what is asked: named or not."""
    host = next((system.host for system in forest.systems if system.role == role), "")
    return Target(host, None, NAMED if host else UNNAMED, target=role)


def cloud(
    chosen: Chosen, machine: Sequence[Profile], selection: Selection
) -> tuple[ForestSpec, tuple[Profile, ...]] | None:
    """The cloud part of all profiles together, as a forest of its own; None where nothing is asked of it."""
    profiles = {profile.name: profile for profile in machine}
    for _, own in chosen:
        profiles.update((profile.name, profile) for profile in own)
    asking = tuple(profile for profile in profiles.values() if _outside(profile, selection))
    if not asking:
        return None
    systems = {system.host: system for forest, _ in chosen for system in forest.systems if system.role == CLOUD}
    names = tuple(profile.name for profile in asking)
    return ForestSpec(CLOUD, discover=False, profiles=names, systems=tuple(systems.values())), asking


def _outside(profile: Profile, selection: Selection) -> bool:
    rows = (row for row in profile.rows if row.target == CLOUD)
    return any(selection.takes(row.service, row.transport, _port(row), CLOUD) for row in rows)


def _port(row: ProfileRow) -> int | None:
    service = services().get(row.service)
    return row.port if row.port is not None or service is None else service.ports[row.transport]


def refuse_nothing(chosen: Chosen, machine: Sequence[Profile], selection: Selection) -> None:
    """ConfigError where `--only` and `--skip` leave nothing to ask: of no forest, no machine around it, no cloud."""
    if any(asks(*part, selection) for part in chosen) or cloud(chosen, machine, selection) is not None:
        return
    profiles = {profile.name: profile for own in (machine, *(own for _, own in chosen)) for profile in own}
    services_of = dict.fromkeys(row.service for row in merge(tuple(profiles.values())))
    raise ConfigError(
        f"--only, --skip: nothing is left to ask; {', '.join(profiles)} {'asks' if len(profiles) == 1 else 'ask'} for"
        f" {', '.join(services_of)} (--profile all asks for every service of a controller)"
    )


def may_ask(chosen: Chosen, machine: Sequence[Profile], selection: Selection, named: Selection) -> bool:
    """Whether a run of this selection can ask anything of what is `named`; which ports it asks, only the run knows."""
    if any(name.partition("/")[0].isdecimal() for name in named.only):
        return True
    planned = (check for part in chosen for check in checks_for(Target("", None, ""), *part, selection))
    if any(named.takes(check.service, check.transport, check.port) for check in planned):
        return True
    return any(asks_systems(*part, named) for part in chosen) or cloud(chosen, machine, named) is not None


@dataclass(frozen=True, slots=True)
class SystemsWanted:
    """What is asked for, and over which address families."""

    forest: ForestSpec
    profiles: Sequence[Profile]
    selection: Selection
    families: Sequence[str]

    def checks(self, place: Target) -> bool:
        return bool(checks_for(place, self.forest, self.profiles, self.selection))


async def places(wanted: SystemsWanted, names: Names, proxy: ProxySpec | None) -> Discovery:
    """Of the cloud the endpoints, and the way to each; of a forest the machines around it."""
    if wanted.forest.name == CLOUD:
        return await Cloud(wanted, names, proxy).places()
    return await systems(wanted, names)


async def systems(wanted: SystemsWanted, names: Names) -> Discovery:
    """The machines that the rows speak of; of a role that nobody named, one place that says so."""
    found = Discovery()
    for role in _roles(wanted.profiles, wanted.forest):
        if not wanted.checks(_example(role, wanted.forest)):
            continue
        named = [system for system in wanted.forest.systems if system.role == role]
        for system in named:
            located = await _located(system, names, wanted.families, found)
            found.places.extend(replace(place, domain=_realm_of(system, wanted.forest)) for place in located)
        if not named:
            found.places.append(Target(role, None, UNNAMED, target=role, unasked=_unnamed(role)))
    return found


async def _located(system: SystemSpec, names: Names, families: Sequence[str], found: Discovery) -> list[Target]:
    port = {} if system.port is None else {PRINCIPAL[system.role]: system.port}
    whole = Target(system.host, system.address, NAMED, target=system.role, ports=port)
    if system.address is not None or is_address(system.host):
        return [replace(whole, address=system.address or system.host)]
    lookups = await names.addresses(system.host, families)
    found.lookups.extend(lookups)
    places = places_of(system.host, lookups, NAMED, "", found, here=asked_here(names))
    return [replace(whole, address=p.address, untold=p.untold, given=p.given) for p in places]


def _realm_of(system: SystemSpec, forest: ForestSpec) -> str:
    """Whose tickets a KDC proxy is asked for; the other roles are asked about no domain."""
    no_domain = forest.swept or is_address(forest.name)
    return forest.name if system.role in ONLY_NAMED and not no_domain else ""


def _unnamed(role: str) -> str:
    return f'no machine is named for it: [[forest.system]] with role = "{role}", or --system {role}=HOST'


def unlocated(wanted: SystemsWanted) -> tuple[Target, ...]:
    """The machines around a forest, or the cloud's endpoints, before anybody is asked where they are."""
    if wanted.forest.name == CLOUD:
        listed = {(row.host, row.service): None for row in merge(wanted.profiles) if row.target == CLOUD}
        return tuple(place for row in listed if wanted.checks(place := _listed(*row)) and not row[0].startswith(ANY))
    roles = _roles(wanted.profiles, wanted.forest)
    found = (system for role in roles for system in wanted.forest.systems if system.role == role)
    places = (
        Target(
            system.host,
            system.address or (system.host if is_address(system.host) else None),
            NAMED,
            domain=_realm_of(system, wanted.forest),
            target=system.role,
            ports={} if system.port is None else {PRINCIPAL[system.role]: system.port},
        )
        for system in found
    )
    return tuple(place for place in places if wanted.checks(place))


@dataclass(slots=True)
class Cloud:
    """Finds the way to each endpoint: its addresses, or the proxy's."""

    wanted: SystemsWanted
    names: Names
    proxy: ProxySpec | None  # the run's own; None: as the environment says
    found: Discovery = field(default_factory=Discovery)
    _proxies: dict[str, tuple[str, ...]] = field(default_factory=dict)

    async def places(self) -> Discovery:
        listed = {(row.host, row.service): None for row in merge(self.wanted.profiles) if row.target == CLOUD}
        rows = [row for row in listed if self.wanted.checks(_listed(*row))]
        await self._find_proxies((host, service) for pattern, service in rows for host in self._hosts(pattern))
        located = await asyncio.gather(*(self._place(pattern, service) for pattern, service in rows))
        self.found.places.extend(place for some in located for place in some)
        return self.found

    async def _place(self, pattern: str, service: str) -> list[Target]:
        hosts = list(self._hosts(pattern))
        place = _listed(pattern, service)
        if not hosts:
            return [replace(place, unasked=WILDCARD)]
        return [await self._on_its_way(replace(place, host=host)) for host in hosts]

    def _hosts(self, pattern: str) -> Iterator[str]:
        """The endpoint itself; of a wildcard the hosts that the file names, else the one its document names."""
        if not pattern.startswith(ANY):
            yield pattern
            return
        named = [system.host for system in self.wanted.forest.systems if covers(pattern, system.host)]
        yield from named or filter(None, [asked_for(pattern)])

    def _own(self, host: str) -> SystemSpec | None:
        return next((system for system in self.wanted.forest.systems if system.host == host), None)

    async def _on_its_way(self, place: Target) -> Target:
        own = self._own(place.host)
        if own is not None and own.port is not None:
            place = replace(place, ports={place.service: own.port})
        proxy = self._proxy(place.host, place.service)
        if not proxy.direct:
            way = tunnel.route(proxy, self._proxies[proxy.host])
            if proxy.socks and proxy.scheme != tunnel.FAR:  # the name is looked up here
                way = replace(way, far=next(iter(await self._addresses(place.host)), ""))
            return replace(place, route=way)
        given = own is not None and own.address
        addresses = (given,) if given else await self._addresses(place.host)
        if not addresses and own is None and place.endpoint.startswith(ANY):
            return replace(place, unasked=f"{place.host}, asked in place of {place.endpoint}, has no address")
        return replace(place, route=Route(tuple(addresses)))

    def _proxy(self, host: str, service: str) -> ProxySpec:
        """AMQP goes through no HTTP proxy by itself: only where the file says so for this host."""
        own = self._own(host)
        if own is not None and own.proxy is not None:
            return own.proxy
        if service not in BY_PROXY and not (self.proxy is not None and self.proxy.socks):
            return DIRECT
        return self.proxy or from_environment(host, service)

    async def _find_proxies(self, asked: Iterable[tuple[str, str]]) -> None:
        """Behind a proxy only the proxy's own name has to have an address here."""
        proxies = (self._proxy(host, service) for host, service in asked)
        for host in {proxy.host: None for proxy in proxies if not proxy.direct}:
            self._proxies[host] = await self._addresses(host)

    async def _addresses(self, host: str) -> tuple[str, ...]:
        if is_address(host):
            return (host,)
        lookups = await self.names.addresses(host, self.wanted.families)
        self.found.lookups.extend(replace(lookup, required=False) for lookup in lookups)
        places = places_of(host, lookups, LISTED, "", self.found, here=True)  # a proxy may well be on this machine
        found = [place.address for place in places if place.address]
        return tuple(sorted(found, key=lambda address: ":" in address))  # IPv4 first


def _listed(pattern: str, service: str) -> Target:
    return Target(pattern, None, LISTED, target=CLOUD, endpoint=pattern, service=service)


def from_environment(host: str, scheme: str = "https") -> ProxySpec:
    """What HTTPS_PROXY and NO_PROXY say (on Windows and macOS, else the system's settings). Raises ConfigError."""
    from urllib.request import getproxies, proxy_bypass  # late: it brings a whole HTTP client along

    known = getproxies()
    address = known.get(scheme) or known.get("all") or ""
    if not address or proxy_bypass(host):
        return DIRECT
    try:
        return parse_proxy(address)
    except ConfigError as error:
        raise ConfigError(f"{scheme.upper()}_PROXY: {error}; name one with --proxy, or --proxy none") from None
