"""How quiet sessions and tunnels ended, by table: what is called kept, lost, and whose end it was."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest
from factories import check, outcome
from fake_network import FakeNetwork, FakeStream
from investigate.held import Held, cased

from portcheck.investigate import idle, proxy_idle
from portcheck.investigate.idle import End, Ended, Progress, QuietWatch
from portcheck.model import Outcome, State
from portcheck.model.target import Route
from portcheck.net.errors import NetError

KEPT, SILENT, RESET, CLOSED, UNCLEAR = End
LDAP = outcome("ldap/tcp")


def watch(*ended: tuple[float, End], left_s: float = 1e6) -> QuietWatch:
    async def never(*_: object) -> Outcome:
        raise AssertionError("asked again")

    case = cased("dc1.alpha.test", "10.77.1.1", Held(LDAP), never, payload=lambda _: b"")
    until = asyncio.get_running_loop().time() + left_s
    found = QuietWatch(case, LDAP, until, 1600.0, Progress(lambda _: None, until))
    for quiet_s, end in ended:
        idle._land(found, Ended(quiet_s, end, "words"))
    return found


@pytest.mark.parametrize(
    ("ended", "facts"),
    [
        ([(100.0, KEPT)], {"idle_held_s": 100.0}),
        ([(100.0, KEPT), (200.0, SILENT)], {"idle_held_s": 100.0, "idle_lost_s": 200.0, "idle_end": "silent"}),
        ([(100.0, KEPT), (200.0, RESET)], {"idle_held_s": 100.0, "idle_lost_s": 200.0, "idle_end": "reset"}),
        ([(400.0, SILENT), (200.0, SILENT)], {"idle_lost_s": 200.0, "idle_end": "silent"}),
        ([(100.0, SILENT), (200.0, KEPT)], {"idle_lost_s": 100.0, "idle_end": "silent", "idle_held_s": 200.0}),
        ([(100.0, CLOSED)], {}),
        ([(100.0, UNCLEAR)], {}),
        ([(900.0, RESET)], {"idle_held_s": 900.0}),  # the controller's own limit: kept by all in between
        ([(900.0, CLOSED)], {"idle_held_s": 900.0}),
        ([(900.0, SILENT)], {"idle_lost_s": 900.0, "idle_end": "silent"}),  # no controller ends it without a word
    ],
    ids=str,
)
async def test_what_is_told_of_the_sessions_of_a_host(ended: list[tuple[float, End]], facts: dict[str, object]) -> None:
    assert watch(*ended).case.outcomes[0].facts == facts


async def test_a_loss_that_a_longer_quiet_outlived_is_none() -> None:
    assert watch((100.0, SILENT), (200.0, KEPT)).lost is None
    assert watch((100.0, SILENT), (50.0, KEPT)).lost is not None


@pytest.mark.parametrize(
    ("ended", "left_s", "between"),
    [
        ([(100.0, KEPT)], 1e6, None),
        ([(100.0, KEPT), (500.0, SILENT)], 1e6, 300.0),
        ([(500.0, SILENT)], 1e6, 250.0),
        ([(400.0, KEPT), (500.0, SILENT)], 1e6, None),  # near enough: a tenth of the time given
        ([(100.0, KEPT), (500.0, SILENT)], 10.0, None),  # no time left for it
    ],
    ids=str,
)
async def test_another_session_is_held_only_where_it_tells_something(
    ended: list[tuple[float, End]], left_s: float, between: float | None
) -> None:
    assert idle._worth_another(watch(*ended, left_s=left_s)) == between


class Unanswered(FakeStream):
    """Takes the question and never says a word; the kernel knows how much of it arrived."""

    unacked = 0

    async def receive(self) -> bytes:
        await asyncio.Event().wait()
        raise AssertionError

    def observe(self) -> None:
        self.trail.facts["unacked_bytes"] = self.unacked


@pytest.mark.parametrize(("unacked", "end"), [(0, UNCLEAR), (87, SILENT)])
async def test_a_question_that_arrives_was_not_sent_into_a_forgotten_session(
    monkeypatch: pytest.MonkeyPatch, unacked: int, end: End
) -> None:
    monkeypatch.setattr(idle, "ANSWER_S", 0.0)
    stream = Unanswered(FakeNetwork(), 389)
    stream.unacked = unacked
    ended = await idle._again(stream, 240.0)
    stream.close()
    assert (ended.end, ended.quiet_s) == (end, 240.0)


@pytest.mark.parametrize(("served", "end"), [(True, RESET), (False, UNCLEAR)])
async def test_a_session_is_lost_only_where_a_new_one_is_served(
    monkeypatch: pytest.MonkeyPatch, served: bool, end: End
) -> None:
    async def quiet(*_: object) -> Ended:
        return Ended(240.0, RESET, "reset")

    async def is_served(*_: object) -> bool:
        return served

    async def asked(_: object) -> None:
        """The first question is answered."""

    monkeypatch.setattr(idle, "_quiet", quiet)
    monkeypatch.setattr(idle, "_served", is_served)
    monkeypatch.setattr(idle, "_ask", asked)
    monkeypatch.setattr(idle, "Net", lambda *_, **__: FakeNetwork())
    assert (await idle._session(watch(), 240.0)).end is end


async def _says(told: bytes | NetError) -> bytes:
    if isinstance(told, NetError):
        raise told
    return told


@pytest.mark.parametrize(
    ("told", "end"), [(b"", "closed"), (b"a late word", "closed"), (NetError(State.RESET, "cut"), "reset")], ids=str
)
async def test_a_tunnel_that_ends_is_told_with_how_it_ended(told: bytes | NetError, end: str) -> None:
    assert await proxy_idle._ended(_says(told), 3600.0) == end


async def test_a_tunnel_that_keeps_quiet_has_not_ended() -> None:
    async def quiet() -> bytes:
        await asyncio.Event().wait()
        raise AssertionError

    assert await proxy_idle._ended(quiet(), 0.0) is None


@dataclass(frozen=True)
class Host:
    route: Route


async def test_the_first_endpoint_of_each_proxy_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[str] = []

    async def hold(_: Route, found: Outcome, __: float, ___: str | None) -> Outcome | None:
        held.append(found.check.host)
        return None if found.check.host == "c.test" else found

    monkeypatch.setattr(proxy_idle, "_hold", hold)
    names = {"a.test": "one", "b.test": "one", "c.test": "two", "d.test": "three"}
    working = [(Host(Route(proxy=proxy)), outcome(check("https", name))) for name, proxy in names.items()]
    found = await proxy_idle.hold(working, 300.0, None)
    assert sorted(held) == ["a.test", "c.test", "d.test"]
    assert sorted(o.check.host for _, o in found) == ["a.test", "d.test"]
