"""Through which port, and covered how, an account may sign in to a host: what is blocked is not tried again."""

from __future__ import annotations

from collections.abc import Iterable

from portcheck.asking.knowledge import HostState
from portcheck.config import ForestSpec
from portcheck.model import GOOD, Outcome
from portcheck.model.credentials import Method
from portcheck.net.ldap.connection import Cover, LdapConnection

PORTS = {"ldaps": 636, "ldap": 389}
SERVICE = {Cover.TLS: "ldaps", Cover.START_TLS: "ldap", Cover.NONE: "ldap"}
ORDER = {
    Method.SIMPLE: (Cover.TLS, Cover.START_TLS),  # the password itself: nowhere else
    Method.NTLM: (Cover.TLS, Cover.START_TLS),  # who gets a proof can try passwords on it
    Method.KERBEROS: (Cover.NONE, Cover.TLS),  # signed and sealed on 389, as Windows does it
}
NAMED = frozenset({"explicit", "argument"})


def doors(
    host: HostState, forest: ForestSpec, method: Method, seen: Iterable[Outcome], source_ip: str | None
) -> list[LdapConnection]:
    """In the order to try them; none where all of them are known to be closed."""
    assert host.place.address is not None
    states = {o.check.service: o.state for o in seen}
    found = []
    for cover in ORDER[method]:
        service = SERVICE[cover]
        if service not in states or states[service] in GOOD:
            port = forest.ports.get(service, PORTS[service])
            found.append(LdapConnection(host.place.host, host.place.address, port, cover, forest.ca_file, source_ip))
    return found


def closed(method: Method, forest: ForestSpec) -> str:
    """The ports of a method, for saying that none of them answers."""
    services = dict.fromkeys(SERVICE[cover] for cover in ORDER[method])
    return " and ".join(f"{forest.ports.get(service, PORTS[service])}/tcp" for service in services)


def belongs(host: HostState, forest: ForestSpec) -> bool:
    """The user named the host, or its name lies in the forest: a record could lead credentials anywhere else."""
    name = host.place.host
    if host.place.source in NAMED or any(dc.host == name for dc in forest.domain_controllers):
        return True
    return any(name == domain or name.endswith(f".{domain}") for domain in (forest.name, *forest.domains))
