"""The change request for programs: `portcheck.request/1`."""

from __future__ import annotations

import json

from portcheck.render.request.words import STATEFUL, STATELESS, document, pinning, where
from portcheck.request import summary
from portcheck.request.flow import ControlAnswer, FirewallRule, Flow, Ticket

SCHEMA = "portcheck.request/1"
Json = dict[str, object]


def render(ticket: Ticket) -> str:
    return json.dumps(as_json(ticket), indent=2, allow_nan=False) + "\n"


def as_json(ticket: Ticket) -> Json:
    return {
        "schema": SCHEMA,
        "tool": {"name": "portcheck", "version": ticket.version},
        "made": ticket.made,
        "basis": ticket.basis,
        "candidate": True,
        "stateful": not ticket.stateless,
        "way_back": STATELESS if ticket.stateless else STATEFUL,
        "dynamic_rpc": pinning(ticket) if ticket.dynamic else None,
        "rules": [_rule(rule) for rule in ticket.rules],
        "questions": list(ticket.questions),
        "left_out": list(ticket.left_out),
        "headline": summary.headline(ticket),
        "impact": summary.impact(ticket),
        "suspects": list(summary.suspects(ticket)),
        "held_against": ticket.held_against or None,
        "verify": summary.verify(ticket) if ticket.rules else None,
    }


def _rule(rule: FirewallRule) -> Json:
    return {
        "name": rule.name,
        "sources": list(rule.sources),
        "destinations": list(rule.destinations),
        "ports": [{"transport": p.transport, "from": p.low, "to": p.high} for p in rule.ports],
        "need": rule.need.value,
        "optional": rule.optional,
        "check_first": rule.caveat or None,
        "flows": [_flow(flow) for flow in rule.flows],
    }


def _flow(flow: Flow) -> Json:
    return {
        "source": flow.source,
        "source_host": flow.source_host or None,
        "destination": flow.destination,
        "host": flow.host,
        "forest": flow.forest,
        "transport": flow.ports.transport,
        "from": flow.ports.low,
        "to": flow.ports.high,
        "service": flow.service,
        "need": flow.need.value,
        "dynamic": flow.dynamic,
        "purpose": flow.purpose,
        "operations": list(flow.operations),
        "why": flow.why,
        "document": document(flow.document),
        "document_at": where(flow.document),
        "sure": flow.sure.value,
        "evidence": flow.evidence,
        "tried_at": flow.tried_at or None,
        "source_ports": list(flow.source_ports),
        "control": _control(flow.control),
        "suspects": list(flow.suspects),
        "standing": flow.standing.value if flow.standing is not None else None,
    }


def _control(told: ControlAnswer | None) -> Json | None:
    return None if told is None else {"port": told.port, "at": told.at or None, "latency_ms": told.latency_ms}
