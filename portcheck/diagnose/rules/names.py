"""DNS: nobody answers the questions, records are missing or stale, or it depends on whom one asks."""

from __future__ import annotations

from collections.abc import Sequence

from portcheck.diagnose.asking import allow, sources
from portcheck.diagnose.facts import Endpoint, ForestFacts, endpoint, endpoints, servers
from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.rules.reachability import ASK, blocked
from portcheck.diagnose.told import name, number, printable, text
from portcheck.diagnose.words import listed, short, some
from portcheck.model import GOOD, Lookup, Outcome, Severity, State

SAID_NO = {
    "nxdomain": "no such name",
    "nodata": "no such record",
    "servfail": "SERVFAIL: the server cannot get an answer itself",
    "refused": "REFUSED: the server does not answer this machine",
    "malformed": "what cannot be read as an answer",
    "timeout": "nothing in time, although it answers",
}
TIMEOUT = "timeout"
NOT_SAID = frozenset({"ok", TIMEOUT, "unreachable"})
ERROR = "error"  # and what this machine stumbled over
FAMILIES = {"A": "IPv4", "AAAA": "IPv6"}
SYSTEM = "system"
SERVFAIL = "servfail"
HOST_UNREACHABLE = ((3, 1), (1, 3))
"""ICMP: the last router finds nobody at this address (RFC 1812, 5.2.7.1; RFC 4443, 3.1)."""


# Servers that do not answer


def _dns_silent(f: ForestFacts) -> Proof | None:
    places = {where for o in f.blocked("dns/udp") if (where := endpoint(o)) and not f.hollow(where)}
    proof = tuple(o for o in f.blocked("dns") if endpoint(o) in places)
    dead = _silent_servers(f)
    if not proof and not dead:
        return None
    seen = tuple(f"{_server(server)} {_said_nothing(asked)}" for server, asked in dead.items())
    needed = any(lookup.required for asked in dead.values() for lookup in asked)
    severity = Severity.ERROR if needed and not _answered_elsewhere(f) else None if proof else Severity.WARNING
    told = _forwarding(f, dead[SYSTEM]) if set(dead) == {SYSTEM} and not proof else None
    if told is None:
        whom = some([short(o.check.host, f.forest.name) for o in proof] or map(_server, dead))
        ask = allow(f, proof) if proof else f"allow tcp+udp 53 from {some(sources(f, ())) or 'this machine'} to {whom}"
        told = {"what": f"DNS questions to {whom} are not answered", "ask": f"Ask the firewall team: {ask}"}
    follows = tuple(o for o in f.seen(State.UNRESOLVED) if not _denied(f, o.check.host)) if dead else ()
    return Proof(proof, f.beside(proof, "kerberos", "ldap"), seen=seen, severity=severity, words=told, follows=follows)


def _said_nothing(asked: list[Lookup]) -> str:
    if any(lookup.status == SERVFAIL for lookup in asked):
        return f"said {SAID_NO[SERVFAIL]}, to {len(asked)} questions about this forest"
    return f"answered none of {len(asked)} questions about this forest"


def _forwarding(f: ForestFacts, asked: list[Lookup]) -> dict[str, str] | None:
    """The system's resolver lives, and whom it asks about this forest does not answer it."""
    alive = dict.fromkeys(printable(o.check.address or "") for o in f.answered("dns") if _is_resolver(f, o))
    if not alive and not any(lookup.status == SERVFAIL for lookup in asked):
        return None
    who = f"this machine's resolver ({some(alive)})" if alive else "this machine's resolver"
    own = printable(f.forest.name)
    return {
        "what": f"{who} answers, but not about {own}",
        "ask": f"Ask whoever runs that resolver: which servers does it forward {own} to, do they live, and is"
        " tcp+udp 53 from it to them allowed",
    }


def _is_resolver(f: ForestFacts, o: Outcome) -> bool:
    dc = f.controller(o.check.host)
    return dc is not None and dc.source == "resolver"


def _server(server: str) -> str:
    return "this machine's own resolver" if server == SYSTEM else f"DNS server {printable(server)}"


def _silent_servers(f: ForestFacts) -> dict[str, list[Lookup]]:
    """Servers that answered no question, less those whose whole host is silent or that answer the DNS check."""
    by_server: dict[str, list[Lookup]] = {}
    for lookup in f.lookups():
        by_server.setdefault(lookup.server, []).append(lookup)
    return {
        server: asked
        for server, asked in by_server.items()
        if (all(lookup.status == TIMEOUT for lookup in asked) or _gets_none(server, asked))
        and not _known_by_checks(f, asked[0])
    }


def _gets_none(server: str, asked: list[Lookup]) -> bool:
    """The system's resolver lives, and cannot get at the forest's servers: that says nothing about records."""
    return server == SYSTEM and all(lookup.status in {TIMEOUT, SERVFAIL} for lookup in asked)


def _known_by_checks(f: ForestFacts, lookup: Lookup) -> bool:
    """The checks of the servers tell more than the lookups do."""
    checks = _checks(f, lookup)
    whole = any(o.check.id in f.explained for o in checks) or any(map(f.hollow, endpoints(checks)))
    return whole or _answers_checks(f, lookup)


def _answers_checks(f: ForestFacts, lookup: Lookup) -> bool:
    return any(o.check.service == "dns" and o.state in GOOD for o in _checks(f, lookup))


def _checks(f: ForestFacts, lookup: Lookup) -> list[Outcome]:
    """Of the servers that were asked."""
    addresses = servers(lookup)
    return [o for where in f.by_endpoint if where.address in addresses for o in f.at(where)]


def _answered_elsewhere(f: ForestFacts) -> bool:
    return any(lookup.status == "ok" for lookup in f.lookups())


def _denied(f: ForestFacts, host: str) -> bool:
    return any(name(lookup.name) == name(host) and _said_no(lookup) for lookup in f.lookups())


def _said_no(lookup: Lookup) -> bool:
    """A server answered, and gave nothing: by any code there is, or by the target that means so (RFC 2782)."""
    if lookup.record == "SRV" and lookup.status == "ok":
        return not _targets(lookup)
    return lookup.status not in NOT_SAID and not lookup.status.startswith(ERROR)


def _targets(lookup: Lookup) -> set[str]:
    return {answer.rpartition(" ")[2] for answer in lookup.answers} - {"", "."}


def _no(lookup: Lookup) -> str:
    if lookup.status == "ok":
        return "that there is no such service"
    return SAID_NO.get(lookup.status, f"{printable(lookup.status).upper()}: the server does not take the question")


# Records


def _srv_missing(f: ForestFacts) -> Proof | None:
    srv = f.lookups("SRV")
    found = {name(lookup.name) for lookup in srv if lookup.status == "ok" and _targets(lookup)}
    told = [lookup for lookup in srv if lookup.server not in _silent_servers(f)]
    gone = [asked for asked in told if asked.required and _said_no(asked) and name(asked.name) not in found]
    if not gone and not found:
        gone = [asked for asked in told if asked.required and asked.status == TIMEOUT and _answers_checks(f, asked)]
    if not gone:
        return None
    by_status: dict[str, list[str]] = {}
    for lookup in gone:
        by_status.setdefault(f"{_server(lookup.server)} said {_no(lookup)}", []).append(lookup.name)
    seen = tuple(f"{some(map(printable, names))}: {said}" for said, names in by_status.items())
    records = tuple(dict.fromkeys(printable(lookup.name) for lookup in gone))
    words = {"records": listed(records), "brief": some(records, 2, "more SRV records")}
    return Proof(seen=seen, severity=Severity.ERROR, words=words)


def _srv_stale(f: ForestFacts) -> Proof | None:
    """A target without an address, or with one at which the last router finds nobody although others answer."""
    known = {name(dc.host) for dc in f.forest.domain_controllers if dc.address}
    nowhere = [
        dc.host
        for dc in f.forest.domain_controllers
        if dc.source == "srv" and name(dc.host) not in known and not _only_family(f, dc.host)
    ]
    nameless = tuple(o for o in f.seen(State.UNRESOLVED) if o.check.host in nowhere)
    empty = [where for where in f.by_endpoint if f.answered() and _nobody_there(f, where)]
    targets = tuple(dict.fromkeys([*nowhere, *(where.host for where in empty)]))
    if not targets:
        return None
    seen = (
        *(f"{printable(host)} has no address" for host in dict.fromkeys(nowhere)),
        *(f"the last router finds nobody at {where.address} ({printable(where.host)})" for where in empty),
    )
    return Proof(nameless, hosts=targets, seen=seen, brief=True, severity=Severity.WARNING)


def _only_family(f: ForestFacts, host: str) -> str | None:
    """The name exists, and only addresses of this family were asked for: it may have others."""
    asked = [lookup for lookup in f.lookups() if name(lookup.name) == name(host) and lookup.record in FAMILIES]
    records = {lookup.record for lookup in asked}
    if len(records) != 1 or any(lookup.status != "nodata" for lookup in asked):
        return None
    return FAMILIES[records.pop()]


def _nobody_there(f: ForestFacts, where: Endpoint) -> bool:
    dc = f.controller(where.host)
    if dc is None or dc.source != "srv" or not f.silent(where):
        return False
    said = {(number(o, "icmp_type"), number(o, "icmp_code")) for o in f.asked(where) if o.state is State.UNREACHABLE}
    return bool(said) and said <= set(HOST_UNREACHABLE)


def _unresolved(f: ForestFacts) -> Proof | None:
    proof = f.seen(State.UNRESOLVED)
    asked = {o.check.host for o in f.outcomes}
    known = {dc.host for dc in f.forest.domain_controllers if dc.address}
    silent = [
        dc.host
        for dc in f.forest.domain_controllers
        if dc.address is None and dc.source != "srv" and dc.host not in asked | known
    ]
    hosts = tuple(dict.fromkeys([*(o.check.host for o in proof), *silent]))
    seen = tuple(f"{printable(host)} has no {_address(f, [host])}" for host in hosts)
    told = {"address": _address(f, hosts), "record": "AAAA" if _address(f, hosts).startswith("IPv6") else "A"}
    severity = None if proof else Severity.ERROR
    return Proof(proof, hosts=hosts, seen=seen, brief=True, severity=severity, words=told) if hosts else None


def _address(f: ForestFacts, hosts: Sequence[str]) -> str:
    families = {_only_family(f, host) for host in hosts}
    family = families.pop() if len(families) == 1 else None
    return f"{family} address" if family else "address"


def _edns(f: ForestFacts) -> Proof | None:
    """Answered without EDNS only, or with small answers only."""
    proof = tuple(o for o in f.told("edns_trouble") if text(o, "edns_trouble") in EDNS)
    if not proof:
        return None
    what = listed(dict.fromkeys(EDNS[text(o, "edns_trouble") or ""] for o in proof))
    return Proof(proof, severity=Severity.WARNING, words={"what": what})


EDNS = {"dropped": "questions with EDNS (RFC 6891)", "large": "answers over 512 bytes"}


def _views(f: ForestFacts) -> Proof | None:
    """The same question, different answers, by whom it was asked."""
    by_question: dict[tuple[str, str], dict[str, frozenset[str]]] = {}
    for lookup in f.lookups():
        if lookup.status in {"ok", "nxdomain", "nodata"}:
            seen = by_question.setdefault((name(lookup.name), lookup.record), {})
            seen[lookup.server] = frozenset(name(answer) for answer in lookup.answers)
    split = {question: views for question, views in by_question.items() if len(set(views.values())) > 1}
    if not split:
        return None
    told = (f"{printable(asked)} {record}: {_sides(views)}" for (asked, record), views in split.items())
    return Proof(seen=(some(told, 2, "more questions"),), severity=Severity.WARNING)


def _sides(views: dict[str, frozenset[str]]) -> str:
    return ", ".join(f"{_server(server)} says {_view(view)}" for server, view in sorted(views.items()))


def _view(answers: frozenset[str]) -> str:
    return some((printable(answer.rpartition(" ")[2]) for answer in sorted(answers)), 3) if answers else "nothing"


NAMES = (
    Rule(
        code="dns-blocked",
        title="{forest}: {what}",
        explanation=(
            "Controllers are found through DNS: without answers no SRV record, no address, no controller. Which server"
            " this machine really asks is a setting of this machine."
        ),
        fix="{ask}. If the servers are not the right ones, correct the setting of this machine.",
        when=_dns_silent,
    ),
    Rule(
        code="dns-tcp-blocked",
        title="{forest}: DNS over TCP to {hosts} is blocked",
        explanation=(
            "Answers that do not fit a datagram are asked again over 53/tcp. In a forest with many controllers the"
            " SRV answers are that long."
        ),
        fix=ASK,
        when=blocked("dns/tcp", although=("dns/udp",)),
    ),
    Rule(
        code="dns-edns-dropped",
        title="{forest}: a device on the path to {hosts} drops {what}",
        explanation=(
            "53/udp answers the plain, small question and not the other. Resolvers that ask in the newer way wait, and"
            " turn to plain questions or 53/tcp, or fail; the SRV answers of a large forest need more than 512 bytes."
        ),
        fix="Ask the firewall team: no limit of 512 bytes and no drop of EDNS in the DNS inspection to {names}; and"
        " allow tcp 53 beside udp.",
        at_most=Severity.WARNING,
        when=_edns,
        beside=True,
    ),
    Rule(
        code="srv-missing",
        title="{forest}: DNS does not give {brief}",
        explanation=(
            "Windows finds controllers by these SRV records: {records}. DNS answered, so the path to its"
            " server is open, but it did not give them."
        ),
        fix="Ask the DNS team: forward {forest} to its own DNS servers; ask the AD team: restart Netlogon on the"
        " controllers so that they register {records}.",
        when=_srv_missing,
    ),
    Rule(
        code="srv-stale",
        title="{forest}: DNS names controllers that are not there: {hosts}",
        explanation=(
            "An SRV record points at a host without an address, or at an address where the last router finds nobody."
            " Windows tries such a controller like any other and loses time, or fails."
        ),
        fix="Ask the AD team: if {names} was retired, remove its SRV records and its metadata; if not, register its"
        " address.",
        when=_srv_stale,
    ),
    Rule(
        code="dc-unresolved",
        title="{forest}: the name of {hosts} has no {address}",
        explanation="The forests file, the command line or DNS names this host, and DNS has no {address} for it.",
        fix="Correct the name, or ask the DNS team for a record of type {record} for {names}.",
        when=_unresolved,
    ),
    Rule(
        code="dns-views-differ",
        title="{forest}: DNS servers give different answers",
        explanation=(
            "The same question is answered differently depending on the server. What this machine finds is not what"
            " the forest's own servers tell."
        ),
        fix="Ask the DNS team: forward {forest} to its own DNS servers everywhere (conditional forwarder).",
        when=_views,
    ),
)
