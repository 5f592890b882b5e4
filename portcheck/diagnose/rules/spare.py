"""A name with an address too many: whose it may be, and whom to ask about it."""

from __future__ import annotations

from collections.abc import Mapping

from portcheck.diagnose import answers
from portcheck.diagnose.phrases import listed
from portcheck.diagnose.reader import name, printable, text
from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.rules.services import empty
from portcheck.diagnose.view import ForestFacts
from portcheck.model import GOOD


def machines(f: ForestFacts, host: str) -> dict[str, str]:
    """By address, what answers under a name that is no machine's own: the domain's, an alias, a load balancer's."""
    told = {
        where.address: said
        for where in f.places_of(host)
        for o in f.at(where, "ldap-ping", "ldap", "ldaps")
        if (said := name(text(o, "dns_host_name"))) and o.state in GOOD
    }
    return told if name(host) not in told.values() else {}


def behind_one_name(shared: Mapping[str, Mapping[str, str]]) -> str:
    """bravo.test leads to several machines: 10.77.2.10 is bdc1.bravo.test."""
    told = (
        f"{printable(host)} is no machine's own name: {listed(f'{address} is {one}' for address, one in found.items())}"
        for host, found in shared.items()
    )
    return f"{'; '.join(told)}. Whoever uses the name tries the addresses in turn, and loses time at this one or fails."


def _refuses(f: ForestFacts) -> Proof | None:
    """At one of its addresses a controller answers, and at another nothing of a controller does."""
    heard = {
        name(w.host): w.address for w in f.by_endpoint if any(o.state in GOOD for o in f.at(w, *answers.DIRECTORY))
    }
    places = [where for where in f.by_endpoint if name(where.host) in heard and f.faults_at(where) and empty(f, where)]
    proof = tuple(o for where in places for o in f.faults_at(where))
    if not proof:
        return None
    shared = {where.host: found for where in places if (found := machines(f, where.host))}
    good = listed(dict.fromkeys(heard[name(where.host)] for where in places))
    words = {
        "why": behind_one_name(shared) if shared else ELSEWHERE.format(good),
        "ask": f"{WHOSE}." if shared else ASK_ELSEWHERE,
    }
    return Proof(proof, words=words)


ELSEWHERE = (
    "The same host answers at {}, so it is up: at this address there is another machine, an adapter on which it does"
    " not listen, or a firewall that refuses in its name. Clients try the addresses in turn and lose time, or fail."
)
ASK_ELSEWHERE = (
    "Ask the AD team whose that address is, and whether it is meant for clients: one that another machine has now, or"
    " of an adapter that is not for clients, should not be registered."
)
WHOSE = (
    "Ask who keeps that name (the AD team, or whoever runs the load balancer) whether the machine at this address is up"
    " and belongs to it"
)
SHARED = f"{WHOSE}; if so,"
SPARE = (
    "Ask the AD team whether that address is meant for clients, or registered by a network adapter that is not. If it"
    " is meant,"
)
OF_ITS_LINK = (
    "Ask the AD team which network adapter registers that address, and to keep it out of DNS: a network card gives"
    " itself one in 169.254.0.0/16 when it gets none, no router passes it on (RFC 3927), and no rule opens a way to it"
)

ELSEWHERE_UP = (
    Rule(
        code="service-down",
        title="{forest}: nothing of a domain controller at {hosts}",
        explanation="It refuses. {why}",
        fix="{ask}",
        when=_refuses,
    ),
)
