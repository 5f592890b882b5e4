"""What the command line says to forests and profiles: targets, and the options that narrow and widen them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from portcheck.catalogue.clouds import in_cloud
from portcheck.catalogue.profiles import Profile, ProfileError, built_in, with_own
from portcheck.catalogue.services import GENERIC, services
from portcheck.cli.naming import Naming, by_search_list, without_asking
from portcheck.config import (
    CLOUD,
    ConfigError,
    Configuration,
    DcSpec,
    ForestSpec,
    Server,
    SystemSpec,
    family,
    find,
    is_address,
    load,
    nearest,
    parse_ca_file,
    parse_host,
    parse_server,
    parse_site,
    parse_system,
)
from portcheck.model.target import DC, TARGETS

BOTH = ("A", "AAAA")
Chosen = tuple[tuple[ForestSpec, tuple[Profile, ...]], ...]
FILELESS = "no forests.toml found; name a domain, a host or an address, or write one (see forests.example.toml)"


def configuration(explicit: str | None, *, needed: bool) -> Configuration:
    """The forests file, or an empty configuration where none is needed."""
    path = find(explicit, os.environ, _here())
    if path is None:
        if needed:
            raise ConfigError(FILELESS)
        return Configuration()
    return load(path, built_in().keys(), known_services())


def _here() -> Path:
    """Where the program was started; the folder may be gone by now."""
    try:
        return Path.cwd()
    except OSError:
        return Path()


def known_services() -> dict[str, tuple[str, ...]]:
    return {name: tuple(service.ports) for name, service in services().items()}


def forests(
    configured: Configuration, targets: Sequence[str], servers: Sequence[str] = (), *, asking: bool = True
) -> tuple[ForestSpec, ...]:
    """The forests to check: all of the file's, or what the targets name.

    A single label is completed by DNS, of which `servers` are asked where there are any; not without `asking`.
    """
    if targets:
        complete = by_search_list([_server(text) for text in servers]) if asking else without_asking
        return Naming(configured, complete).forests(targets)
    if not configured.forests:
        if configured.path is None:
            raise ConfigError(FILELESS)
        where = configured.path or "the forests file"
        raise ConfigError(f"{where}: nothing to check: add a [[forest]], or name a target")
    return configured.forests


def outside(configured: Configuration, targets: Sequence[str], names: Sequence[str]) -> tuple[Profile, ...]:
    """The profiles of the command line that need no forest: all of them ask the cloud alone, and no target is named."""
    named = profiles(configured, names)
    alone = all(row.target == CLOUD for profile in named for row in profile.rows)
    return named if alone and not targets else ()


def narrowed(
    forest: ForestSpec,
    controllers: Sequence[str],
    servers: Sequence[str],
    families: Sequence[str] = BOTH,
) -> ForestSpec:
    """The forest with `--dc`, `--dns`, and `-4` or `-6` applied."""
    if servers:
        forest = replace(forest, dns=tuple(_server(text) for text in servers))
    if controllers:
        known = {controller.host: controller for controller in forest.domain_controllers}
        hosts = [_host(text) for text in controllers]
        chosen = tuple(known.get(h, DcSpec(h, h if is_address(h) else None)) for h in hosts)
        for host in hosts:
            _refuse_other_family(host, families)
        forest = replace(forest, domain_controllers=chosen, discover=False)
    _refuse_other_family(forest.name, families)
    return _of_family(forest, families)


def trusting(forests: tuple[ForestSpec, ...], ca_file: Path | None) -> tuple[ForestSpec, ...]:
    """The forests with `--ca-file`, in place of what the file names for each."""
    if ca_file is None:
        return forests
    try:
        found = parse_ca_file(ca_file)
    except ConfigError as error:
        raise ConfigError(f"--ca-file: {error}") from None
    return tuple(replace(forest, ca_file=found) for forest in forests)


def of_site(forests: tuple[ForestSpec, ...], site: str | None) -> tuple[ForestSpec, ...]:
    """The forests with `--site`, in place of what the file says of each."""
    if site is None:
        return forests
    try:
        found = parse_site(site)
    except ConfigError as error:
        raise ConfigError(f"--site: {error}") from None
    return tuple(replace(forest, site=found) for forest in forests)


def _refuse_other_family(named: str, families: Sequence[str]) -> None:
    """An address that the command line names itself, against its own -4, -6 or --source-ip."""
    if is_address(named) and family(named) not in families:
        wanted, other = ("IPv4", "IPv6") if "A" in families else ("IPv6", "IPv4")
        raise ConfigError(f"{named} is an {other} address, and only {wanted} is to be used (-4, -6 or --source-ip)")


def _of_family(forest: ForestSpec, families: Sequence[str]) -> ForestSpec:
    """Without the file's addresses of the other family; a name that goes with one is looked up instead."""
    left = []
    for controller in forest.domain_controllers:
        if family(controller.address or controller.host) in (None, *families):
            left.append(controller)
        elif not is_address(controller.host):
            left.append(DcSpec(controller.host))
    if forest.domain_controllers and not left and not forest.discover:
        wanted, other = ("IPv4", "IPv6") if "A" in families else ("IPv6", "IPv4")
        told = f"its domain controllers have {other} addresses, and only {wanted} is to be used (-4, -6 or --source-ip)"
        raise ConfigError(f"nothing is left of {forest.name}: {told}")
    return replace(forest, domain_controllers=tuple(left))


def with_systems(chosen: Chosen, texts: Sequence[str]) -> Chosen:
    """Each machine of `--system` in one forest: in the one that its name is of, else the first that asks for its role.

    The others do not ask for that role then, unless the file names a machine of theirs, or nothing else is left to ask.
    """
    for system in dict.fromkeys(_system(text) for text in texts):
        home = _home(system, chosen)
        chosen = tuple(
            (_beside(system, forest), profiles) if forest.name == home or not _asks_more(profiles, system.role)
            else (forest, _without(system, forest, profiles))
            for forest, profiles in chosen
        )  # fmt: skip
    return chosen


def _home(system: SystemSpec, chosen: Chosen) -> str:
    asking = [forest.name for forest, profiles in chosen if _asks(profiles, system.role)]
    names = asking or [forest.name for forest, _ in chosen]
    of_it = [name for name in names if system.host.endswith(f".{name}")]
    return max(of_it, key=len, default=names[0] if names else "")


def _asks(profiles: Sequence[Profile], role: str) -> bool:
    return any(row.target == role for profile in profiles for row in profile.rows)


def _asks_more(profiles: Sequence[Profile], role: str) -> bool:
    return any(row.target not in {role, CLOUD} for profile in profiles for row in profile.rows)


def _beside(system: SystemSpec, forest: ForestSpec) -> ForestSpec:
    return forest if _is_there(system, forest) else replace(forest, systems=(*forest.systems, system))


def _without(system: SystemSpec, forest: ForestSpec, profiles: tuple[Profile, ...]) -> tuple[Profile, ...]:
    if system.role == CLOUD or any(own.role == system.role for own in forest.systems):
        return profiles
    return tuple(replace(p, rows=tuple(row for row in p.rows if row.target != system.role)) for p in profiles)


def _is_there(system: SystemSpec, forest: ForestSpec) -> bool:
    """Named by the file already, perhaps with more of it than the command line can say."""
    return any((one.role, one.host) == (system.role, system.host) for one in forest.systems)


def _system(text: str) -> SystemSpec:
    try:
        return parse_system(text)
    except ConfigError as error:
        raise ConfigError(f"--system: {error}") from None


def beside_controllers() -> frozenset[str]:
    """What `--dc` leaves out."""
    return frozenset(TARGETS) - {DC}


def _server(text: str) -> Server:
    try:
        return parse_server(text)
    except ConfigError as error:
        raise ConfigError(f"--dns: {error}") from None


def _host(text: str) -> str:
    try:
        return parse_host(text.strip("[]"))
    except ConfigError as error:
        raise ConfigError(f"--dc: {error}") from None


def profiles(configured: Configuration, names: Sequence[str]) -> tuple[Profile, ...]:
    """The profiles by name, built-in and own."""
    try:
        known = with_own(configured.own_profiles)
    except ProfileError as error:
        raise ConfigError(f"{configured.path}: {error}") from None
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConfigError(f"--profile: unknown profile {unknown[0]!r}{nearest(unknown[0], known)}")
    return tuple(in_cloud(known[name], configured.settings.cloud) for name in names)


def service_names(flag: str, words: Sequence[str]) -> frozenset[str]:
    """A service (`kpasswd`), one of its transports (`kpasswd/udp`), a port (`464/tcp`), or whose it is (`cloud`)."""
    split = tuple(part.strip().lower() for word in words for part in word.split(",") if part.strip())
    if words and not split:
        raise ConfigError(f"{flag}: names no service")
    known = {*services(), *GENERIC, *TARGETS}
    known |= {f"{name}/{transport}" for name, service in services().items() for transport in service.ports}
    for word in split:
        port = word.partition("/")[0]
        if word not in known and not (port.isdecimal() and 0 < int(port) < 65536):
            raise ConfigError(f"{flag}: unknown service {word!r}{nearest(word, known)}")
    return frozenset(split)
