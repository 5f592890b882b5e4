"""What this machine forbade: the rules of its own firewall that fit are named, where a user may read them."""

from __future__ import annotations

from dataclasses import replace

from portcheck.investigate.case import Case
from portcheck.model import State
from portcheck.net.platform import outbound_rules

MOST = 3  # rules that are named


def named(case: Case) -> None:
    """A rule that fits is not proven to be the one: another may have been first, or another product's filter."""
    for outcome in case.outcomes:
        check = outcome.check
        if outcome.state is not State.ERROR or not outcome.facts.get("forbidden_here") or "own_rules" in outcome.facts:
            continue
        if check.port is None:
            continue
        found = outbound_rules.blocking(check.transport, case.address, check.port)[:MOST]
        if found:
            words = "what fits in Windows Firewall: " + ", ".join(found)
            noted = case.note(outcome, "own rules", words, own_rules=list(found))
            case.land(replace(noted, reason=f"{outcome.reason}; {words}"))
