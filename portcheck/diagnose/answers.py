"""What may be concluded from answers of DNS: who said it, is it the forest's own word, and what is amiss there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_address

from portcheck.diagnose.phrases import some
from portcheck.diagnose.reader import name, printable
from portcheck.diagnose.view import ForestFacts
from portcheck.model import GOOD, Lookup

SYSTEM = "system"
BESIDE_DNS = "system (hosts)"
"""What this machine's own resolution gave where DNS gave nothing."""
ADDRESSES = ("A", "AAAA")
NO_ADDRESS = frozenset({"nxdomain", "nodata", "refused", "servfail", "formerr", "notimp"})
DIRECTORY = frozenset({"ldap", "ldaps", "gc", "gc-tls", "kerberos", "kpasswd", "ldap-ping"})


def server_named(server: str) -> str:
    if server == BESIDE_DNS:
        return "this machine's own resolution (hosts file, cache, another server of the list)"
    return "this machine's own resolver" if server == SYSTEM else f"DNS server {printable(server)}"


def speaker(lookup: Lookup) -> str:
    """Who said it: of several that are asked in turn, the one that answered."""
    who = printable(lookup.answered_from)
    if lookup.server == SYSTEM:
        return f"{server_named(SYSTEM)} ({who})" if who else server_named(SYSTEM)
    if ", " in lookup.server:
        asked = [printable(server) for server in lookup.server.split(", ")]
        return f"DNS server {who}" if who else f"one of the DNS servers {some(asked)}"
    return server_named(lookup.server)


def main(f: ForestFacts) -> str:
    """The label of those who were asked first: whose answers the run, and clients set up alike, go by."""
    asked = [lookup for lookup in f.forest.lookups if lookup.record == "SRV"]
    return next((x.server for needed in (True, False) for x in asked if x.required is needed), "")


def targets(lookup: Lookup) -> list[str]:
    """The hosts of an SRV answer; `.` means that there is no such service (RFC 2782)."""
    return [row.host for row in lookup.srv if row.offered]


def believes_wrong(f: ForestFacts) -> bool:
    """What clients set up as this run find is not enough: a needed record that others give."""
    label = main(f)
    given = {name(x.name) for x in f.lookups("SRV") if targets(x)}
    mine = [x for x in f.lookups("SRV") if x.server == label and x.required]
    said_nothing = {"timeout", "unreachable", "truncated"}
    denied = (x for x in mine if not targets(x) and x.status not in said_nothing and not x.status.startswith("error"))
    return any(name(x.name) in given for x in denied)


def own_servers(f: ForestFacts) -> frozenset[str]:
    """Addresses at which a controller of this forest was heard in a directory's protocol."""
    spoke = {o.check.address for o in f.outcomes if o.state in GOOD and o.check.service in DIRECTORY}
    return frozenset(address for address in spoke if address) - f.foreign


def of_the_forest(f: ForestFacts, lookup: Lookup) -> bool:
    """The forest's own server said it, of its own zone: the only word on what records there are."""
    who = lookup.answered_from or lookup.server
    serving = {dc.address for dc in f.forest.domain_controllers if "dns" in dc.roles}
    its_own = lookup.authoritative if lookup.authoritative is not None else who in serving
    return its_own and who in own_servers(f) and not intercepted(f)


def holds_records(f: ForestFacts, hosts: Iterable[str]) -> bool:
    """The forest's own server gives a record that names each of these: only then can it be one too many."""
    own = [x for x in f.lookups() if x.answers and of_the_forest(f, x)]
    given = {name(host) for x in own if x.record == "SRV" for host in targets(x)}
    given |= {name(x.name) for x in own if x.record in ADDRESSES}
    return all(name(host) in given for host in hosts)


def intercepted(f: ForestFacts) -> Mapping[str, object]:
    """What showed that somebody answers in the servers' place; empty: nothing did."""
    return _told(f, "dns_intercepted")


def wildcard(f: ForestFacts) -> tuple[str, ...]:
    """The addresses that DNS gives for a name that nobody has, and for the controllers too."""
    told = _told(f, "wildcard").get("addresses")
    return tuple(str(address) for address in told) if isinstance(told, list) else ()


def wildcard_server(f: ForestFacts) -> str:
    return str(_told(f, "wildcard").get("server") or "")


def _told(f: ForestFacts, key: str) -> Mapping[str, object]:
    told = f.forest.facts.get(key)
    return told if isinstance(told, dict) else {}


def stripped(f: ForestFacts) -> tuple[str, ...]:
    """The hosts of SRV records, where whoever gave those gives no address of any host, nor of the domain itself.

    Where one family alone was asked for, the hosts may well have the other.
    """
    label = main(f)
    records = [x for x in f.lookups("SRV") if x.server == label]
    hosts = tuple(dict.fromkeys(host for lookup in records for host in targets(lookup)))
    asked = [x for x in f.lookups(*ADDRESSES) if x.server == label]
    known = {name(host) for host in hosts}
    of_hosts = [x for x in asked if name(x.name) in known]
    of_domain = [x for x in asked if name(x.name) == name(f.forest.name)]
    nothing = all(not x.answers and x.status in NO_ADDRESS for x in (*of_hosts, *of_domain))
    if not hosts or not nothing or known != {name(x.name) for x in of_hosts} or _lets_some_through(f, label):
        return ()
    if {x.record for x in of_hosts} != set(ADDRESSES):
        return ()
    own_word = any(of_the_forest(f, x) for x in of_hosts)
    return hosts if (of_domain or len(hosts) > 1) and not own_word else ()


def _lets_some_through(f: ForestFacts, label: str) -> bool:
    """The same server gives a private address somewhere, in another forest of the run."""
    told = (x for forest in f.report.forests for x in forest.lookups if x.server == label and x.record in ADDRESSES)
    return any(_private(address) for lookup in told for address in lookup.answers)


def sunk(f: ForestFacts) -> tuple[Lookup, ...]:
    """The answers of who was asked first, where they lead every controller and the domain to nobody (0.0.0.0), or to
    this machine itself; empty where it or another server gives one address that is somebody's, or the forest says so.

    Of a single host it may be the record; block lists and sinkholes take a domain with all its names.
    """
    label, given = main(f), [x for x in f.lookups(*ADDRESSES) if x.answers and x.server != BESIDE_DNS]
    if not given or any(not nobodys(address) for x in given for address in x.answers):
        return ()
    mine = tuple(x for x in given if x.server == label)
    named = {name(host) for x in f.lookups("SRV") if x.server == label for host in targets(x)}
    whole = {name(f.forest.name), *named} <= {name(x.name) for x in mine}
    return mine if whole and not any(of_the_forest(f, x) for x in mine) else ()


def nobodys(address: str) -> bool:
    """0.0.0.0, or this machine's own."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return parsed.is_unspecified or parsed.is_loopback


def _private(address: str) -> bool:
    try:
        return ip_address(address).is_private
    except ValueError:
        return False
