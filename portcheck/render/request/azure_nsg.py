"""The change request as Azure network security groups: one for the sources' subnet, one for the destinations'.

An ARM template. A network security group is stateful, so there is no way back to write.
"""

from __future__ import annotations

import json
import re

from portcheck.render.request.words import head, label
from portcheck.request.flow import FirewallRule, Ticket

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
API = "2023-11-01"
FIRST_PRIORITY, STEP, LAST_PRIORITY = 1000, 10, 4096  # a group takes 100 to 4096
LONGEST_DESCRIPTION = 140
Json = dict[str, object]


def render(ticket: Ticket) -> str:
    return json.dumps(template(ticket), indent=2) + "\n"


def template(ticket: Ticket) -> Json:
    return {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "metadata": {"description": " ".join(head(ticket))},
        "parameters": {"location": {"type": "string", "defaultValue": "[resourceGroup().location]"}},
        "resources": [_group(ticket, "source", "Outbound"), _group(ticket, "destination", "Inbound")],
    }


def _group(ticket: Ticket, end: str, direction: str) -> Json:
    rules = [(rule, transport) for rule in ticket.rules for transport in rule.transports]
    step = STEP if len(rules) * STEP <= LAST_PRIORITY - FIRST_PRIORITY else 1
    return {
        "type": "Microsoft.Network/networkSecurityGroups",
        "apiVersion": API,
        "name": f"portcheck-{end}",
        "location": "[parameters('location')]",
        "properties": {
            "securityRules": [
                _rule(rule, transport, direction, FIRST_PRIORITY + number * step)
                for number, (rule, transport) in enumerate(rules)
            ]
        },
    }


def _rule(rule: FirewallRule, transport: str, direction: str, priority: int) -> Json:
    services = "-".join(dict.fromkeys(flow.service for flow in rule.flows if flow.ports.transport == transport))
    name = re.sub(r"[^A-Za-z0-9-]", "", f"portcheck-{rule.name}-{transport}-{services}")[:80].rstrip("-")
    return {
        "name": name,
        "properties": {
            "description": label(rule, LONGEST_DESCRIPTION, transport),
            "protocol": transport.capitalize(),
            "sourcePortRange": "*",
            **_one_or_more("destinationPortRange", [ports.numbers for ports in rule.of(transport)]),
            **_one_or_more("sourceAddressPrefix", list(rule.sources)),
            **_one_or_more("destinationAddressPrefix", list(rule.destinations)),
            "access": "Allow",
            "priority": priority,
            "direction": direction,
        },
    }


def _one_or_more(name: str, values: list[str]) -> Json:
    """`destinationPortRange` for one, `destinationPortRanges` (`…Prefixes`) for more."""
    if len(values) == 1:
        return {name: values[0]}
    return {f"{name}es" if name.endswith("x") else f"{name}s": list(values)}
