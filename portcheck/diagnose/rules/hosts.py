"""Faults of a whole host's path: nothing of it is heard, or one address family or one transport does not pass."""

from __future__ import annotations

from collections.abc import Collection

from portcheck.diagnose import answers
from portcheck.diagnose.domain_addresses import link_local
from portcheck.diagnose.phrases import (
    MOST_NAMED,
    goes_round,
    how,
    in_the_hosts_name,
    listed,
    many,
    said_by,
    short,
    some,
)
from portcheck.diagnose.reader import flag, name, printable, text
from portcheck.diagnose.remedy import allow
from portcheck.diagnose.rule import Proof, Rule, When
from portcheck.diagnose.rules.barred import barred
from portcheck.diagnose.rules.clients import uncovered
from portcheck.diagnose.rules.looking import AGAIN, where_to_look
from portcheck.diagnose.rules.missing import other_zone
from portcheck.diagnose.rules.reachability import ASK
from portcheck.diagnose.rules.roles import of_role, writes
from portcheck.diagnose.rules.services import stopped
from portcheck.diagnose.rules.spare import OF_ITS_LINK, SHARED, SPARE, behind_one_name, machines
from portcheck.diagnose.rules.strays import strays
from portcheck.diagnose.rules.ways import turned_silent
from portcheck.diagnose.view import Endpoint, ForestFacts, endpoints, hosts, local, servers
from portcheck.model import BLOCKED, GOOD, Lookup, Outcome, Severity, State

TRANSIT = frozenset({State.OK, State.OPEN, State.REFUSED, State.MUTE, State.RESET, State.MISMATCH})
"""States in which the host itself was heard."""


def heard(f: ForestFacts, where: Endpoint) -> bool:
    return any(o.state in TRANSIT for o in f.at(where))


def _unreachable(kind: str) -> When:
    """Hosts of which nothing is heard, each kind apart: what is true of one kind is not of the other."""

    def when(f: ForestFacts) -> Proof | None:
        strange = endpoints(other_zone(f))
        dead = [where for where in f.once(_silent) if f.faults_at(where) and where not in strange]
        up = f.once(_up)
        return _gone(f, [where for where in dead if _kind(f, where, up) == kind])

    return when


def _silent(f: ForestFacts) -> tuple[Endpoint, ...]:
    return tuple(where for where in f.by_endpoint if f.silent(where))


def _up(f: ForestFacts) -> frozenset[str]:
    """Hosts that were heard at one of their addresses."""
    return frozenset(where.host for where in f.by_endpoint if heard(f, where))


OWN_LINK, SPARE_ADDRESS, NO_ROUTE, REFUSED, SILENT = "own link", "spare address", "no route", "refused", "silent"


def _kind(f: ForestFacts, where: Endpoint, up: Collection[str]) -> str:
    """Of use on its link only, heard at another address, without a route, said no to by a device, or silent."""
    if link_local(where.address):
        return OWN_LINK
    if where.host in up:
        return SPARE_ADDRESS
    if all(local(o) for o in f.faults_at(where)):
        return NO_ROUTE
    return SILENT if all(o.state is State.FILTERED for o in f.faults_at(where)) else REFUSED


def _gone(f: ForestFacts, dead: list[Endpoint]) -> Proof | None:
    proof = tuple(o for where in dead for o in f.faults_at(where))
    if not proof:
        return None
    spare = _heard_elsewhere(f, dead)
    gone = dict.fromkeys(where.host for where in dead)
    shared = {host: found for host in gone if (found := machines(f, host))}
    by = tuple(dict.fromkeys(device for o in proof if (device := said_by(o))))
    said = listed(dict.fromkeys(how(o) for o in proof if o.state is not State.FILTERED))
    return Proof(
        proof,
        _others(f, dead),
        seen=(*_unheard(f, dead), *([said] if said else [])),
        brief=True,
        words={
            "gone": f"what was heard: {said}." if said else "not even a refusal was heard.",
            "perhaps": behind_one_name(shared) if shared else _perhaps(f, dead, spare),
            "ask": OF_ITS_LINK
            if all(link_local(where.address) for where in dead)
            else f"{_where_first(f, dead, proof, by) if not spare else SHARED if shared else SPARE} {_then(f, proof)}",
        },
    )


def _then(f: ForestFacts, proof: tuple[Outcome, ...]) -> str:
    again = all(map(local, proof)) or goes_round(proof)
    return AGAIN if again else f"ask the firewall team: {allow(f, proof)}"


def _contested(f: ForestFacts, dead: list[Endpoint]) -> str:
    """Other name servers give other addresses of all of them: before anything else, which is right?"""
    others = [[x for x in f.asked_for_addresses(where.host) if _elsewhere_by(x, where)] for where in dead]
    if not all(others):
        return ""
    said = dict.fromkeys(f"{answers.speaker(x)}: {some(map(printable, x.answers))}" for rows in others for x in rows)
    return f"DNS servers do not agree on that address ({some(said)}): clear up first which is right; if it is this one,"


def _where_first(f: ForestFacts, dead: list[Endpoint], proof: tuple[Outcome, ...], by: tuple[str, ...]) -> str:
    return _contested(f, dead) or _unless(f, dead, proof, by)


def _elsewhere_by(lookup: Lookup, where: Endpoint) -> bool:
    family = "AAAA" if ":" in where.address else "A"
    return lookup.record == family and bool(lookup.answers) and where.address not in lookup.answers


def _unsent(proof: tuple[Outcome, ...]) -> bool:
    """This machine has no route: nobody has been asked anything. (Its own link was, where a neighbour is told of.)"""
    return all(local(o) and not text(o, "icmp_from") for o in proof)


def _heard_elsewhere(f: ForestFacts, dead: list[Endpoint]) -> tuple[str, ...]:
    """Where these same hosts are heard; empty unless each of them is."""
    gone = dict.fromkeys(where.host for where in dead)
    alive = [[e.address for e in f.places_of(host) if heard(f, e)] for host in gone]
    return tuple(dict.fromkeys(address for found in alive for address in found)) if all(alive) else ()


def _perhaps(f: ForestFacts, dead: list[Endpoint], spare: tuple[str, ...]) -> str:
    if spare:
        return (
            f"The same host answers at {listed(spare)}, so it is up: its name has an address too many, or one in a"
            " network that is not reached from here. Clients try the addresses in turn and lose time, or fail."
        )
    if _unsent(tuple(o for where in dead for o in f.faults_at(where))):
        return "Nothing was sent, so nothing is known of the host or the path to it."
    if all(in_the_hosts_name(o) for where in dead for o in f.faults_at(where)):
        return OWN_NO
    if goes_round(o for where in dead for o in f.faults_at(where)):
        return LOOP
    pings = [_pings(f, where) for where in dead]
    if all(pings):
        them = "They answer" if len(dead) > 1 else "It answers"
        return (
            f"{them} ICMP echo, so the host is up and the path carries that: it or its own firewall refuses, or a"
            " firewall on the path that lets only ping pass."
        )
    quiet = " It does not answer ICMP echo either (which proves nothing)." if pings == [False] else ""
    many = "These hosts are down, have other addresses, or the path to them" if len(dead) > 1 else ""
    far = FAR if all(flag(o, "far_site") for where in dead for o in f.faults_at(where)) else ""
    may_be = f"{many or 'The host is down, has another address, or the path to it'} is closed altogether."
    if _only_name_servers(f, dead):
        return f"{may_be}{quiet} No other DNS server was asked, so which controllers the forest has is not known."
    listed_there = answers.holds_records(f, (where.host for where in dead))
    retired = f" If {'one' if many else 'it'} was retired, its DNS records have to go." if listed_there else ""
    return f"{may_be}{quiet}{retired}{far}"


OWN_NO = "That is in the host's own name, so the host is up: its own firewall refuses, or a device in its name."
LOOP = (
    "What is sent there is passed on from router to router until its time to live is over: a circle of routes, or a"
    " device that sets the time to live too low; not a closed port. Nothing is known of the host."
)
FAR = " Clients here turn to the controllers of their own site first, and those answer: this costs them little."


def _pings(f: ForestFacts, where: Endpoint) -> bool | None:
    """Did it answer ICMP echo? None: not asked."""
    told = [answer for o in f.at(where) if (answer := flag(o, "icmp_echo")) is not None]
    return any(told) if told else None


def _unless(f: ForestFacts, dead: list[Endpoint], proof: tuple[Outcome, ...], by: tuple[str, ...]) -> str:
    own_no = all(in_the_hosts_name(o) for o in proof)
    return UP if own_no or all(_pings(f, where) for where in dead) else where_to_look(proof, by)


def _only_name_servers(f: ForestFacts, dead: list[Endpoint]) -> bool:
    """No SRV question was answered, and whoever was asked is among the dead."""
    asked = [lookup for lookup in f.lookups("SRV") if lookup.required]
    gone = {where.address for where in dead}
    return bool(asked) and all(lookup.status == "timeout" and servers(lookup) <= gone for lookup in asked)


UP = "Ask whoever runs the host whether its own firewall lets this machine in; if so,"


def _unheard(f: ForestFacts, dead: list[Endpoint]) -> tuple[str, ...]:
    """10.77.2.10 (bdc1.bravo.test) answered none of 18 questions; of many, d100–d139 (40) none of 18 questions each"""
    if len(dead) <= MOST_NAMED:
        return (some(f"{_called(where)} answered none of {len(f.asked(where))} questions" for where in dead),)
    alike: dict[int, list[str]] = {}
    for where in dead:
        alike.setdefault(len(f.asked(where)), []).append(short(where.host, f.forest.name))
    return tuple(f"{many(names)} answered none of {count} questions each" for count, names in alike.items())


def _called(where: Endpoint) -> str:
    return where.address if where.host == where.address else f"{where.address} ({printable(where.host)})"


def _others(f: ForestFacts, dead: list[Endpoint]) -> tuple[Outcome, ...]:
    """The contrast is another controller of the same forest."""
    names = {where.host for where in dead}
    return tuple(o for o in f.answered() if o.check.host not in names)[:1]


def _one_way(f: ForestFacts) -> Proof | None:
    """UDP passes, and all TCP is silent: SYN or SYN-ACK is lost on a path of its own."""
    proof: list[Outcome] = []
    good: list[Outcome] = []
    for where in f.by_endpoint:
        tcp = [o for o in f.asked(where) if o.check.transport == "tcp"]
        udp = [o for o in f.asked(where) if o.check.transport == "udp" and o.state in GOOD]
        if udp and all(o.state is State.FILTERED for o in tcp) and len({o.check.port for o in tcp}) > 1:
            proof.extend(o for o in f.faults_at(where) if o.check.transport == "tcp")
            good.extend(udp)
    return Proof(tuple(proof), tuple(good)) if proof else None


def _partial(f: ForestFacts) -> Proof | None:
    """The same service answers on one controller of the forest and is blocked on another."""
    if f.of_run(turned_silent):
        return None  # this machine was blocked meanwhile: what is silent depends on when it was asked
    works: dict[tuple[str, str], set[str]] = {}
    choice = _choice(f) - {w.host for w in of_role(f, "rodc") if writes(f)}  # to those nothing can be written
    for o in f.answered():
        if o.check.host in choice:
            works.setdefault(_what(o), set()).add(o.check.host)
    proof = tuple(
        o
        for o in f.every_fault()
        if o.state in BLOCKED and o.check.required and _elsewhere(o, works) and not _reached_otherwise(o, works)
        if f.controller(o.check.host) is not None and o.check.host in choice  # Windows chooses among these only
        if not stopped(f, o)
        if (name(o.check.host), o.check.address) not in f.once(strays)
    )
    if not proof or set(hosts(proof)) <= set(uncovered(f)) or all(flag(o, "far_site") for o in proof):
        return None  # told already; or not among what clients here choose from
    others = set(choice).difference(hosts(proof))
    good = tuple(o for o in f.answered() if o.check.host in others)
    names = dict.fromkeys(short(o.check.host, f.forest.name) for o in good)
    whole = all(f.silent(where) or barred(f, where) for where in endpoints(proof))
    return Proof(
        proof,
        good,
        severity=Severity.WARNING,
        words={
            "what": WHOLE if whole else PART,
            "ask": AS_TOLD if whole else f"Ask the firewall team: {allow(f, proof)}.",
            "good": f"It works through {some(names, 8)}" if names else EACH_OTHER,
        },
    )


AS_TOLD = "What to ask for is said where these hosts are told of."
WHOLE = "some controllers can be reached and others cannot"
EACH_OTHER = "What is blocked on one controller answers on another"
PART = "what can be reached depends on the controller"


def _choice(f: ForestFacts) -> frozenset[str]:
    """The controllers; a name server of which DNS alone was asked is none of them."""
    more = {o.check.host for o in f.outcomes if o.check.service != "dns"}
    listed_ones = {dc.host for dc in f.forest.domain_controllers if dc.source not in {"dns-server", "resolver"}}
    return frozenset(more | listed_ones)


def _what(o: Outcome) -> tuple[str, str]:
    """A service of a domain: what another domain's controller answers does not stand in for it."""
    return o.check.name, o.check.domain


def _elsewhere(o: Outcome, works: dict[tuple[str, str], set[str]]) -> bool:
    return bool(works.get(_what(o), set()) - {o.check.host})


def _reached_otherwise(o: Outcome, works: dict[tuple[str, str], set[str]]) -> bool:
    """The same host answers on its other address."""
    return o.check.host in works.get(_what(o), set())


HOSTS = (
    *(
        Rule(
            code="host-unreachable",
            title="{forest}: nothing on {hosts} answers",
            explanation=("No port that was asked gave any answer; {gone} {perhaps}"),
            fix="{ask}.",
            when=_unreachable(kind),
        )
        for kind in (SILENT, REFUSED, NO_ROUTE, SPARE_ADDRESS, OWN_LINK)
    ),
    Rule(
        code="one-way-path",
        title="{forest}: UDP passes to {hosts}, and no TCP does",
        explanation=(
            "The host answers over UDP, and every TCP port is silent. A list of closed ports seldom looks like"
            " this: the way back may take another firewall, which drops TCP answers whose beginning it has not seen."
        ),
        fix=ASK + " Ask also whether the way back takes the same firewall (asymmetric routing).",
        when=_one_way,
    ),
)

SOME = (
    Rule(
        code="partial-forest",
        title="{forest}: {what}: {hosts}",
        explanation=(
            "{good}. Windows picks a controller itself, from DNS: a list of preferred controllers in"
            " the connector does not bind Kerberos. So it fails now and then, whenever the choice falls on the others."
        ),
        fix="{ask} Or have the AD team keep these controllers out of this machine's reach (site, SRV records).",
        when=_partial,
        beside=True,
    ),
)
