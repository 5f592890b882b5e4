"""A host of the run as the second look wants it: its page of the ledger, and how to ask again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from portcheck.model import Outcome
from portcheck.net.timeouts import Timeouts
from portcheck.probes.probe import Subject
from portcheck.run.engine import Engine
from portcheck.run.ledger import LedgerPage

if TYPE_CHECKING:
    from portcheck.investigate.case import Ahead, Case


def case_of(page: LedgerPage, engine: Engine, subject: Callable[[Outcome], Subject], known: dict[str, Ahead]) -> Case:
    """Of a host that packets go to; `known`: what was begun ahead, by address."""
    from portcheck.investigate.case import Ahead, Case  # late: only for what failed
    from portcheck.probes.registry import datagram_of

    host, address = page.host, page.host.reached_at
    assert address is not None

    async def ask(
        outcome: Outcome,
        patience: Timeouts,
        segment: int | None = None,
        nearest_ttl: int | None = None,
        *,
        loose: bool = False,
    ) -> Outcome:
        return await engine.again(outcome.check, subject(outcome), patience, segment, nearest_ttl, loose=loose)

    def payload(outcome: Outcome) -> bytes:
        return datagram_of(outcome.check.service, host.subject())

    ahead = known.setdefault(address, Ahead())
    return Case(
        host.place.host,
        address,
        page,
        ask,
        payload,
        engine.source_ip,
        ahead,
        engine.walks_begun,
        engine.walking,
        engine.sampled,
    )
