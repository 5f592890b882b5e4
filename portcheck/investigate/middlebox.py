"""A port that nobody uses: if even that one accepts, a middlebox accepts on behalf of the host."""

from __future__ import annotations

from portcheck.investigate.case import FULL_LIFE, Case
from portcheck.model import State
from portcheck.net.hops import Fate

UNUSED_PORT = 9  # discard: no domain controller listens there
WAIT_S = 1.5


async def accepts_everything(case: Case) -> None:
    """Asked only where connections were made that led nowhere."""
    doubtful = case.having(State.MUTE, State.RESET)
    if not any(outcome.check.transport == "tcp" for outcome in doubtful):
        return
    hop = await case.syn(UNUSED_PORT, FULL_LIFE, WAIT_S)
    accepted = hop.fate is Fate.ANSWERED and hop.by is not None
    for outcome in case.having(State.MUTE, State.RESET):
        if outcome.check.transport == "tcp":
            words = "accepts connections too" if accepted else "does not accept connections"
            case.note(outcome, "control", f"the unused port {UNUSED_PORT} {words}", control_port_accepts=accepted)
