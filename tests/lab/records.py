"""What goes wrong in DNS: records of a forest's own zones taken away, added or turned elsewhere, and put back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.lab.domain_controller import PASSWORD, DomainController

SPARE_ADDRESS = 66
"""The last number of an address in each subnet at which no machine is."""


@contextmanager
def missing(dc: DomainController, name: str, record: str, data: str) -> Iterator[None]:
    """Take one record away: `missing(dc, "_gc._tcp", "SRV", srv(dc, 3268))`."""
    _dns(dc, "delete", name, record, data)
    try:
        yield
    finally:
        _dns(dc, "add", name, record, data)


@contextmanager
def added(dc: DomainController, name: str, record: str, data: str) -> Iterator[None]:
    """Add one record."""
    _dns(dc, "add", name, record, data)
    try:
        yield
    finally:
        _dns(dc, "delete", name, record, data)


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


def _dns(dc: DomainController, verb: str, name: str, record: str, data: str) -> None:
    zone, inner = dc.domain, name
    if name.endswith("._msdcs"):  # a zone of its own
        zone, inner = f"_msdcs.{dc.domain}", name.removesuffix("._msdcs")
    login = ("-U", f"Administrator%{PASSWORD}", "--use-kerberos=off")
    dc.samba_tool("dns", verb, dc.address, zone, inner, record, data, *login)
