"""The change request for the ticket: what to allow, why, what was seen, and what to clear up first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from portcheck.render.request.facts import counts
from portcheck.render.request.words import (
    CANDIDATE,
    NEEDS,
    STATEFUL,
    STATELESS,
    document,
    documents,
    how_sure,
    named,
    nothing_more,
    pinning,
    pinning_sources,
    where,
)
from portcheck.render.shared.text import markdown as _plain
from portcheck.request import summary
from portcheck.request.flow import FirewallRule, Flow, Ticket


def render(ticket: Ticket) -> str:
    return "\n".join(_lines(ticket)) + "\n"


def _lines(ticket: Ticket) -> Iterator[str]:
    yield "# Firewall change request"
    yield ""
    yield f"{_plain(CANDIDATE)} Made by portcheck {_plain(ticket.version)} at {_plain(ticket.made)} from"
    yield f"{_plain(ticket.basis)}."
    yield ""
    yield f"**{_plain(summary.headline(ticket))}.** {_plain(summary.impact(ticket))}".rstrip()
    told = [*(f"Suspect: {line}" for line in summary.suspects(ticket)), counts(ticket)]
    if any(told):
        yield ""
        yield from _bullets(filter(None, told))
    if ticket.questions:
        yield from _section("To be cleared up first", _bullets(ticket.questions))
    if ticket.rules:
        yield from _section("Rules", _table(ticket))
        for rule in ticket.rules:
            yield from _section(f"{rule.name}: what it is for", _why(rule))
        yield from _section("How to verify", [f"On the source: {_plain(summary.verify(ticket))}"])
        yield from _section("State", [_plain(STATELESS if ticket.stateless else STATEFUL)])
        if ticket.dynamic:
            yield from _section("Dynamic RPC ports", [_plain(pinning(ticket))])
    else:
        yield ""
        yield nothing_more(ticket)
    if ticket.left_out:
        yield from _section("Not asked for", _bullets(ticket.left_out))
    keys = dict.fromkeys((*documents(ticket.flows), *pinning_sources(ticket)))
    if keys:
        yield from _section("Sources", _bullets(f"{document(key)}: {where(key)}".removesuffix(": ") for key in keys))


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield ""
    yield f"## {title}"
    yield ""
    yield from lines


def _table(ticket: Ticket) -> Iterator[str]:
    yield "| rule | from | to | ports | need |"
    yield "| --- | --- | --- | --- | --- |"
    for rule in ticket.rules:
        sources = "<br>".join(_plain(named(address, ticket)) for address in rule.sources)
        destinations = "<br>".join(_plain(named(address, ticket)) for address in rule.destinations)
        ports = "<br>".join(
            f"{transport} {', '.join(p.numbers for p in rule.of(transport))}" for transport in rule.transports
        )
        need = NEEDS[rule.need] + (" (see below)" if rule.caveat else "")
        yield f"| {rule.name} | {sources} | {destinations} | {ports} | {need} |"


def _why(rule: FirewallRule) -> Iterator[str]:
    if rule.caveat:
        yield f"**First:** {_plain(rule.caveat)}."
        yield ""
    yield "| port | service | for | need | why | source | seen |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for flows in _alike(rule.flows):
        yield f"| {' | '.join(_cells(flows))} |"


def _alike(flows: Iterable[Flow]) -> Iterator[list[Flow]]:
    """One row for each service and port, whatever the number of hosts."""
    rows: dict[tuple[object, ...], list[Flow]] = {}
    for flow in flows:
        rows.setdefault((flow.ports, flow.service, flow.need, flow.operations, flow.why), []).append(flow)
    return iter(rows.values())


def _cells(flows: list[Flow]) -> list[str]:
    first = flows[0]
    seen: dict[str, dict[str, None]] = {}
    for flow in flows:
        seen.setdefault(flow.evidence, {})[flow.host] = None
    told = [words if len(seen) == 1 else f"{', '.join(hosts)}: {words}" for words, hosts in seen.items() if words]
    ports = f"{first.ports} (dynamic)" if first.dynamic else str(first.ports)
    words = (ports, first.service, "; ".join(first.operations) or first.purpose, str(first.need), first.why)
    return [*map(_plain, words), _plain(how_sure(first)), "<br>".join(map(_plain, told))]


def _bullets(words: Iterable[str]) -> Iterator[str]:
    return (f"- {_plain(word)}" for word in words)
