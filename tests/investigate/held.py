"""A page of the ledger for tests of the second look: every outcome matters, and time stands still."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

from portcheck.asking.page import HostPage
from portcheck.investigate.case import Case
from portcheck.model import Outcome
from portcheck.net.timeouts import Timeouts


class Held:
    ask: Callable[..., Awaitable[Outcome]]
    datagram: Callable[[Outcome], bytes]

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


def cased(
    host: str,
    address: str,
    page: Held,
    ask: Callable[..., Awaitable[Outcome]],
    payload: Callable[[Outcome], bytes] = lambda _: b"",
    **more: Any,
) -> Case:
    """The host of this page, which is asked again so."""
    page.ask, page.datagram = ask, payload
    return Case(host, address, cast("HostPage", page), **more)


def asked_again(answer: Callable[[Outcome], Outcome], *outcomes: Outcome) -> tuple[Case, list[str]]:
    """A host with these, each of which is answered so when it is asked again; and what was asked."""
    asked: list[str] = []

    async def ask(
        old: Outcome, _: Timeouts, __: int | None = None, ___: int | None = None, /, *, loose: bool = False
    ) -> Outcome:
        asked.append(old.check.name)
        return answer(old)

    return cased("dc1.alpha.test", "10.77.1.1", Held(*outcomes), ask), asked
