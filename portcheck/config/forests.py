"""[[forest]] to `ForestSpec`."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from portcheck.config.binding import read_bind
from portcheck.config.files import read_bytes, spelled
from portcheck.config.names import is_address, parse_address, parse_host, parse_name, parse_server
from portcheck.config.node import Node
from portcheck.config.reference import EXTRA, FOREST
from portcheck.config.settings import Settings, read_profiles, read_site
from portcheck.config.spec import BindSpec, DcSpec, ExtraPort, ForestSpec
from portcheck.config.systems import CLOUD, read_systems
from portcheck.config.words import ConfigError, shown
from portcheck.frozen import dataclass
from portcheck.model import Expected

TRANSPORTS = ("tcp", "udp")

# MS-DTYP, 2.4.2.1: authority 5, 21, and the three numbers that are the domain's own.
DOMAIN_SID = re.compile(r"S-1-5-21-([0-9]{1,10})-([0-9]{1,10})-([0-9]{1,10})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class KnownNames:
    """What the file may name, and what holds where a forest says nothing."""

    profiles: Collection[str]
    services: Mapping[str, Collection[str]]
    settings: Settings


def read_forests(node: Node, known: KnownNames) -> tuple[ForestSpec, ...]:
    forests: dict[str, ForestSpec] = {}
    for row in node.rows():
        forest = read_forest(row, known)
        if forest.name in forests:
            raise row.children()["name"].error(f"{shown(forest.name)} is here twice")
        forests[forest.name] = forest
    return tuple(forests.values())


def read_forest(node: Node, known: KnownNames) -> ForestSpec:
    keys = node.table(FOREST.names, needed=("name",))
    name = keys["name"].read(parse_name)
    if name == CLOUD:
        raise keys["name"].error(f"{shown(name)} is what reports call Microsoft's cloud; give the full DNS name")
    controllers = _controllers(keys["domain_controllers"]) if "domain_controllers" in keys else ()
    discover = keys["discover"].flag() if "discover" in keys else not controllers
    if not discover and not controllers:
        raise keys["discover"].error("false leaves nothing to ask; give domain_controllers")
    extra = _extra(keys["extra"]) if "extra" in keys else ()
    return ForestSpec(
        name=name,
        dns=keys["dns"].unique(lambda n: n.read(parse_server)) if "dns" in keys else (),
        domains=keys["domains"].unique(lambda n: n.read(parse_name), taken=(name,)) if "domains" in keys else (),
        domain_controllers=controllers,
        discover=discover,
        site=read_site(keys["site"]) if "site" in keys else known.settings.site,
        ca_file=_ca_file(keys["ca_file"]) if "ca_file" in keys else None,
        profiles=read_profiles(keys["profiles"], known.profiles) if "profiles" in keys else known.settings.profiles,
        expect=_expect(keys["expect"], (*known.services, *(port.name for port in extra))) if "expect" in keys else {},
        ports=_ports(keys["ports"], known.services) if "ports" in keys else {},
        extra=extra,
        bind=read_bind(keys["bind"]) if "bind" in keys else BindSpec(),
        systems=read_systems(keys["system"]) if "system" in keys else (),
        named_forest=True,
    )


def _controllers(node: Node) -> tuple[DcSpec, ...]:
    found: dict[str, set[str | None]] = {}
    controllers = []
    for row in node.each():
        dc = _controller(row)
        addresses = found.setdefault(dc.host, set())
        # A host may be given once per address; without an address it is all of them.
        if dc.address in addresses or (addresses and None in (dc.address, *addresses)):
            raise row.error(f"{shown(dc.host)} is here twice")
        addresses.add(dc.address)
        controllers.append(dc)
    return tuple(controllers)


def _controller(node: Node) -> DcSpec:
    if isinstance(node.value, str):
        host = node.read(parse_host)
        return DcSpec(host, host if is_address(host) else None)
    if not isinstance(node.value, dict):
        raise node.error(f'{shown(node.value)} is not a host; give a name or {{ host = "…", address = "…" }}')
    keys = node.table(("host", "address"), needed=("host",))
    host = keys["host"].read(parse_host)
    if "address" in keys:
        return DcSpec(host, keys["address"].read(parse_address))
    return DcSpec(host, host if is_address(host) else None)


def _ca_file(node: Node) -> Path:
    """Relative to the folder of the forests file."""
    path = node.source.path.parent / node.text(4096)
    return node.read(lambda _: parse_ca_file(path))


def parse_ca_file(path: Path) -> Path:
    """A file that is there and holds certificates in PEM. Raises ConfigError."""
    content = read_bytes(path, "a file of PEM certificates")
    if not (b"-----BEGIN" in content and b"CERTIFICATE-----" in content.rpartition(b"-----END")[2]):
        raise ConfigError(f"{spelled(path)}: holds no PEM certificate (-----BEGIN CERTIFICATE-----)")
    return path


def _expect(node: Node, services: Collection[str]) -> dict[str, str]:
    """Of a service, or of a further port by its own name."""
    expected: dict[str, str] = {}
    for key, child in node.table(("domain_sid", *services)).items():
        expected[key] = child.read(parse_domain_sid) if key == "domain_sid" else child.word([*Expected], "expectation")
    return expected


def parse_domain_sid(value: object) -> str:
    """A domain's SID, S-1-5-21 and three numbers. Raises ConfigError."""
    found = DOMAIN_SID.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None or any(int(number) >= 2**32 for number in found.groups()):
        raise ConfigError(f"{shown(value)} is not a domain SID; it looks like S-1-5-21-1-2-3")
    return found.group().upper()


def _ports(node: Node, services: Collection[str]) -> dict[str, int]:
    return {key: child.whole(1, 65535) for key, child in node.table(services).items()}


def _extra(node: Node) -> tuple[ExtraPort, ...]:
    extra: dict[tuple[int, str], ExtraPort] = {}
    for row in node.rows():
        keys = row.table(EXTRA.names, needed=("name", "port"))
        port = ExtraPort(
            name=keys["name"].text(64),
            port=keys["port"].whole(1, 65535),
            transport=keys["transport"].word(TRANSPORTS, "transport") if "transport" in keys else "tcp",
            purpose=keys["purpose"].text(200) if "purpose" in keys else "",
        )
        if (port.port, port.transport) in extra:
            raise keys["port"].error(f"{port.port}/{port.transport} is here twice")
        extra[port.port, port.transport] = port
    return tuple(extra.values())
