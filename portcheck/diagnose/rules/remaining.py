"""What is blocked and has no row of its own is still told plainly, never lost. These rows come after all others."""

from __future__ import annotations

from portcheck.diagnose.rule import Rule
from portcheck.diagnose.rules.reachability import ASK, blocked

OTHERS = ("https", "netbios-ns", "netbios-ssn", "winrm", "http", "amqps", "mssql", "kdc-proxy")
"""Services that portcheck asks and that no known fault hangs on."""


def _plain(service: str) -> Rule:
    return Rule(
        code=f"{service}-blocked",
        title="{forest}: {services} on {hosts} blocked",
        explanation="The service could not be reached; what this machine does through it fails.",
        fix=ASK,
        when=blocked(service),
    )


REMAINING = (
    *map(_plain, OTHERS),
    Rule(
        code="extra-port-blocked",
        title="{forest}: {purposes}: {ports} to {hosts} blocked",
        explanation="This port is asked for by name, and it could not be reached.",
        fix=ASK,
        when=blocked(),
    ),
)
