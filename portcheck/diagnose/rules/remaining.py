"""What is blocked and has no row of its own is still told plainly, never lost. These rows come after all others."""

from __future__ import annotations

from portcheck.catalogue.services import Service, services
from portcheck.diagnose.rule import Rule
from portcheck.diagnose.rules.reachability import ASK, blocked


def _plain(service: Service) -> Rule:
    return Rule(
        code=service.plainly,
        title="{forest}: {services} on {hosts} blocked",
        explanation="The service could not be reached; what this machine does through it fails.",
        fix=ASK,
        when=blocked(service.name),
    )


REMAINING = (
    *(_plain(service) for service in services().values() if service.plainly),
    Rule(
        code="extra-port-blocked",
        title="{forest}: {purposes}: {ports} to {hosts} blocked",
        explanation="This port is asked for by name, and it could not be reached.",
        fix=ASK,
        when=blocked(),
    ),
)
