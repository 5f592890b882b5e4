"""The hosts of a forest as the second look wants them: each one's page of the ledger, and how to ask again."""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING

from portcheck.frozen import dataclass
from portcheck.model import Check, Outcome, State
from portcheck.net.timeouts import Timeouts
from portcheck.probes.probe import Subject
from portcheck.run.engine import Engine
from portcheck.run.knowledge import HostState
from portcheck.run.ledger import Ledger, LedgerPage

if TYPE_CHECKING:
    from portcheck.investigate.case import Ahead, Case


@dataclass(slots=True)
class Looks:
    """Of one forest's run."""

    ledger: Ledger
    engine: Engine
    _ahead: dict[str, Ahead] = field(default_factory=dict)  # what was begun ahead, by address

    def unheard(self, host: HostState, check: Check) -> None:
        """The check seems to end in silence: the walk towards it begins, where that would hurt."""
        if host.reached_at is not None:
            from portcheck.investigate import ahead

            case, silent = self.case(host), Outcome(check, State.FILTERED, "no answer yet")
            if case.matters(silent):
                ahead.begin(case, silent, at_once=self.engine.answers_at_once(check))

    def case(self, host: HostState) -> Case:
        """Of a host that packets go to."""
        from portcheck.investigate.case import Ahead, Case  # late: only for what failed
        from portcheck.probes.registry import datagram_of

        address, engine = host.reached_at, self.engine
        assert address is not None

        async def ask(
            outcome: Outcome,
            patience: Timeouts,
            segment: int | None = None,
            nearest_ttl: int | None = None,
            *,
            loose: bool = False,
        ) -> Outcome:
            subject = self._subject(host, outcome)
            return await engine.again(outcome.check, subject, patience, segment, nearest_ttl, loose=loose)

        def payload(outcome: Outcome) -> bytes:
            return datagram_of(outcome.check.service, host.subject())

        return Case(
            host.place.host,
            address,
            LedgerPage(self.ledger, host),
            ask,
            payload,
            engine.source_ip,
            self._ahead.setdefault(address, Ahead()),
            engine.walks_begun,
            engine.walking,
            engine.sampled,
        )

    def _subject(self, host: HostState, outcome: Outcome) -> Subject:
        if outcome.check.service == "rpc":
            behind = (check.service for check in self.ledger.planned_of(host))
            return replace(host.subject(), wanted=tuple(name for name in behind if name.startswith("rpc-")))
        return host.subject_again(outcome)
