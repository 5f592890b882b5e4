"""What the facts of outcomes amount to, where several rooms ask the same."""

from __future__ import annotations

from collections.abc import Iterable

from portcheck.model.outcome import BLOCKED, FAULTY, Outcome, State


def by_v6(outcome: Outcome) -> bool:
    """Who objected by ICMP? A device answers in the family it was spoken to."""
    return ":" in str(outcome.facts.get("icmp_from") or outcome.check.address or "")


def nobody_there(outcome: Outcome) -> bool:
    """The last router finds nobody at this address (RFC 1812, 5.2.7.1; RFC 4443, 3.1)."""
    said = outcome.facts.get("icmp_type"), outcome.facts.get("icmp_code")
    return outcome.state is State.UNREACHABLE and said == ((1, 3) if by_v6(outcome) else (3, 1))


def kdc_barred(of_host: Iterable[Outcome]) -> bool:
    """88/udp of the host is blocked, and that is proven: whatever drops it may drop other datagrams of Kerberos too."""
    return any(
        o.check.name == "kerberos/udp"
        and o.state in BLOCKED
        and o.verdict in FAULTY
        and o.facts.get("udp_unproven") is not True
        for o in of_host
    )
