"""The change request for a terminal and for tickets that take plain text, in 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from portcheck.render.request import facts
from portcheck.render.request.words import (
    CANDIDATE,
    NEEDS,
    STATEFUL,
    STATELESS,
    document,
    documents,
    named,
    nothing,
    pinning,
    pinning_sources,
    where,
)  # fmt: skip
from portcheck.render.shared.text import printable
from portcheck.request import summary
from portcheck.request.flow import FirewallRule, Ticket

WIDTH = 80
LEAD = 9


def render(ticket: Ticket) -> str:
    return "\n".join(line.rstrip() for line in _lines(ticket)) + "\n"


def _lines(ticket: Ticket) -> Iterator[str]:
    yield "FIREWALL CHANGE REQUEST"
    yield from _wrapped("", summary.headline(ticket))
    yield ""
    for blank in facts.BLANKS:
        yield f"{blank + ':':<22}{'_' * 40}"
    yield ""
    yield from _told("impact", summary.impact(ticket))
    for line in summary.suspects(ticket):
        yield from _told("suspect", line)
    yield from _told("state", facts.counts(ticket))
    if ticket.questions:
        yield from _titled("To be cleared up first", ticket.questions)
    for rule in ticket.rules:
        yield ""
        yield from _rule(rule, ticket)
    if not ticket.rules:
        yield ""
        yield from _wrapped("", nothing(ticket))
    if ticket.rules:
        yield ""
        yield from _told("verify", summary.verify(ticket))
        yield from _told("note", STATELESS if ticket.stateless else STATEFUL)
    if ticket.dynamic:
        yield from _told("RPC", pinning(ticket))
    if ticket.left_out:
        yield from _titled("Not asked for", ticket.left_out)
    keys = dict.fromkeys((*documents(ticket.flows), *pinning_sources(ticket)))
    if keys:
        yield from _titled("Sources", (f"{document(key)}: {where(key)}".removesuffix(": ") for key in keys))
    yield ""
    yield from _wrapped("", f"{CANDIDATE} Made by portcheck {ticket.version} at {ticket.made} from {ticket.basis}.")


def _rule(rule: FirewallRule, ticket: Ticket) -> Iterator[str]:
    mark = "" if rule.need == "required" else f"  ({NEEDS[rule.need]})"
    yield f"{rule.name}{mark}"
    if rule.caveat:
        yield from _told("first", f"{rule.caveat}.")
    yield from _told("from", ", ".join(named(address, ticket) for address in rule.sources))
    yield from _told("to", ", ".join(named(address, ticket) for address in rule.destinations))
    yield from _told("ports", facts.ports_words(rule))
    yield from _told("for", facts.purpose(rule))
    for flow in rule.flows:
        yield from _told("seen", facts.seen(flow)) if flow.evidence else ()
    for words in facts.controls(rule):
        yield from _told("but", words)
    yield from _told("later", facts.standing(rule, ticket))


def _titled(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield ""
    yield title
    for line in lines:
        yield from _wrapped("- ", line)


def _told(lead: str, words: str) -> Iterator[str]:
    if words:
        yield from _wrapped(f"  {lead:<{LEAD}}", words)


def _wrapped(lead: str, words: str) -> list[str]:
    return textwrap.wrap(
        printable(words), WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead), break_on_hyphens=False
    ) or [lead]  # fmt: skip
