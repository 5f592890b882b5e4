"""[[forest.system]] to `SystemSpec`: the machines around the forest that profiles ask for beside its controllers."""

from __future__ import annotations

from collections.abc import Collection

from portcheck.config.names import is_address, parse_address, parse_host
from portcheck.config.node import Node
from portcheck.config.proxies import parse_proxy
from portcheck.config.reference import SYSTEM
from portcheck.config.spec import SystemSpec
from portcheck.config.words import ConfigError, nearest, shown
from portcheck.model.target import DC, TARGETS

CLOUD = "cloud"


def roles() -> Collection[str]:
    """What a machine can be to a profile, beside a domain controller."""
    return tuple(target for target in TARGETS if target != DC)


def read_systems(node: Node) -> tuple[SystemSpec, ...]:
    systems: dict[tuple[str, str, str | None], SystemSpec] = {}
    for row in node.rows():
        system = _system(row)
        if (system.role, system.host, system.address) in systems:
            raise row.children()["host"].error(f"{shown(system.host)} is here twice as {system.role}")
        systems[system.role, system.host, system.address] = system
    return tuple(systems.values())


def _system(node: Node) -> SystemSpec:
    keys = node.table(SYSTEM.names, needed=("role", "host"))
    role, host = keys["role"].word(roles(), "role"), keys["host"].read(parse_host)
    if "proxy" in keys and role != CLOUD:
        raise keys["proxy"].error(f'only what has role = "{CLOUD}" is asked through a proxy')
    address = keys["address"].read(parse_address) if "address" in keys else None
    return SystemSpec(
        role=role,
        host=host,
        address=address or (host if is_address(host) else None),
        port=keys["port"].whole(1, 65535) if "port" in keys else None,
        proxy=keys["proxy"].read(parse_proxy) if "proxy" in keys else None,
    )


def parse_system(text: str) -> SystemSpec:
    """`mim=mim1.contoso.com`, as the command line gives it. Raises ConfigError."""
    role, equals, host = text.strip().partition("=")
    if not equals or role not in roles():
        known = nearest(role, roles())
        raise ConfigError(f"{shown(text)} is no ROLE=HOST{known}")
    parsed = parse_host(host.strip("[]"))
    return SystemSpec(role, parsed, parsed if is_address(parsed) else None)
