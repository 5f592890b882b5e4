"""DNS: nobody answers the questions, records are missing or stale, or it depends on whom one asks."""

from __future__ import annotations

from dataclasses import replace

from portcheck.diagnose.answers import SYSTEM, server_named
from portcheck.diagnose.answers import targets as srv_targets
from portcheck.diagnose.own_list import way_first
from portcheck.diagnose.phrases import listed, short, some
from portcheck.diagnose.reader import name, printable, text
from portcheck.diagnose.remedy import allow, sources
from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.rules.looking import AGAIN, where_to_look
from portcheck.diagnose.rules.reachability import blocked
from portcheck.diagnose.rules.ways import silenced
from portcheck.diagnose.view import REVERSE, ForestFacts, endpoint, endpoints, local, servers
from portcheck.model import BLOCKED, GOOD, Lookup, Outcome, Severity, State

SAID_NO = {
    "nxdomain": "no such name",
    "nodata": "no such record",
    "servfail": "SERVFAIL: the server cannot get an answer itself",
    "refused": "REFUSED: the server does not answer this machine",
    "malformed": "what cannot be read as an answer",
    "timeout": "nothing in time, although it answers",
}
TIMEOUT = "timeout"
TRUNCATED = "truncated"
UNHEARD = frozenset({TIMEOUT, "unreachable"})
NOT_SAID = UNHEARD | {"ok", TRUNCATED}
ERROR = "error"  # and what this machine stumbled over
FAMILIES = {"A": "IPv4", "AAAA": "IPv6"}
SERVFAIL, REFUSED = "servfail", "refused"
SITES = "._sites."
GIVEN_UP_MS = 1000.0
"""Whom a server does not answer, it refuses at once; a forwarder that was not answered does so after a while."""


# Servers that do not answer


def _dns_silent(f: ForestFacts) -> Proof | None:
    places = {where for o in f.blocked("dns/udp") if (where := endpoint(o)) and not f.hollow(where)}
    proof = tuple(o for o in f.blocked("dns") if endpoint(o) in places)
    dead = silent_servers(f)
    if not proof and (f.of_run(silenced) or not (dead or _refusing(f, dead))):
        return None
    seen = tuple(f"{server_named(server)} {_said_nothing(asked)}" for server, asked in dead.items())
    refusing = _refusing(f, dead)
    needed = bool(refusing) or any(lookup.required for asked in dead.values() for lookup in asked)
    severity = Severity.ERROR if needed and not _answered_elsewhere(f) else None if proof else Severity.WARNING
    told = _forwarding(f, dead[SYSTEM]) if set(dead) == {SYSTEM} and not proof else None
    told = _not_there(f, refusing) if refusing and not proof else told
    if told is None:
        whom = some([short(o.check.host, f.forest.name) for o in proof] or map(server_named, dead))
        way = f"tcp+udp 53 from {some(sources(f, ())) or 'this machine'} to it"
        ask = (
            f"{where_to_look(proof, ())} {AGAIN}"
            if proof and all(map(local, proof))
            else f"Ask the firewall team: {allow(f, proof)}"
            if proof
            else f"Check that {whom} is alive and the right one to ask; if it is, {way} does not pass"
        )
        told = {"what": f"DNS questions to {whom} are not answered", "ask": ask}
    denied = _denied(f)
    follows = tuple(o for o in f.seen(State.UNRESOLVED) if name(o.check.host) not in denied) if dead else ()
    good = f.beside(proof, "kerberos", "ldap")
    return Proof((*proof, *refusing), good, seen=seen, severity=severity, words=told, follows=follows)


def _said_nothing(asked: list[Lookup]) -> str:
    if any(lookup.status == SERVFAIL for lookup in asked):
        return f"said {SAID_NO[SERVFAIL]}, to {len(asked)} questions about this forest"
    refused = sum(lookup.status == REFUSED for lookup in asked)
    some_refused = (
        f", and refused {refused} of them (as forwarders do that are not answered themselves)" if refused else ""
    )
    if len(asked) == 1:
        return "did not answer the one question about this forest"
    return f"answered none of {len(asked)} questions about this forest{some_refused}"


def _refusing(f: ForestFacts, dead: dict[str, list[Lookup]]) -> tuple[Outcome, ...]:
    """Of a place that is known for a name server alone: it refuses questions, and answers none."""
    refused = f.seen(State.REFUSED, "dns")
    if SYSTEM in dead and (own := tuple(o for o in refused if _is_resolver(f, o))):
        return own
    named = [o for o in refused if _source(f, o) == "dns-server" and (where := endpoint(o)) and f.hollow(where)]
    unanswered = {server for x in f.lookups() if x.required and x.status in UNHEARD for server in servers(x)}
    return () if _answered_elsewhere(f) else tuple(o for o in named if o.check.address in unanswered)


def _not_there(f: ForestFacts, refusing: tuple[Outcome, ...]) -> dict[str, str]:
    """Nothing takes questions there."""
    at = some(dict.fromkeys(printable(o.check.address or "") for o in refusing))
    whose = f"this machine's resolver ({at})" if any(_is_resolver(f, o) for o in refusing) else f"DNS server {at}"
    return {
        "what": f"{whose} refuses DNS questions",
        "ask": f"Look whether a name server runs at {at}, and whether it is the right one to ask: it refused the"
        " questions itself",
    }


def _forwarding(f: ForestFacts, asked: list[Lookup]) -> dict[str, str] | None:
    """The system's resolver lives, and whom it asks about this forest does not answer it."""
    alive = dict.fromkeys(printable(o.check.address or "") for o in f.answered("dns") if _is_resolver(f, o))
    alive |= dict.fromkeys(printable(x.answered_from) for x in f.lookups(REVERSE) if x.server == SYSTEM and _said(x))
    if not alive and not any(lookup.status in {SERVFAIL, REFUSED} for lookup in asked):
        return None
    who = f"this machine's resolver ({some(alive)})" if alive else "this machine's resolver"
    own = printable(f.forest.name)
    return {
        "what": f"{who} answers, but not about {own}",
        "ask": f"{way_first(f)}Ask whoever runs that resolver: which servers does it forward {own} to, do they live,"
        " and is tcp+udp 53 from it to them allowed",
    }


def _said(lookup: Lookup) -> bool:
    """The server answered, whatever."""
    return bool(lookup.answered_from) and lookup.status not in UNHEARD


def _is_resolver(f: ForestFacts, o: Outcome) -> bool:
    return _source(f, o) == "resolver"


def _source(f: ForestFacts, o: Outcome) -> str:
    dc = f.controller(o.check.host)
    return "" if dc is None else dc.source


def silent_servers(f: ForestFacts) -> dict[str, list[Lookup]]:
    """Servers that answered no question, less those whose whole host is silent or that answer the DNS check."""
    by_server: dict[str, list[Lookup]] = {}
    needed = {lookup.server for lookup in f.lookups() if lookup.required}
    for lookup in f.lookups():
        if lookup.server in needed or not needed:  # the others were asked beside: that is a matter of views
            by_server.setdefault(lookup.server, []).append(lookup)
    return {
        server: asked
        for server, asked in by_server.items()
        if (all(lookup.status == TIMEOUT for lookup in asked) or _gets_none(server, asked))
        and not _known_by_checks(f, asked[0])
    }


def _gets_none(server: str, asked: list[Lookup]) -> bool:
    """The system's resolver lives, and cannot get at the forest's servers: that says nothing about records.

    Who refuses some of the questions and never answers the others is none that merely refuses this machine: too many
    wait for whom it forwards to (dnsmasq: dns-forward-max), or it gave up itself. Which ones it refuses differs from
    run to run.
    """
    needed = any(lookup.required for lookup in asked)
    statuses = {lookup.status for lookup in asked if lookup.status != REFUSED or lookup.elapsed_ms < GIVEN_UP_MS}
    return server == SYSTEM and needed and statuses <= {TIMEOUT, SERVFAIL, REFUSED} and statuses != {REFUSED}


def _known_by_checks(f: ForestFacts, lookup: Lookup) -> bool:
    """The checks of the servers tell more than the lookups do."""
    checks = _checks(f, lookup)
    whole = any(o.check.id in f.explained for o in checks) or any(map(f.hollow, endpoints(checks)))
    whole = whole or (not lookup.required and bool(checks) and all(o.state in BLOCKED for o in checks))
    return whole or answers_checks(f, lookup)


def answers_checks(f: ForestFacts, lookup: Lookup) -> bool:
    """The server that was asked answers the check of its service."""
    return any(o.check.service == "dns" and o.state in GOOD for o in _checks(f, lookup))


def _checks(f: ForestFacts, lookup: Lookup) -> list[Outcome]:
    """Of the servers that were asked."""
    addresses = servers(lookup)
    return [o for where in sorted(w for a in addresses for w in f.by_address.get(a, ())) for o in f.at(where)]


def _answered_elsewhere(f: ForestFacts) -> bool:
    return any(lookup.status == "ok" for lookup in f.lookups())


def _denied(f: ForestFacts) -> set[str]:
    return {name(lookup.name) for lookup in f.lookups() if said_no(lookup)}


def said_no(lookup: Lookup) -> str:
    """In what words a server answered and gave nothing: by any code there is, or by the target that means so."""
    if lookup.record == "SRV" and lookup.status == "ok":
        return "" if srv_targets(lookup) else "that there is no such service (target `.`)"
    if lookup.status in NOT_SAID or lookup.status.startswith(ERROR):
        return ""
    return SAID_NO.get(lookup.status, f"{printable(lookup.status).upper()}: the server does not take the question")


def _no_tcp(f: ForestFacts) -> Proof | None:
    """53/tcp blocked although 53/udp answers; or answers told to ask there, and nothing came."""
    plain = blocked("dns/tcp", although=("dns/udp",))(f)
    cut = [lookup for lookup in f.lookups() if lookup.status == TRUNCATED and lookup.required]
    if not cut and plain is None:
        return None
    told = plain or Proof()
    asked = dict.fromkeys(server_named(lookup.server) for lookup in cut)
    names = dict.fromkeys(printable(lookup.name) for lookup in cut)
    own = tuple(o for o in f.faults("dns/tcp") if _is_resolver(f, o)) if cut else ()
    ask = (
        f"Ask the firewall team: {allow(f, told.outcomes)}."
        if told.outcomes
        else (
            f"Ask whoever runs {some(asked)} to answer over 53/tcp as well."
            if {lookup.server for lookup in cut} == {SYSTEM}
            else f"Ask the firewall team: allow tcp 53 from {some(sources(f, ())) or 'this machine'} to {some(asked)};"
            " or whoever runs it, if it does not listen there."
        )
    )
    seen = f"{some(asked)} cut short what it says of {some(names, 2)}, and gave it over 53/tcp to nobody" if cut else ""
    hosts = dict.fromkeys([*(o.check.host for o in told.outcomes), *asked]) if cut else ()
    return replace(
        told,
        hosts=tuple(hosts),
        seen=(*told.seen, *([seen] if seen else ())),
        severity=Severity.ERROR if cut else told.severity,
        words={
            **told.words,
            "ask": ask,
            "cut": " That is so here: what it says of the controllers was lost." if cut else "",
        },
        follows=(*told.follows, *own),
    )


def _edns(f: ForestFacts) -> Proof | None:
    """Answered without EDNS only, or with small answers only."""
    proof = tuple(o for o in f.told("edns_trouble") if text(o, "edns_trouble") in EDNS)
    if not proof:
        return None
    what = listed(dict.fromkeys(EDNS[text(o, "edns_trouble") or ""] for o in proof))
    return Proof(proof, severity=Severity.WARNING, words={"what": what})


EDNS = {"dropped": "questions with EDNS (RFC 6891)", "large": "answers over 512 bytes"}


SERVERS = (
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
            " SRV answers are that long.{cut}"
        ),
        fix="{ask}",
        when=_no_tcp,
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
)
