"""One host's page of the ledger: what was seen of it by now, and how it is asked once more, for the second look."""

from __future__ import annotations

from dataclasses import replace

from portcheck.asking.engine import Engine
from portcheck.asking.knowledge import HostState
from portcheck.asking.ledger import Ledger
from portcheck.diagnose.verdict import verdict_of
from portcheck.frozen import dataclass
from portcheck.model import FAULTY, Outcome
from portcheck.net.timeouts import Timeouts
from portcheck.probes.probe import Subject


@dataclass(slots=True)
class HostPage:
    """Of a host that packets go to."""

    ledger: Ledger
    host: HostState
    engine: Engine

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        return self.ledger.of(self.host)

    def land(self, outcome: Outcome) -> None:
        """Put a better outcome in the place of the old one."""
        self.ledger.land(self.host, outcome)

    def matters(self, outcome: Outcome) -> bool:
        """Does its verdict hurt? What is merely not offered here is not worth a packet."""
        return verdict_of(outcome, self.host.offered) in FAULTY

    def elapsed_ms(self, outcome: Outcome) -> float:
        """How long ago the check began: where on its timeline a step of the second look stands."""
        return self.ledger.elapsed_ms(outcome)

    async def ask(
        self,
        outcome: Outcome,
        patience: Timeouts,
        segment: int | None = None,
        nearest_ttl: int | None = None,
        *,
        loose: bool = False,
    ) -> Outcome:
        """One check again; with a clamped TCP segment size, or deaf to what comes from afar.

        `loose`: a datagram of any address is an answer.
        """
        subject = self._subject(outcome)
        return await self.engine.again(outcome.check, subject, patience, segment, nearest_ttl, loose=loose)

    def datagram(self, outcome: Outcome) -> bytes:
        """What the check's probe would send."""
        from portcheck.probes.registry import datagram_of

        return datagram_of(outcome.check.service, self.host.subject())

    def _subject(self, outcome: Outcome) -> Subject:
        if outcome.check.service == "rpc":
            behind = (check.service for check in self.ledger.planned_of(self.host))
            return replace(self.host.subject(), wanted=tuple(name for name in behind if name.startswith("rpc-")))
        return self.host.subject_again(outcome)
