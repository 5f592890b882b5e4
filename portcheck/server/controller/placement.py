"""On which dynamic ports RPC's interfaces live: each manner has its own habit, and an administrator may pin two."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from portcheck.catalogue.services import services

Placement = Mapping[str, tuple[str, ...]]
"""Interface (`rpc-samr`) to the services of its ports, in the order in which the mapper names them."""

FIRST, SECOND, THIRD, FOURTH = (f"rpc-dynamic-{number}/tcp" for number in range(1, 5))
ANY = "rpc-dynamic/tcp"
"""Stands for all of them where a misbehaviour is named."""

# measured on Samba 4.17: netlogon and samr have processes of their own, the rest share one
SAMBA: Placement = MappingProxyType(
    {"rpc-netlogon": (FIRST,), "rpc-lsarpc": (SECOND,), "rpc-drsuapi": (SECOND,), "rpc-samr": (THIRD,)}
)
# VERIFIED (recordings of Windows Server 2019 and newer): lsass serves all four on the same two ports, and the mapper
# names both, the higher first; asked for ncacn_ip_tcp it names neither its pipes nor its HTTP port
WINDOWS: Placement = MappingProxyType(dict.fromkeys(SAMBA, (SECOND, FIRST)))
# DOCUMENTED ("restrict AD RPC traffic to a specific port"): NTDS' "TCP/IP Port" and Netlogon's DCTcpipPort are two
# registry values, and pin these two only
PINNED: Placement = MappingProxyType(dict(WINDOWS) | {"rpc-drsuapi": (THIRD,), "rpc-netlogon": (FOURTH,)})


def ports_of(placement: Placement) -> tuple[str, ...]:
    """The services of all dynamic ports, each once."""
    return tuple(sorted({port for ports in placement.values() for port in ports}))


def living_at(placement: Placement, port: str) -> tuple[str, ...]:
    """The interfaces that take binds there."""
    return tuple(interface for interface, ports in placement.items() if port in ports)


def named(uuid: str) -> str | None:
    """The interface of this UUID; None for one that nobody here has."""
    return next((name for name, service in services().items() if service.interface == uuid), None)
