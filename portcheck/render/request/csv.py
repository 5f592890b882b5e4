"""The change request as a list for spreadsheets and ticket systems: one row for each rule, host, service and port."""

from __future__ import annotations

from portcheck.render.request.words import NOT_IN_A_RULE, QUESTION, document, nothing, where
from portcheck.render.shared.spreadsheet import table
from portcheck.request.flow import FirewallRule, Flow, Ticket

COLUMNS = (
    "rule", "source", "destination", "host", "forest", "transport", "ports", "service", "need", "dynamic", "purpose",
    "operations", "why", "document", "document_at", "evidence", "check_first", "sure",
)  # fmt: skip


def render(ticket: Ticket) -> str:
    rows = [_row(rule, flow) for rule in ticket.rules for flow in rule.flows]
    beside = [_words(f"{QUESTION}{words}") for words in ticket.questions]
    beside += [_words(f"{NOT_IN_A_RULE}{words}") for words in ticket.left_out]
    if not ticket.rules:
        beside.insert(0, _words(nothing(ticket)))
    return table(COLUMNS, [*rows, *beside])


def _words(words: str) -> tuple[str, ...]:
    """A row without a rule: what whoever reads only this file must know."""
    return tuple(words if column == "check_first" else "" for column in COLUMNS)


def _row(rule: FirewallRule, flow: Flow) -> tuple[str, ...]:
    return (
        rule.name, flow.source, flow.destination, flow.host, flow.forest, flow.ports.transport, flow.ports.numbers,
        flow.service, str(flow.need), "yes" if flow.dynamic else "no", flow.purpose, "; ".join(flow.operations),
        flow.why, document(flow.document), where(flow.document), flow.evidence, flow.caveat,
        flow.sure.value,
    )  # fmt: skip
