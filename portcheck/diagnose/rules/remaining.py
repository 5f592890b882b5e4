"""What is blocked and has no row of its own is still told plainly, never lost. These rows come after all others."""

from __future__ import annotations

from portcheck.diagnose.facts import ForestFacts
from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.rules.reachability import ASK, blocked
from portcheck.model import Outcome

OTHERS = ("netbios-ns", "netbios-ssn", "winrm", "mssql")
"""Services that portcheck asks and that no known fault hangs on."""

FARM = "adfs"
"""The profile whose HTTPS goes to the company's own servers, not to the cloud."""


def _cloud(f: ForestFacts) -> Proof | None:
    proof = tuple(o for o in f.blocked("https") if not _own_farm(o))
    return Proof(proof, f.beside(proof)) if proof else None


def _own_farm(outcome: Outcome) -> bool:
    return FARM in outcome.check.profiles


def _plain(service: str) -> Rule:
    return Rule(
        code=f"{service}-blocked",
        title="{forest}: {services} on {hosts} blocked",
        explanation="The service could not be reached; nothing else that was asked depends on it.",
        fix=ASK,
        when=blocked(service),
    )


REMAINING = (
    Rule(
        code="cloud-blocked",
        title="{forest}: the cloud service {hosts} cannot be reached: {ports} blocked",
        explanation="Connectors to Microsoft's cloud need HTTPS out to it, straight or through a proxy.",
        fix=ASK,
        when=_cloud,
    ),
    *map(_plain, ("https", *OTHERS)),
    Rule(
        code="extra-port-blocked",
        title="{forest}: {purposes}: {ports} to {hosts} blocked",
        explanation="The forests file asks for this port, and it could not be reached.",
        fix=ASK,
        when=blocked(),
    ),
)
