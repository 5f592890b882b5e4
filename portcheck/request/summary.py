"""What a whole request comes to, in sentences: what is asked, what it is for, who is suspected, how to verify."""

from __future__ import annotations

from collections.abc import Iterable

from portcheck.model.typed import typed
from portcheck.request.flow import Flow, PathStanding, Ticket

MOST_NAMED = 6


def headline(ticket: Ticket) -> str:
    """`Allow 10.77.0.10 to reach 2 hosts of bravo.test and corp.test on 5 ports`"""
    flows = ticket.flows
    if not flows:
        return "Nothing is asked for"
    sources, hosts = _distinct(f.source for f in flows), _distinct(f.host for f in flows)
    ports = len({f.ports for f in flows})
    who = sources[0] if len(sources) == 1 else f"{len(sources)} sources"
    whom = f"{hosts[0]} ({flows[0].destination})"
    if len(hosts) > 1:
        whom = f"{len(hosts)} hosts of {_some(_forests(flows))}"
    return f"Allow {who} to reach {whom} on {ports} port{'s' if ports > 1 else ''}"


def impact(ticket: Ticket) -> str:
    """What does not work until then, by the words of the profiles."""
    needed = [flow for flow in ticket.flows if flow.proven and not flow.optional]
    work = _distinct(op for flow in needed for op in flow.operations or (flow.purpose,) if op)
    if not work:
        return ""
    begins = "What needs these paths" if ticket.planned else "Until this is done, what needs these paths fails"
    return f"{begins}: {_some(work)}."


def suspects(ticket: Ticket) -> tuple[str, ...]:
    """`10.77.100.2, or something beyond it: 7 of 7 paths end there`, the most suspected first."""
    flows = ticket.flows
    ends: dict[str, int] = {}
    for flow in flows:
        for address in flow.suspects[:1]:
            ends[address] = ends.get(address, 0) + 1
    ordered = sorted(ends.items(), key=lambda found: -found[1])
    all_ = len(flows)
    return tuple(f"{address}, or something beyond it: {count} of {all_} paths end there" for address, count in ordered)


def verify(ticket: Ticket) -> str:
    """The command that shows, from the source, whether the rules work."""
    flows = ticket.flows
    words = ["portcheck", "check", *_forests(flows)]
    for profile in _distinct(name for flow in flows for name in flow.profiles):
        words += ["--profile", profile]
    services = _distinct(f"{flow.service}/{flow.ports.transport}" for flow in flows)
    words += ["--only", ",".join(services)]
    return typed(words)


def standing(ticket: Ticket) -> str:
    """`3 of 5 paths proven, 2 still closed`; empty: held against no run."""
    told = [flow.standing for flow in ticket.flows if flow.standing is not None]
    if not told:
        return ""
    counts = [(word, told.count(word)) for word in PathStanding if word in told]
    return f"of {len(told)} paths: " + ", ".join(f"{count} {word}" for word, count in counts)


def _forests(flows: Iterable[Flow]) -> list[str]:
    return _distinct(flow.forest for flow in flows)


def _distinct(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))


def _some(words: list[str]) -> str:
    told = ", ".join(words[:MOST_NAMED])
    return told if len(words) <= MOST_NAMED else f"{told} and {len(words) - MOST_NAMED} more"
