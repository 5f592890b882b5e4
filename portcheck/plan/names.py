"""The questions to DNS: which, to whom, and what they cost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from ipaddress import ip_address

from portcheck.config import ForestSpec, is_address
from portcheck.net import refusal
from portcheck.net.dns import MORE_TRIES
from portcheck.net.question import ONE_TRY_S
from portcheck.plan.line import Cost, ForecastLine, LineKind, by_tcp, by_udp
from portcheck.probes.probe import Question
from portcheck.run.naming import TURNS
from portcheck.targets import client_names
from portcheck.targets.srv import questions
from portcheck.targets.views import TRIES, configured

SYSTEM = "the system's DNS servers"
RETRANSMITTED = 2  # of a question over TCP within one try of 0.8 s
PROGRAMS = "this machine's own resolution"
PROGRAMS_ASK = 12  # datagrams a name and family at most: three servers, two tries, the search list (resolv.conf(5))
AGAIN_ASK = 3  # datagrams a question that is asked again, where DNS and programs do not agree
COMPARED = "do all configured name servers say the same?"
SAME_FOR_PROGRAMS = "do programs on this machine get the same addresses?"
EACH = "each domain controller that DNS names"
UNHEARD = "no DNS server answers"
LIKELY_SITE = "Default-First-Site-Name"  # which site this machine is in is known once a controller says so
EXAMPLE = "192.0.2.10"
NOBODY = "DNS names no domain controller"


def discovery(forest: ForestSpec, families: Sequence[str], patience_s: float) -> Iterator[ForecastLine]:
    """What is asked before any domain controller is."""
    servers = [server.host for server in forest.dns if not is_address(server.host)]
    unnamed = [c.host for c in forest.domain_controllers if c.address is None and not is_address(c.host)]
    for record in families:
        yield from (_line(forest, SYSTEM, host, record, patience_s) for host in servers)
        yield from (_line(forest, _asked(forest), host, record, patience_s) for host in unnamed)
    if forest.discover:
        yield from _advertised(forest, families, patience_s)
        yield from _compared(forest, patience_s)
    named = [c.host for c in forest.domain_controllers if not is_address(c.host)]
    domains = [domain for domain in (forest.name, *forest.domains) if forest.discover and not is_address(domain)]
    yield from (_programs(forest, name, families) for name in (*named, *domains))
    if forest.discover:
        yield _programs(forest, f"dc1.{forest.name}", families, each=True)


FIRST = "_ldap._tcp.dc._msdcs."
"""One question of a server that answers none of them is sent again, to see whether it refuses."""


def _compared(forest: ForestSpec, patience_s: float) -> Iterator[ForecastLine]:
    """The SRV questions, once of each configured server that has not answered them already."""
    servers = tuple((server.host, server.port) for server in forest.dns if is_address(server.host))
    others = configured(servers)
    first = servers[:1] or (others[:1][0] if others and others[0] else ())
    for view in others:
        if len(view) and view[0] in first[:1] and (len(servers) > 1 or not servers):
            continue  # that one is asked before
        asked = ", ".join(host for host, _ in view) or SYSTEM
        for domain in (forest.name, *forest.domains):
            for name, record, _ in questions(domain, forest):
                if record == "SRV":
                    line = _line(forest, asked, name, record, patience_s)
                    conversation = Cost(1, 0, 1) + by_tcp(Question("", line.questions[0].size + 2))
                    silent = line.answered * TRIES + Cost(1, 0, 1) * math.ceil(patience_s / ONE_TRY_S)
                    refused = line.answered * refusal.TRIES if name.startswith(FIRST) else Cost()
                    most = silent + conversation * TRIES + refused
                    yield replace(line, port=53, silent=silent, at_most=most, purpose=COMPARED)
        line = _line(forest, asked, f"dc1.{forest.name}", "A", patience_s, host=EACH, each=True)
        yield replace(line, port=53, purpose=COMPARED)


def _programs(forest: ForestSpec, name: str, families: Sequence[str], *, each: bool = False) -> ForecastLine:
    """`getaddrinfo`: what it sends is the system's; a name that the hosts file knows costs nothing."""
    question = Question(f"{' and '.join(families)} of {EACH if each else name}", _size(name, "A"))
    once = by_udp(question) * len(families)
    return ForecastLine(
        kind=LineKind.DISCOVERY,
        forest=forest.name,
        host=EACH if each else PROGRAMS,
        address=None,
        service="dns",
        transport="udp",
        port=53,
        questions=(question,) * len(families),
        answered=once,
        silent=once * PROGRAMS_ASK,
        at_most=once * (PROGRAMS_ASK + AGAIN_ASK * TURNS),
        purpose=SAME_FOR_PROGRAMS,
        each=each,
    )


def _advertised(forest: ForestSpec, families: Sequence[str], patience_s: float) -> Iterator[ForecastLine]:
    for domain in (forest.name, *forest.domains):
        for name, record, _ in questions(domain, forest):
            yield _line(forest, _asked(forest), name, record, patience_s)
    for domain in (forest.name, *forest.domains):
        for name, record in ((n, r) for n in client_names.names_of(domain, forest.name) for r in families):
            yield _line(forest, _asked(forest), name, record, patience_s)
    if not forest.site:
        yield _line(forest, _asked(forest), client_names.of_site(LIKELY_SITE, forest.name), "SRV", patience_s)
    for record in families:
        yield _line(forest, _asked(forest), f"dc1.{forest.name}", record, patience_s, host=EACH, each=True)
    yield reverse(forest, EXAMPLE, patience_s, host=EACH, each=True)
    if not forest.domain_controllers and not is_address(forest.name):
        for record in families:
            yield _line(forest, _asked(forest), forest.name, record, patience_s, when=NOBODY)


def reverse(forest: ForestSpec, address: str, patience_s: float, host: str = "", *, each: bool = False) -> ForecastLine:
    """The name that reverse DNS has for a controller's address."""
    pointer = ip_address(address).reverse_pointer
    return _line(forest, _asked(forest), pointer, "PTR", patience_s, host=host, each=each)


def _asked(forest: ForestSpec) -> str:
    return ", ".join(str(server) for server in forest.dns) or SYSTEM


def _line(
    forest: ForestSpec,
    servers: str,
    name: str,
    record: str,
    patience_s: float,
    host: str = "",
    when: str = "",
    *,
    each: bool = False,
) -> ForecastLine:
    question = Question(f"{record} of {host or name}", _size(name, record))
    tries = math.ceil(patience_s / ONE_TRY_S)
    once = by_udp(question)
    framed = by_tcp(Question(question.what, question.size + 2))
    conversation = Cost(1, 0, 1) + framed * (1 + RETRANSMITTED)
    return ForecastLine(
        kind=LineKind.DISCOVERY,
        forest=forest.name,
        host=host or servers,
        address=None,
        service="dns",
        transport="udp",
        port=forest.dns[0].port if forest.dns else 53,
        questions=(question,),
        answered=Cost() if when else once,
        # Each try lasts 0.8 s at most; after two of them the question goes over TCP as well.
        silent=once * tries + Cost(1, 0, 1) * tries,
        at_most=(once * tries + conversation * (2 * tries)) * (1 + MORE_TRIES),
        purpose="find the domain controllers",
        when=when,
        each=each,
    )


def _size(name: str, record: str) -> int:
    import dns.message  # 100 ms

    return len(dns.message.make_query(name, record).to_wire())
