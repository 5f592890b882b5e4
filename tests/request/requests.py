"""Flows and tickets to write tests with, and what rules open, spelled out pair by pair."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

import pytest

from portcheck.model import Need
from portcheck.render.request import FORMATS
from portcheck.request.flow import FirewallRule, Flow, Ports, Ticket
from portcheck.request.grouping import rules_for

HERE, HERE6 = "10.77.0.10", "fd77::10"
Pair = tuple[str, str, str, int]


def flow(
    destination: str = "10.77.1.10", port: int | tuple[int, int] = 389, transport: str = "tcp", **more: Any
) -> Flow:
    low, high = (port, port) if isinstance(port, int) else port
    source = HERE6 if ":" in destination else HERE
    host = more.pop("host", f"dc{destination.replace(':', '.').split('.')[-1]}.alpha.test")
    return Flow(
        **{
            "source": source,
            "destination": destination,
            "ports": Ports(transport, low, high),
            "host": host,
            "forest": "alpha.test",
            "service": "ldap",
            "purpose": "directory",
            "operations": ("import",),
            "why": "it is read over LDAP",
            "document": "PORTS",
            "evidence": "filtered: no answer",
            **more,
        }
    )


def ticket(*flows: Flow, **more: Any) -> Ticket:
    names = {one.destination: one.host for one in flows}
    made = "2026-11-25T00:00:00Z"
    return Ticket(
        **{"basis": "a run", "made": made, "version": "0.1.0", "rules": rules_for(flows), "names": names, **more}
    )


def rendered(name: str, of: Ticket) -> str:
    """The request in a format, as text; of a workbook its cells."""
    made = FORMATS[name](of)
    if isinstance(made, str):
        return made
    book = pytest.importorskip("openpyxl").load_workbook(io.BytesIO(made))
    return "\n".join(str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value)


def wanted(flows: Iterable[Flow]) -> set[Pair]:
    return {
        (one.source, one.destination, one.ports.transport, port)
        for one in flows
        for port in range(one.ports.low, one.ports.high + 1)
    }


def opened(rules: Iterable[FirewallRule]) -> set[Pair]:
    return {
        (source, destination, ports.transport, port)
        for rule in rules
        for source in rule.sources
        for destination in rule.destinations
        for ports in rule.ports
        for port in range(ports.low, ports.high + 1)
    }


def mixed() -> tuple[Flow, ...]:
    """Both families, both transports, neighbours, a range, an optional need, and a connection from the other side."""
    return (
        *(flow(d, p) for d in ("10.77.1.10", "10.77.1.11") for p in (88, 389, 3268, 3269)),
        flow("10.77.1.10", 464, "udp", service="kpasswd"),
        flow("10.77.1.11", (50000, 50003), service="rpc-samr", dynamic=True),
        flow("10.77.2.10", 88, caveat="nothing on the destination answered any question"),
        flow("10.77.2.10", 88, "udp", need=Need.OPTIONAL),
        flow("fd77:0:0:12::10", 389),
        flow("fd77:0:0:12::10", 389, "udp", service="ldap-ping"),
        flow(HERE, 135, source="10.77.1.10", source_host="dc10.alpha.test", host="this machine", service="rpc"),
    )
