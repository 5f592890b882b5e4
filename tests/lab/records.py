"""What goes wrong in DNS: records of a forest's own zones taken away, added or turned elsewhere, and put back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.lab.domain_controller import PASSWORD, DomainController

LOGIN = ("-U", f"Administrator%{PASSWORD}", "--use-kerberos=off")
SPARE_ADDRESS = 66
"""The last number of an address in each subnet at which no machine is."""


@contextmanager
def missing(dc: DomainController, name: str, record: str, data: str) -> Iterator[None]:
    """Take one record away: `missing(dc, "_gc._tcp", "SRV", srv(dc, 3268))`."""
    dns(dc, "delete", name, record, data)
    try:
        yield
    finally:
        dns(dc, "add", name, record, data)


@contextmanager
def added(dc: DomainController, name: str, record: str, data: str) -> Iterator[None]:
    """Add one record."""
    dns(dc, "add", name, record, data)
    try:
        yield
    finally:
        dns(dc, "delete", name, record, data)


def srv(dc: DomainController, port: int, host: str = "") -> str:
    """The data of an SRV record as `samba-tool dns` wants it: target, port, priority, weight."""
    return f"{host or dc.host} {port} 0 100"


@contextmanager
def missing_srv(dc: DomainController) -> Iterator[None]:
    """The record that lists the forest's DCs is gone; the forest's other names are as before."""
    with missing(dc, "_ldap._tcp.dc._msdcs", "SRV", srv(dc, 389)):
        yield


@contextmanager
def stale_dc(dc: DomainController, host: str = "old", *, with_address: bool = False) -> Iterator[str]:
    """A DC that was never cleaned up: still listed, but its name has no address, or one where nobody is."""
    fqdn = f"{host}.{dc.domain}"
    with ExitStack() as undo:
        if with_address:
            spare = dc.address.rpartition(".")[0] + f".{SPARE_ADDRESS}"
            undo.enter_context(added(dc, host, "A", spare))
        undo.enter_context(added(dc, "_ldap._tcp.dc._msdcs", "SRV", srv(dc, 389, fqdn)))
        yield fqdn


@contextmanager
def turned_to(dc: DomainController, other: DomainController) -> Iterator[None]:
    """The DC's name leads to another forest's DC."""
    host = dc.site.host
    with added(dc, host, "A", other.address), missing(dc, host, "A", dc.address):
        yield


@contextmanager
def published_ipv6(dc: DomainController) -> Iterator[None]:
    """The DC's IPv6 address is in DNS too."""
    with added(dc, dc.site.host, "AAAA", dc.address6):
        yield


def dns(dc: DomainController, verb: str, name: str, record: str, data: str) -> None:
    """Add or delete one record, without putting it back."""
    where, inner = dc.domain, name
    if name.endswith("._msdcs"):  # a zone of its own
        where, inner = f"_msdcs.{dc.domain}", name.removesuffix("._msdcs")
    dc.samba_tool("dns", verb, dc.address, where, inner, record, data, *LOGIN)


def zone(dc: DomainController, verb: str, name: str) -> None:
    """Create or delete a zone."""
    dc.samba_tool("dns", f"zone{verb}", dc.address, name, *LOGIN)


def in_zone(dc: DomainController, where: str, name: str, record: str, data: str) -> None:
    """Add a record in a zone of its own; it goes with the zone."""
    dc.samba_tool("dns", "add", dc.address, where, name, record, data, *LOGIN)
