"""The services of services.toml as values: their ports, what they are for, and what proves that a host offers them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from portcheck.catalogue.kept import read
from portcheck.frozen import dataclass

TRANSPORTS = ("tcp", "udp")

GENERIC = frozenset(TRANSPORTS)
"""Not in services.toml: `tcp` and `udp` stand for a port that has no protocol of its own here."""


@dataclass(frozen=True, slots=True)
class Service:
    """One row of services.toml."""

    name: str
    ports: Mapping[str, int | None]  # transport -> port; None: the endpoint mapper tells
    title: str
    purpose: str
    role: str  # what proves that a host offers it: dc, gc, dns, time, adws, or unproven
    probe: str  # the file in probes/ that asks it; where the row names none, its own name
    short: str = ""  # the heading of its column where there is no room for its name
    finding: str = ""  # of the rule that tells of its block, where it has one of its own
    interface: str | None = None  # UUID of the RPC interface behind the mapper
    version: int | None = None  # its major version

    @property
    def plainly(self) -> str:
        """The code that tells of its block where no known fault hangs on it; empty: a rule of its own does."""
        return "" if self.finding else f"{self.name}-blocked"

    @property
    def dynamic(self) -> bool:
        return None in self.ports.values()


@cache
def services() -> Mapping[str, Service]:
    """All of them by name, in the order of the file."""
    return MappingProxyType({name: _service(name, row) for name, row in read("services.toml").items()})


def known(service: str, transport: str) -> bool:
    """Whether a row may name this pair: `kpasswd`, `udp`; also the generic `tcp`, `tcp`."""
    if service in GENERIC:
        return transport == service
    return service in services() and transport in services()[service].ports


def _service(name: str, row: Mapping[str, str | int]) -> Service:
    version = row.get("version")
    return Service(
        name=name,
        ports=MappingProxyType({t: _port(row[t]) for t in TRANSPORTS if t in row}),
        title=str(row["title"]),
        purpose=str(row["purpose"]),
        role=str(row["role"]),
        probe=str(row.get("probe", name.replace("-", "_"))),
        short=str(row.get("short", "")),
        finding=str(row.get("finding", "")),
        interface=str(row["interface"]) if "interface" in row else None,
        version=version if isinstance(version, int) else None,
    )


def _port(value: str | int) -> int | None:
    return value if isinstance(value, int) else None
