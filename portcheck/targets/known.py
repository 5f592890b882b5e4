"""The places of a forest that are known without asking anybody: from the forests file, or from an earlier report."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from portcheck.config import ConfigError, ForestSpec, is_address, parse_host
from portcheck.model import Report
from portcheck.model.target import SWEPT, Target
from portcheck.targets.srv import domain_of, server_at


def from_file(forest: ForestSpec) -> tuple[Target, ...]:
    """Controllers with their addresses (None: only DNS knows), and name servers that are no known controllers."""
    places = []
    source = SWEPT if forest.swept else "explicit"
    for controller in forest.domain_controllers:
        address = controller.address or (controller.host if is_address(controller.host) else None)
        places.append(Target(controller.host, address, source, domain_of(controller.host, forest)))
    return (*places, *name_servers(forest, [place.address for place in places]))


def name_servers(forest: ForestSpec, taken: Collection[str | None]) -> tuple[Target, ...]:
    """Name servers of the file that are none of the controllers: only DNS is asked of them."""
    named = {server.host: server.port for server in forest.dns if is_address(server.host)}
    found = (server_at(host, port, forest.name) for host, port in named.items() if host not in taken)
    return tuple(replace(server, dns_only=True) for server in found)


def from_report(report: Report, forest: str) -> tuple[Target, ...]:
    """The hosts that an earlier run found for this forest. Raises ConfigError for what is no name."""
    controllers = (dc for told in report.forests if told.name == forest for dc in told.domain_controllers)
    return tuple(
        Target(
            _host(dc.host),
            dc.address,
            "report",
            _domain(dc.domain),
            dns_only=dc.source == "dns-server" and dc.host == dc.address,
        )
        for dc in controllers
        if dc.address is None or is_address(dc.address)
    )


def _host(name: str) -> str:
    try:
        return parse_host(name)
    except ConfigError as error:
        raise ConfigError(f"the report: {error}") from None


def _domain(name: str) -> str:
    return _host(name) if name else ""


def fits(address: str, families: Sequence[str]) -> bool:
    """Is the address of a wanted family?"""
    return ("AAAA" if ":" in address else "A") in families
