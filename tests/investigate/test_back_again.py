"""A path that was interrupted while the first look waited: whoever is silent no more at the end is asked again."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from factories import outcome
from investigate.held import Held, cased

from portcheck.investigate import back_again
from portcheck.investigate.case import Case
from portcheck.model import Outcome, State
from portcheck.net import hops
from portcheck.net.hops import Fate, Hop
from portcheck.net.timeouts import Timeouts

NAMES = ("kerberos", "ldap", "smb", "ldaps", "gc")
SILENT = [outcome(f"{name}/tcp", State.FILTERED) for name in NAMES]
PING = outcome("ldap-ping/udp")
HEARD = outcome("rpc/tcp", answers=1)


def case_of(outcomes: Sequence[Outcome]) -> Case:
    async def ask(old: Outcome, _: Timeouts, *__: object, loose: bool = False) -> Outcome:
        return outcome(old.check, State.OK)

    return cased("dc1.alpha.test", "10.77.1.1", Held(*outcomes), ask)


def at_the_end(monkeypatch: pytest.MonkeyPatch, fate: Fate) -> list[int]:
    sent: list[int] = []

    async def send(_: str, port: int, ttl: int, *___: object) -> Hop:
        sent.append(port)
        return Hop(ttl, fate)

    monkeypatch.setattr(hops, "TCP_WALKS", True)
    monkeypatch.setattr(hops, "send_tcp", send)
    return sent


@pytest.mark.parametrize("fate", [Fate.ANSWERED, Fate.LOST])
@pytest.mark.parametrize("beside", [[], [PING], [HEARD]])
async def test_what_is_silent_no_more_is_told_as_lost_before(
    monkeypatch: pytest.MonkeyPatch, beside: list[Outcome], fate: Fate
) -> None:
    at_the_end(monkeypatch, fate)
    case = case_of([*beside, *SILENT])
    back, silent = fate is Fate.ANSWERED, back_again.silent([case])
    assert await back_again.heard([case], ()) is back
    back_again.tell(silent)
    assert any((o.facts.get("answered_on_attempt") or 0) > 1 for o in case.outcomes) is back


async def test_a_few_silent_ports_beside_good_ones_and_those_behind_a_limit_are_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent = at_the_end(monkeypatch, Fate.ANSWERED)
    few, limited = case_of([HEARD, *SILENT[: back_again.MANY - 1]]), case_of(SILENT)
    assert not await back_again.heard([few, limited], {id(limited)})
    assert sent == []


async def test_one_connection_tells_for_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = at_the_end(monkeypatch, Fate.LOST)
    assert not await back_again.heard([case_of(SILENT) for _ in range(20)], ())
    assert len(sent) == 1
