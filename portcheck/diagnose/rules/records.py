"""Records of DNS: SRV records that are missing, stale or odd, and names that lead nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address

from portcheck.diagnose.phrases import listed, nobody_there, short_hosts, some
from portcheck.diagnose.reader import name, printable
from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.rules.names import (
    FAMILIES,
    SAID_NO,
    SERVFAIL,
    TIMEOUT,
    UNHEARD,
    answers_checks,
    said_no,
    server_named,
    silent_servers,
    srv_targets,
)
from portcheck.diagnose.view import FAULTY, NOT_ASKED, Endpoint, ForestFacts, endpoint, grouped
from portcheck.model import BLOCKED, GOOD, Lookup, Severity, State


def _srv_missing(f: ForestFacts) -> Proof | None:
    srv = f.lookups("SRV")
    found = {name(lookup.name) for lookup in srv if lookup.status == "ok" and srv_targets(lookup)}
    told = [lookup for lookup in srv if lookup.server not in silent_servers(f)]
    named = f.forest.facts.get("own_site_from") != TOLD_BY_PING  # else it is site-uncovered, if anything
    wanted = [asked for asked in told if asked.required or (SITES in asked.name and named)]
    gone = [asked for asked in wanted if said_no(asked) and name(asked.name) not in found]
    if not gone and not found:
        gone = [asked for asked in told if asked.required and asked.status == TIMEOUT and answers_checks(f, asked)]
    if not gone:
        return None
    by_status: dict[str, list[str]] = {}
    for lookup in gone:
        said = f"{_speaker(lookup.server)} said {said_no(lookup) or SAID_NO[TIMEOUT]}"
        by_status.setdefault(said, []).append(lookup.name)
    seen = tuple(f"{some(map(printable, names))}: {said}" for said, names in by_status.items())
    records = tuple(dict.fromkeys(printable(lookup.name) for lookup in gone))
    words = {"records": listed(records), "brief": some(records, 2, "more SRV records"), "ask": _whom_to_ask(f, gone)}
    severity = Severity.ERROR if any(lookup.required for lookup in gone) else Severity.WARNING
    return Proof(seen=seen, severity=severity, words=words)


SITES = "._sites."
TOLD_BY_PING = "the LDAP ping"


def _speaker(server: str) -> str:
    """Of several that are asked in turn, the first that answers is believed."""
    return (
        f"one of the DNS servers {listed(map(printable, server.split(', ')))}"
        if ", " in server
        else server_named(server)
    )


def _whom_to_ask(f: ForestFacts, gone: list[Lookup]) -> str:
    own, statuses = printable(f.forest.name), {lookup.status for lookup in gone}
    who = some(dict.fromkeys(_speaker(lookup.server) for lookup in gone))
    if statuses == {"refused"}:
        return (
            f"Ask whoever runs {who} to answer this machine about {own}; or name the forest's own DNS servers instead"
        )
    if statuses == {SERVFAIL}:
        return (
            f"Ask whoever runs {who}: which servers does it forward {own} to, do they live, and is tcp+udp 53 from it"
            " to them allowed"
        )
    records = listed(dict.fromkeys(printable(lookup.name) for lookup in gone))
    if all(SITES in lookup.name for lookup in gone):
        return f"Correct the name of the site, or ask the AD team which controllers are to register {records}"
    unknown = any(name(lookup.name) == name(f.forest.name) and lookup.status == "nxdomain" for lookup in f.lookups())
    check = f"Check the name first: DNS knows no {own} at all. If it is right, ask" if unknown else "Ask"
    return (
        f"{check} the DNS team: forward {own} to its own DNS servers; ask the AD team: restart Netlogon on the"
        f" controllers so that they register {records}"
    )


def _other_port(f: ForestFacts) -> Proof | None:
    """SRV records that name another port than the one that was asked, which is where Windows always goes."""
    seen = {}
    ports = grouped(((name(o.check.host), o.check.service), o.check.port) for o in f.outcomes)
    for lookup in f.lookups("SRV"):
        service = next((known for prefix, known in PREFIXES.items() if lookup.name.startswith(prefix)), None)
        for answer in lookup.answers if service else ():
            *_, port, host = answer.split(" ") if answer.count(" ") == 3 else ("", "", "", "")
            asked = set(ports.get((name(host), service or ""), ()))
            if asked and port.isdecimal() and int(port) not in asked | {USUAL[service or ""]}:
                seen[f"{printable(lookup.name)} names port {port} of {printable(host)}"] = host
    if not seen:
        return None
    told = some(seen, 3, "more records")
    return Proof(seen=(told,), hosts=tuple(dict.fromkeys(seen.values())), severity=Severity.WARNING)


PREFIXES = {"_ldap._tcp.": "ldap", "_kerberos._tcp.": "kerberos", "_kpasswd._tcp.": "kpasswd", "_gc._tcp.": "gc"}
USUAL = {"ldap": 389, "kerberos": 88, "kpasswd": 464, "gc": 3268}


def _srv_stale(f: ForestFacts) -> Proof | None:
    """A target without an address, with this machine's, or with one at which the last router finds nobody."""
    known = {name(dc.host) for dc in f.forest.domain_controllers if dc.address}
    listed_dcs = [dc.host for dc in f.forest.domain_controllers if dc.source == "srv"]
    unlisted = [host for host in _srv_hosts(f) if _denied_wholly(f, host)]
    named = [host for host in [*listed_dcs, *unlisted] if name(host) not in known and not _untold(f, host)]
    nowhere = [host for host in named if not _only_family(f, host)]
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
    return Proof(nameless, hosts=targets, seen=seen, brief=True, severity=severity, follows=follows)


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
    """What DNS gives may be no address of anybody: 0.0.0.0."""
    given = dict.fromkeys(printable(a) for lookup in f.asked_for_addresses(host) for a in lookup.answers)
    if given:
        return f"{printable(host)} has the address {some(given)}, which is nobody's"
    return f"{printable(host)} has no address"


def _only_family(f: ForestFacts, host: str) -> str | None:
    """The name exists, and only addresses of this family were asked for: it may have others."""
    asked = f.asked_for_addresses(host)
    records = {lookup.record for lookup in asked}
    if len(records) != 1 or any(lookup.status != "nodata" for lookup in asked):
        return None
    return FAMILIES[records.pop()]


def _untold(f: ForestFacts, host: str) -> bool:
    """Whether it has an address is not known: nobody answered that question."""
    return any(lookup.required and lookup.status in UNHEARD for lookup in f.asked_for_addresses(host))


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
    hosts = tuple(dict.fromkeys([*(o.check.host for o in proof), *silent, *(where.host for where in ours)]))
    nowhere = [host for host in hosts if host not in {where.host for where in ours}]
    if not hosts:
        return None
    seen = (*(_without(f, host) for host in nowhere), *map(_ourselves, ours))
    follows = tuple(o for where in ours for o in f.faults_at(where))
    words = _not_told(hosts) if all(_untold(f, host) for host in hosts) else _no_address(f, hosts)
    severity = None if proof and not ours else Severity.ERROR
    return Proof(proof, hosts=hosts, seen=seen, brief=True, severity=severity, words=words, follows=follows)


def _without(f: ForestFacts, host: str) -> str:
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


def _not_told(hosts: Sequence[str]) -> dict[str, str]:
    names = some(map(printable, hosts))
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
        code="srv-missing",
        title="{forest}: DNS does not give {brief}",
        explanation=(
            "Windows finds controllers by these SRV records: {records}. DNS answered, so the path to its"
            " server is open, but it did not give them."
        ),
        fix="{ask}.",
        when=_srv_missing,
    ),
    Rule(
        code="srv-stale",
        title="{forest}: DNS names controllers that are not there: {hosts}",
        explanation=(
            "An SRV record points at a host without an address, at an address where the last router finds nobody, or at"
            " this machine itself."
            " Windows tries such a controller like any other and loses time, or fails."
        ),
        fix="Ask the AD team: if {names} was retired, remove its SRV records and its metadata; if not, register its"
        " address. An address of this machine comes from a block list of the DNS server, or from the hosts file.",
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
