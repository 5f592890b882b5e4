"""Records of DNS: SRV records that are missing, stale or odd, and names that lead nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address

from portcheck.diagnose import answers
from portcheck.diagnose.answers import of_the_forest
from portcheck.diagnose.answers import targets as srv_targets
from portcheck.diagnose.leads import misled
from portcheck.diagnose.phrases import short_hosts, some
from portcheck.diagnose.reader import name, printable
from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.rules.beyond import looked_up_beyond
from portcheck.diagnose.rules.names import FAMILIES, said_no
from portcheck.diagnose.rules.unsteady import unsteady
from portcheck.diagnose.view import NOT_ASKED, Endpoint, ForestFacts, endpoint, grouped
from portcheck.model import BLOCKED, FAULTY, GOOD, Severity, State
from portcheck.model.readings import nobody_there

TOLD_BY_PING = "the LDAP ping"
NAME_SERVERS = frozenset({"dns-server", "resolver"})
"""Where a host is known from that is asked for names alone: where there is no other, no controller was asked."""


def _other_port(f: ForestFacts) -> Proof | None:
    """SRV records that name another port than the one that was asked, which is where Windows always goes."""
    seen = {}
    ports = grouped(((name(o.check.host), o.check.service), o.check.port) for o in f.outcomes)
    for lookup in f.lookups("SRV"):
        service = next((known for prefix, known in PREFIXES.items() if lookup.name.startswith(prefix)), None)
        for row in lookup.srv if service else ():
            asked = set(ports.get((name(row.host), service or ""), ()))
            if asked and row.port is not None and row.port not in asked | {USUAL[service or ""]}:
                seen[f"{printable(lookup.name)} names port {row.port} of {printable(row.host)}"] = row.host
    if not seen:
        return None
    told = some(seen, 3, "more records")
    return Proof(seen=(told,), hosts=tuple(dict.fromkeys(seen.values())), severity=Severity.WARNING)


PREFIXES = {"_ldap._tcp.": "ldap", "_kerberos._tcp.": "kerberos", "_kpasswd._tcp.": "kpasswd", "_gc._tcp.": "gc"}
USUAL = {"ldap": 389, "kerberos": 88, "kpasswd": 464, "gc": 3268}


def _srv_stale(f: ForestFacts) -> Proof | None:
    """A target without an address, with this machine's, or with one at which the last router finds nobody."""
    if answers.stripped(f) or answers.sunk(f) or answers.wildcard(f) or bool(f.once(misled)):
        return None
    known = {name(dc.host) for dc in f.forest.domain_controllers if dc.address}
    listed_dcs = [dc.host for dc in f.forest.domain_controllers if dc.source == "srv"]
    unlisted = [host for host in _srv_hosts(f) if _denied_wholly(f, host)]
    named = [host for host in [*listed_dcs, *unlisted] if name(host) not in known and not _untold(f, host)]
    named = [host for host in named if not looked_up_beyond(f, host)]
    nowhere = [host for host in named if not _only_family(f, host) and not f.once(unsteady)]
    nameless = tuple(o for o in f.seen(State.UNRESOLVED) if o.check.host in nowhere)
    places = f.by_endpoint if f.answered() else ()
    empty = [where for where in places if f.faults_at(where) and _nobody_there(f, where)]
    ours = [where for where in _at_this_machine(f) if _source(f, where.host) == "srv"]
    targets = tuple(dict.fromkeys([*nowhere, *(where.host for where in (*empty, *ours))]))
    if not targets:
        return None
    seen = (
        *(_addressless(f, host) for host in dict.fromkeys(nowhere)),
        *(f"the last router finds nobody at {where.address} ({printable(where.host)})" for where in empty),
        *(_ourselves(where) for where in ours),
    )
    follows = tuple(o for where in (*empty, *ours) for o in f.faults_at(where))
    grave = not any(endpoint(o) not in ours for o in f.answered() if o.check.service != "dns")
    severity = Severity.ERROR if grave else Severity.WARNING
    proven = all(_no_address_of_its_own(f, host) for host in nowhere)
    words = {
        "what": f"DNS names controllers that are not there: {short_hosts(targets, f)}"
        if proven or len(nowhere) < len(targets)
        else f"DNS names controllers and gives no address of them: {short_hosts(targets, f)}",
        "ask": _about_stale(f, [host for host in targets if host in nowhere], targets),
        "ours": OURS if any("this machine" in one for one in seen) else "",
    }
    return Proof(nameless, hosts=targets, seen=seen, brief=True, severity=severity, follows=follows, words=words)


def _about_stale(f: ForestFacts, nowhere: Sequence[str], hosts: Sequence[str]) -> str:
    """Only the forest's own server can say that there is no address, or that the record is still there."""
    names = some(map(printable, hosts))
    if all(_doubled(f, host) for host in hosts):
        meant = some(printable(host.removesuffix(f".{f.forest.name}")) for host in hosts)
        return f"Ask who keeps the SRV record that names {names}: {TWICE}. It may be that {meant} is meant"
    if all(_no_address_of_its_own(f, host) for host in nowhere) and _own_records(f, hosts):
        return (
            f"Ask the AD team: if {names} was retired, remove its SRV records and its metadata; if not, register its"
            " address"
        )
    return (
        f"Ask one of the forest's own DNS servers (--dns) before anything is changed: only they say whether {names} is"
        " still meant to be there. If they give its address, the server that was asked here keeps it back or is behind"
    )


def _doubled(f: ForestFacts, host: str) -> bool:
    """dc1.alpha.test.alpha.test"""
    return name(host).endswith(f".{f.forest.name}.{f.forest.name}")


OURS = " An address of this machine comes from a block list of the DNS server, or from the hosts file."
TWICE = "it has the domain's name twice, as where the dot at its end was left out in a zone file"


def _no_address_of_its_own(f: ForestFacts, host: str) -> bool:
    return any(of_the_forest(f, x) and not x.answers for x in f.asked_for_addresses(host))


def _own_records(f: ForestFacts, hosts: Sequence[str]) -> bool:
    """The forest's own server gives the record that names each of them."""
    given = {name(host) for x in f.lookups("SRV") if of_the_forest(f, x) for host in srv_targets(x)}
    return all(name(host) in given for host in hosts)


def _srv_hosts(f: ForestFacts) -> tuple[str, ...]:
    return tuple(dict.fromkeys(host for lookup in f.lookups("SRV") for host in srv_targets(lookup)))


def _denied_wholly(f: ForestFacts, host: str) -> bool:
    """Its addresses were asked for, and there are none."""
    asked = f.asked_for_addresses(host)
    return bool(asked) and all(lookup.status in {"nxdomain", "nodata"} for lookup in asked)


def _source(f: ForestFacts, host: str) -> str:
    dc = f.controller(host)
    return "" if dc is None else dc.source


def _at_this_machine(f: ForestFacts) -> list[Endpoint]:
    """DNS gives a loopback address (a block list, a sinkhole), and no controller answers there."""
    given = {address for lookup in f.lookups(*FAMILIES) for address in lookup.answers}
    found = [where for where in f.by_endpoint if where.address in given and _is_loopback(where.address)]
    return [
        where for where in found if f.faults_at(where) and not any(o.state in GOOD for o in f.at(where, *DIRECTORY))
    ]


DIRECTORY = ("ldap", "ldaps", "gc", "gc-tls", "kerberos", "kpasswd", "ldap-ping")


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _ourselves(where: Endpoint) -> str:
    return f"{printable(where.host)} has the address {where.address}, which is this machine itself"


def _addressless(f: ForestFacts, host: str) -> str:
    """What DNS gives may be no address of anybody (0.0.0.0), or this machine's, which is not asked on DNS's word."""
    given = dict.fromkeys(printable(a) for lookup in f.asked_for_addresses(host) for a in lookup.answers)
    if given:
        whose = "this machine itself" if all(map(_is_loopback, given)) else "nobody's"
        return f"{printable(host)} has the address {some(given)}, which is {whose}"
    return f"{printable(host)} has no address"


def _only_family(f: ForestFacts, host: str) -> str | None:
    """The name exists, and it is this family of which it has no address: it has, or may have, the other."""
    asked = f.asked_for_addresses(host)
    given = {lookup.record for lookup in asked if lookup.status == "ok"}
    lacking = {lookup.record for lookup in asked if lookup.status == "nodata"}
    unusable = any("address_given" in o.facts for o in f.by_host.get(host, ()))
    if unusable or len(lacking) != 1 or given & lacking or {lookup.status for lookup in asked} - {"ok", "nodata"}:
        return None
    return FAMILIES[lacking.pop()]


def _untold(f: ForestFacts, host: str) -> bool:
    """Whether it has an address is not known: nobody answered that question, or with an error code only."""
    asked = f.asked_for_addresses(host)
    unknown = any(lookup.required and lookup.status not in SETTLED for lookup in asked)
    return unknown and not any(lookup.answers for lookup in asked)


SETTLED = frozenset({"ok", "nxdomain", "nodata", "yxdomain"})
"""Whether there is an address is known then."""


def _nobody_there(f: ForestFacts, where: Endpoint) -> bool:
    """Nor anywhere else: a host with one address too many is there."""
    blocked = all(o.state in BLOCKED for o in f.asked(where)) and any(o.verdict in FAULTY for o in f.asked(where))
    elsewhere = any(o.state not in BLOCKED | NOT_ASKED for o in f.by_host.get(where.host, ()))
    if _source(f, where.host) != "srv" or not blocked or elsewhere:
        return False
    said = [nobody_there(o) for o in f.asked(where) if o.state is State.UNREACHABLE]
    return bool(said) and all(said)


def _unresolved(f: ForestFacts) -> Proof | None:
    proof = f.seen(State.UNRESOLVED)
    asked = {o.check.host for o in f.outcomes}
    known = {dc.host for dc in f.forest.domain_controllers if dc.address}
    silent = [
        dc.host
        for dc in f.forest.domain_controllers
        if dc.address is None and dc.source != "srv" and dc.host not in asked | known
    ]
    ours = [where for where in _at_this_machine(f) if _source(f, where.host) != "srv"]
    late = _told_too_late(f)
    silent.extend(late)
    hosts = tuple(dict.fromkeys([*(o.check.host for o in proof), *silent, *(where.host for where in ours)]))
    nowhere = [host for host in hosts if host not in {where.host for where in ours}]
    if not hosts:
        return None
    seen = (*(_without(f, host) for host in nowhere), *map(_ourselves, ours))
    follows = tuple(o for where in ours for o in f.faults_at(where))
    words = _not_told(f, hosts) if all(_untold(f, h) or h in late for h in hosts) else _no_address(f, hosts)
    severity = None if proof and not ours else Severity.ERROR
    return Proof(proof, hosts=hosts, seen=seen, brief=True, severity=severity, words=words, follows=follows)


def _told_too_late(f: ForestFacts) -> tuple[str, ...]:
    """Named by a record that came when nobody was to be asked any more: no host but name servers was."""
    asked = {dc.source for dc in f.forest.domain_controllers}
    return _srv_hosts(f) if asked and asked <= NAME_SERVERS and not f.troubled else ()


def _without(f: ForestFacts, host: str) -> str:
    if host in _told_too_late(f):
        return f"{printable(host)} was named only when it was asked for again, too late for this run"
    if codes := _error_codes(f, host):
        return f"{', '.join(codes)} to the question for the address of {printable(host)}"
    if _untold(f, host):
        return f"the question for the address of {printable(host)} was never answered"
    family = _address(f, [host])
    return _addressless(f, host) if family == "address" else f"{printable(host)} has no {family}"


def _no_address(f: ForestFacts, hosts: Sequence[str]) -> dict[str, str]:
    family, names = _address(f, hosts), some(map(printable, hosts))
    record = "AAAA" if family.startswith("IPv6") else "A"
    return {
        "what": f"the name of {short_hosts(hosts, f)} has no {family}",
        "why": f"The forests file, the command line or DNS names this host, and DNS has no {family} for it that leads"
        " anywhere",
        "ask": f"Correct the name, or ask the DNS team for a record of type {record} for {names}",
    }


def _error_codes(f: ForestFacts, host: str) -> tuple[str, ...]:
    """What a server said that is neither an address nor that there is none, and who."""
    asked = f.asked_for_addresses(host) if _untold(f, host) else ()
    told = ((x, said_no(x)) for x in asked if x.required and x.status not in SETTLED)
    return tuple(dict.fromkeys(f"{answers.speaker(x)} said {said}" for x, said in told if said))


def _not_told(f: ForestFacts, hosts: Sequence[str]) -> dict[str, str]:
    names = some(map(printable, hosts))
    if all(_error_codes(f, host) for host in hosts):
        return {
            "what": f"DNS does not tell the address of {names}",
            "why": "The name server answered with an error code: that says neither that there is an address nor that"
            " there is none. Whether the host can be reached is not known",
            "ask": f"Ask whoever runs that name server why it cannot tell the address of {names} (whom it asks for it,"
            " and whether it may answer this machine), or ask the forest's own DNS servers (--dns)",
        }
    return {
        "what": f"DNS does not tell the address of {names}",
        "why": "Other questions to DNS were answered, and these not: the path to its server loses packets or lets only"
        " so many new connections pass, or the server itself waits for another one. Whether the host can be reached is"
        " not known",
        "ask": f"Run it again; if it stays, ask the DNS team who answers for {names}, or give the address in the"
        " forests file",
    }


def _address(f: ForestFacts, hosts: Sequence[str]) -> str:
    families = {_only_family(f, host) for host in hosts}
    family = families.pop() if len(families) == 1 else None
    return f"{family} address" if family else "address"


RECORDS = (
    Rule(
        code="srv-stale",
        title="{forest}: {what}",
        explanation=(
            "An SRV record points at a host without an address, at an address where the last router finds nobody, or at"
            " this machine itself."
            " Windows tries such a controller like any other and loses time, or fails."
        ),
        fix="{ask}.{ours}",
        when=_srv_stale,
    ),
    Rule(
        code="srv-port-differs",
        title="{forest}: SRV records name other ports than were asked of {hosts}",
        explanation=(
            "Windows goes to the usual ports whatever the records say; clients that follow them (MIT and Heimdal"
            " Kerberos, SSSD) go to others, and those were not asked."
        ),
        fix="Ask the AD team who registered these records; where the port is right, name it as `ports` in the forests"
        " file, so that it is asked.",
        at_most=Severity.WARNING,
        when=_other_port,
        beside=True,
    ),
    Rule(
        code="dc-unresolved",
        title="{forest}: {what}",
        explanation="{why}.",
        fix="{ask}.",
        when=_unresolved,
    ),
)
