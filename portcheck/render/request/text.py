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
    nothing_more,
    pinning,
    pinning_sources,
    where,
)  # fmt: skip
from portcheck.render.shared.spoken import sentence
from portcheck.render.shared.text import printable
from portcheck.request import summary
from portcheck.request.flow import FirewallRule, Ticket

WIDTH = 80
LEAD = 9
BLANK = "_" * 40
Line = tuple[str, str]
"""What stands before the words, and the words."""


def render(ticket: Ticket) -> str:
    lines = (line for lead, words in _lines(ticket) for line in _wrapped(lead, words))
    return "\n".join(line.rstrip() for line in lines) + "\n"


def spoken(ticket: Ticket) -> str:
    """The same for who hears it: a sentence a line, and no blanks to fill in."""
    told = (sentence(lead, printable(words)) for lead, words in _lines(ticket) if words != BLANK)
    return "".join(f"{line}\n" for line in told if line)


def _lines(ticket: Ticket) -> Iterator[Line]:
    yield "", "FIREWALL CHANGE REQUEST"
    yield "", summary.headline(ticket)
    yield "", ""
    for blank in facts.BLANKS:
        yield f"{blank + ':':<22}", BLANK
    yield "", ""
    yield from _told("impact", summary.impact(ticket))
    for line in summary.suspects(ticket):
        yield from _told("suspect", line)
    yield from _told("state", facts.counts(ticket))
    if ticket.questions:
        yield from _titled("To be cleared up first", ticket.questions)
    for rule in ticket.rules:
        yield "", ""
        yield from _rule(rule, ticket)
    if not ticket.rules:
        yield "", ""
        yield "", nothing_more(ticket)
    if ticket.rules:
        yield "", ""
        yield from _told("verify", summary.verify(ticket))
        yield from _told("note", STATELESS if ticket.stateless else STATEFUL)
    if ticket.dynamic:
        yield from _told("RPC", pinning(ticket))
    if ticket.left_out:
        yield from _titled("Not asked for", ticket.left_out)
    keys = dict.fromkeys((*documents(ticket.flows), *pinning_sources(ticket)))
    if keys:
        yield from _titled("Sources", (f"{document(key)}: {where(key)}".removesuffix(": ") for key in keys))
    yield "", ""
    yield "", f"{CANDIDATE} Made by portcheck {ticket.version} at {ticket.made} from {ticket.basis}."


def _rule(rule: FirewallRule, ticket: Ticket) -> Iterator[Line]:
    mark = "" if rule.need == "required" else f"  ({NEEDS[rule.need]})"
    yield "", f"{rule.name}{mark}"
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


def _titled(title: str, lines: Iterable[str]) -> Iterator[Line]:
    yield "", ""
    yield "", title
    for line in lines:
        yield "- ", line


def _told(lead: str, words: str) -> Iterator[Line]:
    if words:
        yield f"  {lead:<{LEAD}}", words


def _wrapped(lead: str, words: str) -> list[str]:
    return textwrap.wrap(
        printable(words), WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead), break_on_hyphens=False
    ) or [lead]  # fmt: skip
