"""Where nothing else answers: does the host answer ICMP echo? A yes proves that it is up, a no proves nothing."""

from __future__ import annotations

from portcheck.investigate.case import Case
from portcheck.model import State
from portcheck.net.platform import ping

TRIES = 2


async def ask(case: Case) -> None:
    """Only where every question that was asked met silence, and this user may ask."""
    silent = case.having(State.FILTERED)
    if not silent or any(o.state not in {State.FILTERED, State.SKIPPED} for o in case.outcomes):
        return
    for _ in range(TRIES):
        answers = await ping.echoes(case.address, case.wait_s, case.source_ip)
        if answers is None:
            return
        if answers:
            break
    words = "answered: the host is up" if answers else "not answered either, which proves nothing"
    for outcome in silent:
        case.note(outcome, "ping", f"ICMP echo is {words}", icmp_echo=answers)
