"""A name with an address too many: whose it may be, and whom to ask about it."""

from __future__ import annotations

from collections.abc import Mapping

from portcheck.diagnose.phrases import listed
from portcheck.diagnose.reader import name, printable, text
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


SHARED = (
    "Ask who keeps that name (the AD team, or whoever runs the load balancer) whether the machine at this address is up"
    " and belongs to it; if so,"
)
SPARE = (
    "Ask the AD team whether that address is meant for clients, or registered by a network adapter that is not. If it"
    " is meant,"
)
OF_ITS_LINK = (
    "Ask the AD team which network adapter registers that address, and to keep it out of DNS: a network card gives"
    " itself one in 169.254.0.0/16 when it gets none, no router passes it on (RFC 3927), and no rule opens a way to it"
)
