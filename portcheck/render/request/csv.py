"""The change request as a list for spreadsheets and ticket systems: one row for each rule, host, service and port."""

from __future__ import annotations

from portcheck.render.request.words import document, where
from portcheck.render.shared.spreadsheet import table
from portcheck.request.flow import FirewallRule, Flow, Ticket

COLUMNS = (
    "rule", "source", "destination", "host", "forest", "transport", "ports", "service", "need", "dynamic", "purpose",
    "operations", "why", "document", "document_at", "evidence", "check_first",
)  # fmt: skip


def render(ticket: Ticket) -> str:
    return table(COLUMNS, (_row(rule, flow) for rule in ticket.rules for flow in rule.flows))


def _row(rule: FirewallRule, flow: Flow) -> tuple[str, ...]:
    return (
        rule.name, flow.source, flow.destination, flow.host, flow.forest, flow.ports.transport, flow.ports.numbers,
        flow.service, str(flow.need), "yes" if flow.dynamic else "no", flow.purpose, "; ".join(flow.operations),
        flow.why, document(flow.document), where(flow.document), flow.evidence, flow.caveat,
    )  # fmt: skip
