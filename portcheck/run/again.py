"""The hosts of a forest as the second look wants them: each one's page of the ledger, and what they share."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from portcheck.asking.engine import Engine
from portcheck.asking.knowledge import HostState
from portcheck.asking.ledger import Ledger
from portcheck.asking.page import HostPage
from portcheck.frozen import dataclass
from portcheck.model import Check, Outcome, State

if TYPE_CHECKING:
    from portcheck.investigate.case import Ahead, Case


@dataclass(slots=True)
class Looks:
    """Of one forest's run."""

    ledger: Ledger
    engine: Engine
    _ahead: dict[str, Ahead] = field(default_factory=dict)  # what was begun ahead, by address

    def begin(self, host: HostState, check: Check) -> None:
        """The check seems to end in silence: the walk towards it begins, where that would hurt."""
        if host.reached_at is not None:
            from portcheck.investigate import ahead

            case, silent = self.case(host), Outcome(check, State.FILTERED, "no answer yet")
            if case.matters(silent):
                ahead.begin(case, silent, at_once=self.engine.answers_at_once(check))

    def case(self, host: HostState) -> Case:
        """Of a host that packets go to."""
        from portcheck.investigate.case import Ahead, Case  # late: only for what failed

        address, engine = host.reached_at, self.engine
        assert address is not None
        return Case(
            host.place.host,
            address,
            HostPage(self.ledger, host, engine),
            engine.source_ip,
            self._ahead.setdefault(address, Ahead()),
            engine.walks_begun,
            engine.walking,
            engine.sampled,
        )
