"""A page of the ledger for tests of the second look: every outcome matters, and time stands still."""

from __future__ import annotations

from portcheck.model import Outcome


class Held:
    def __init__(self, *outcomes: Outcome) -> None:
        self._outcomes = {outcome.check.id: outcome for outcome in outcomes}

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        return tuple(self._outcomes.values())

    def land(self, outcome: Outcome) -> None:
        self._outcomes[outcome.check.id] = outcome

    def matters(self, outcome: Outcome) -> bool:
        del outcome
        return True

    def elapsed_ms(self, outcome: Outcome) -> float:
        return outcome.elapsed_ms
