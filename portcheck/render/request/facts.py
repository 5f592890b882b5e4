"""What a request says of single paths, in words that all its readable formats share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from portcheck.render.shared.text import listed
from portcheck.render.shared.times import clock, local
from portcheck.request import summary
from portcheck.request.flow import FirewallRule, Flow, Ports, Ticket

BLANKS = ("Requester", "Needed from / until", "Change number")
"""What whoever hands it in fills in."""


def ports_words(rule: FirewallRule) -> str:
    """`tcp 464, 3268-3269; udp 464`"""
    return "; ".join(f"{name} {_numbers(rule.of(name))}" for name in rule.transports)


def _numbers(ports: Iterable[Ports]) -> str:
    return ", ".join(one.numbers for one in ports)


def purpose(rule: FirewallRule) -> str:
    return "; ".join(dict.fromkeys(op for flow in rule.flows for op in flow.operations or (flow.purpose,) if op))


def seen(flow: Flow) -> str:
    """`464/tcp to bdc1: filtered: no answer to 3 tries in 4.0 s; from ports 40112 and 40113, 09:12:03 +01:00`"""
    told = [f"{flow.ports} to {flow.host}"] + ([flow.evidence] if flow.evidence else [])
    tried = tries(flow)
    return ": ".join(told) + (f"; {tried}" if tried else "")


def tries(flow: Flow) -> str:
    numbers = tuple(map(str, dict.fromkeys(flow.source_ports)))
    ports = f"from port{'s' if len(numbers) > 1 else ''} {listed(numbers, 8)}" if numbers else ""
    return ", ".join(filter(None, (ports, f"at {local(flow.tried_at)}" if flow.tried_at else "")))


def control(flow: Flow) -> str:
    """`88/tcp answered at 09:12:03 +01:00 in 4 ms from the same source`"""
    told = flow.control
    if told is None:
        return ""
    at = f" at {clock(told.at)}" if told.at else ""
    within = f" in {told.latency_ms:.0f} ms" if told.latency_ms is not None else ""
    return f"{told.port} of {flow.host} answered{at}{within} from the same source"


def controls(rule: FirewallRule) -> Iterator[str]:
    """One for each host: the paths of a host share it."""
    by_host: dict[tuple[str, str], str] = {}
    for flow in rule.flows:
        if words := control(flow):
            by_host.setdefault((flow.source, flow.destination), words)
    yield from by_host.values()


def standing(rule: FirewallRule, ticket: Ticket) -> str:
    """`in the run of 2026-11-28 09:12 +01:00: 464/tcp to bdc1: still closed; 3268/tcp to bdc1: proven`"""
    told = (f"{flow.ports} to {flow.host}: {flow.standing}" for flow in rule.flows if flow.standing is not None)
    return _in_that_run("; ".join(told), ticket)


def counts(ticket: Ticket) -> str:
    """`in the run of 2026-11-28 09:12 +01:00: of 5 paths: 3 proven, 2 still closed`"""
    return _in_that_run(summary.standing(ticket), ticket)


def _in_that_run(words: str, ticket: Ticket) -> str:
    """What a run saw is told of its time: it may be long ago."""
    return f"in the run of {local(ticket.held_against)}: {words}" if words and ticket.held_against else words
