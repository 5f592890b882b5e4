"""Targets as the command line names them to forests: of the file, or made for a domain, a host, a port or a network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from portcheck.catalogue.services import TRANSPORTS, services
from portcheck.config import ConfigError, Configuration, DcSpec, ExtraPort, ForestSpec, Server, is_address, nearest
from portcheck.config.target import FORMS, MOST_ADDRESSES, TargetText, addresses_of, parse_target
from portcheck.config.target_list import MARK, lines_of
from portcheck.frozen import dataclass
from portcheck.net.dns import Names

Complete = Callable[[str], str]
"""A single label to the full name; raises ConfigError."""

WHY = "named on the command line"
BY_SCHEME = {"ldap": "ldap", "ldaps": "ldaps", "gc": "gc"}
SECURED = {3269: "gc-tls"}
"""A URL's scheme to the service; of two that begin with TLS the port decides."""
LABEL_PATIENCE_S = 4.0


@dataclass(frozen=True, slots=True)
class Naming:
    """What names are read against."""

    configured: Configuration
    complete: Complete

    def forests(self, targets: Sequence[str]) -> tuple[ForestSpec, ...]:
        """Each forest once, whatever ports are named of it. Raises ConfigError."""
        chosen: dict[str, ForestSpec] = {}
        for where, text in _each(targets):
            try:
                forest = self._forest(parse_target(text))
            except ConfigError as error:
                raise ConfigError(f"{where}: {error}" if where else str(error)) from None
            chosen[forest.name] = _together(chosen[forest.name], forest) if forest.name in chosen else forest
        asked = sum(len(forest.domain_controllers) for forest in chosen.values() if forest.swept)
        if asked > MOST_ADDRESSES:
            raise ConfigError(f"the networks have {asked} addresses together; at most {MOST_ADDRESSES} are asked")
        return tuple(chosen.values())

    def _forest(self, target: TargetText) -> ForestSpec:
        if target.network is not None:
            controllers = tuple(DcSpec(address, address) for address in addresses_of(target.network))
            spec = ForestSpec(str(target.network), domain_controllers=controllers, discover=False, swept=True)
            return replace(spec, profiles=self.configured.settings.profiles)
        forest = self._named(target.host)
        return forest if target.bare else replace(forest, profiles=(), systems=(), extra=(_port(target),))

    def _named(self, name: str) -> ForestSpec:
        by_name = {forest.name: forest for forest in self.configured.forests}
        if name in by_name:
            return by_name[name]
        defaults = self.configured.settings
        if is_address(name):
            controllers = (DcSpec(name, name),)
            return ForestSpec(name, domain_controllers=controllers, discover=False, profiles=defaults.profiles)
        if "." not in name:
            return self._of_label(name, by_name)
        owner = next((f for f in by_name.values() if name.endswith(f".{f.name}")), None)
        if owner is not None and any(c.host == name for c in owner.domain_controllers):
            wanted = tuple(c for c in owner.domain_controllers if c.host == name)
            return replace(owner, domain_controllers=wanted, discover=False)
        return ForestSpec(name, site=defaults.site, profiles=defaults.profiles)

    def _of_label(self, label: str, by_name: Mapping[str, ForestSpec]) -> ForestSpec:
        """A forest of the file by its first label, where that is one's only; else as DNS completes it."""
        alike = [forest for name, forest in by_name.items() if name.partition(".")[0] == label]
        if len(alike) == 1:
            return alike[0]
        if alike:
            names = ", ".join(forest.name for forest in alike)
            raise ConfigError(f"target '{label}' may be any of {names}; name one in full")
        try:
            full = self.complete(label)
        except ConfigError as error:
            known = nearest(label, [name.partition(".")[0] for name in by_name]) if by_name else ""
            raise ConfigError(f"{error}{known}") from None
        if full == label:
            return ForestSpec(full, profiles=self.configured.settings.profiles)
        return self._named(full)


def _each(targets: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Where a target is written (empty: on the command line) and its text."""
    for target in targets:
        if target.strip().startswith(MARK):
            yield from lines_of(target.strip())
        else:
            yield "", target


def _together(first: ForestSpec, second: ForestSpec) -> ForestSpec:
    """One forest named twice: bare and by ports, all of it is asked; the hosts add up."""
    hosts = {(c.host, c.address): c for c in (*first.domain_controllers, *second.domain_controllers)}
    extra = {(e.port, e.transport): e for e in (*first.extra, *second.extra)}
    return replace(
        first,
        profiles=first.profiles or second.profiles,
        systems=first.systems or second.systems,
        domain_controllers=tuple(hosts.values()) if not first.discover and not second.discover else
        first.domain_controllers if first.discover else second.domain_controllers,
        discover=first.discover or second.discover,
        extra=tuple(extra.values()),
    )  # fmt: skip


def _port(target: TargetText) -> ExtraPort:
    """The port in the protocol of the service that is usually there; of another, whether anything listens."""
    assert target.port is not None
    service, transport = _usual(target)
    purpose = services()[service].purpose if service else f"port {target.port}"
    return ExtraPort(f"{target.port}/{transport}", target.port, transport, purpose, service, WHY)


def _usual(target: TargetText) -> tuple[str, str]:
    if target.scheme:
        return SECURED.get(target.port or 0, BY_SCHEME[target.scheme]), "tcp"
    for transport in [target.transport] if target.transport else TRANSPORTS:
        for service in services().values():
            if service.ports.get(transport) == target.port:
                return service.name, transport
    return "", target.transport or "tcp"


def by_search_list(servers: Sequence[Server]) -> Complete:
    """As this machine's resolver would complete it; asked of `servers` where there are any."""
    return partial(_completed, tuple((server.host, server.port) for server in servers if is_address(server.host)))


def _completed(servers: tuple[tuple[str, int], ...], label: str) -> str:
    from portcheck.net import search_list

    listed = search_list.suffixes()
    found = asyncio.run(search_list.complete(label, Names(servers, LABEL_PATIENCE_S), listed))
    if found.name:
        return found.name
    if not listed:
        raise ConfigError(f"target '{label}' is no full name, and this machine has no DNS search list; {FORMS}")
    tried = ", ".join(found.tried)
    if found.silent:
        raise ConfigError(f"target '{label}' is no full name, and DNS did not answer for {tried}; give the full name")
    raise ConfigError(f"target '{label}' is no full name, and DNS knows none of {tried} (search list); {FORMS}")


def without_asking(label: str) -> str:
    """For what may send nothing: the full names it could stand for are told."""
    from portcheck.net import search_list

    tried = search_list.candidates(label, search_list.suffixes())
    choice = f"; name one in full: {', '.join(tried)}" if tried else f"; {FORMS}"
    raise ConfigError(f"target '{label}' is no full name, and nothing is asked of DNS to complete it{choice}")
