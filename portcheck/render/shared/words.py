"""One outcome in words: what was seen and by whom."""

from __future__ import annotations

from collections.abc import Iterator

from portcheck.model import GOOD, BlockedAt, Expected, Outcome
from portcheck.render.shared.grid import EXTRA
from portcheck.render.shared.text import printable

SPOILS: dict[str, tuple[object, str]] = {
    "certificate_expired": (False, "its certificate has expired"),
    "certificate_error": ("", "its certificate does not verify here: {}"),
    "hosts_domain": (True, "it does not serve the domain that was asked for"),
    "wrong_forest": (False, "another domain answers here"),
    "paused": (False, "its Netlogon service is paused"),
    "synchronized": (True, "it says that its clock is not synchronised"),
}
"""Facts that tell of a fault when they differ from this, and in what words."""
SKEW_TOLD_S = 60.0


def seen(outcome: Outcome) -> str:
    """What was seen and by whom, in one line."""
    told = [outcome.reason, *faults_told(outcome)]
    if outcome.check.expected is Expected.CLOSED:
        told.append("expected closed")
    if outcome.blocked_at is not None:
        told.append(place(outcome.blocked_at, outcome.reason))
    return "; ".join(filter(None, told))


def faults_told(outcome: Outcome) -> Iterator[str]:
    """The facts that spoil an answer that came."""
    if outcome.state not in GOOD:
        return
    skew = outcome.facts.get("clock_skew_s")
    if isinstance(skew, int | float) and abs(skew) >= SKEW_TOLD_S:
        yield f"its clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} ours"
    for key, (harmless, words) in SPOILS.items():
        if key.startswith("certificate") and "start_tls_result" in outcome.facts:
            continue  # LDAP in clear is not spoiled by what StartTLS shows
        if key in outcome.facts and outcome.facts[key] not in (harmless, None):
            yield words.format(printable(str(outcome.facts[key])))


def place(blocked: BlockedAt, reason: str = "") -> str:
    """Who said no, or where the silence begins; nothing where the reason names it already."""
    if blocked.by is not None:
        return "" if blocked.by in reason else f"said by {blocked.by}"
    return blocked.last_heard


def port_of(outcome: Outcome) -> str:
    check = outcome.check
    return f"{'dynamic' if check.port is None else check.port}/{check.transport}"


def service_of(outcome: Outcome) -> str:
    """The service's name; an extra port is known by its number."""
    return port_of(outcome) if outcome.check.service in EXTRA else outcome.check.service
