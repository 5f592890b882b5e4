"""Walks by table (walks.toml): routers that speak or keep silent, and where the silence is told to begin."""

from __future__ import annotations

import asyncio
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from factories import check, outcome
from investigate.held import Held, cased

from portcheck.investigate import trace
from portcheck.investigate.case import Case
from portcheck.investigate.trace import Around
from portcheck.model import BlockedAt, Need, Outcome
from portcheck.net import hops
from portcheck.net.hops import Fate, Hop
from portcheck.net.pacing import Pacer

WALKS: dict[str, dict[str, Any]] = tomllib.loads((Path(__file__).parent / "walks.toml").read_text(encoding="utf-8"))
TARGET = "10.77.1.1"


class Way:
    """What the routers of a walk say of each packet; `sent` counts them."""

    def __init__(self, walk: dict[str, Any]) -> None:
        self.routers = {int(hop): name for hop, name in walk["routers"].items()}
        self.speak = {int(port): set(spoken) for port, spoken in walk.get("speak", {}).items()}
        self.answers = {int(port): life for port, life in walk.get("answers", {}).items()}
        self.sent = 0

    def fate(self, port: int, ttl: int) -> Hop:
        self.sent += 1
        if ttl >= self.answers.get(port, 256):
            return Hop(ttl, Fate.ANSWERED, TARGET)
        spoken = self.speak.get(port, set(self.routers))
        router = self.routers.get(ttl) if ttl in spoken else None
        return Hop(ttl, Fate.EXPIRED, router) if router else Hop(ttl, Fate.LOST)

    async def send_tcp(self, _: str, port: int, ttl: int, *__: object) -> Hop:
        return self.fate(port, ttl)

    async def send_udp(self, _: str, port: int, payload: bytes, ttl: int, *__: object) -> Hop:
        assert payload == b"question"
        return self.fate(port, ttl)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace, "ROUTER_GAP_S", 0.0001)
    monkeypatch.setattr(trace, "WALKS", Pacer(1e6))


def case_of(walk: dict[str, Any]) -> Case:
    async def never(*_: object) -> Outcome:
        raise AssertionError("asked again")

    seen = [_outcome(walk, name, state) for name, state in walk["seen"].items()]
    return cased("dc1.alpha.test", TARGET, Held(*seen), never, payload=lambda _: b"question")


def _outcome(walk: dict[str, Any], name: str, state: str) -> Outcome:
    need = Need.OPTIONAL if name in walk.get("optional", ()) else Need.REQUIRED
    return outcome(check(name, need=need), state, facts=walk.get("facts", {}).get(name, {}))


def told(found: Outcome) -> str:
    where = found.blocked_at
    if where is None:
        return "open" if found.evidence else "untouched"
    if where.by:
        return f"by {where.by}"
    return f"after {where.after} ({where.hop})" if where.hop else "before hop 1"


@pytest.mark.parametrize("title", WALKS)
async def test_where_the_silence_begins(monkeypatch: pytest.MonkeyPatch, title: str) -> None:
    walk = WALKS[title]
    way, case = Way(walk), case_of(walk)
    monkeypatch.setattr(hops, "send_tcp", way.send_tcp)
    monkeypatch.setattr(hops, "send_udp", way.send_udp)
    monkeypatch.setattr(hops, "TCP_WALKS", walk.get("tcp", True))
    monkeypatch.setattr(hops, "UDP_WALKS", walk.get("udp", True))
    await trace.locate(case, Around([case]))
    found = {o.check.name: o for o in case.outcomes}
    assert {name: told(found[name]) for name in walk["told"]} == walk["told"]
    assert {name: _before(found[name]) for name in walk.get("before", {})} == walk.get("before", {})
    if "sent" in walk:
        assert way.sent == walk["sent"]


def _before(found: Outcome) -> str:
    return f"{found.facts.get('lost_before')} ({found.facts.get('lost_before_hop')})"


async def test_when_the_time_is_up_only_what_is_not_placed_is_said_to_be_open(monkeypatch: pytest.MonkeyPatch) -> None:
    walk = {"routers": {"1": "a"}, "answers": {"389": 2}}
    seen = {"ldap/tcp": "ok", "kpasswd/tcp": "filtered", "smb/tcp": "filtered"}
    case, until = case_of(walk | {"seen": seen}), asyncio.get_running_loop().time()
    placed = replace(case.outcomes[1], blocked_at=BlockedAt(after="a", hop=1))
    case.land(placed)

    async def never(*_: object) -> Hop:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(hops, "send_tcp", never)
    monkeypatch.setattr(hops, "TCP_WALKS", True)
    await trace.locate(case, Around([case], until))
    found = {o.check.name: o for o in case.outcomes}
    assert found["kpasswd/tcp"] == placed
    assert [step.detail for step in found["smb/tcp"].evidence] == [
        "where it is lost was not told in time: the routers on the way answer too seldom"
    ]
