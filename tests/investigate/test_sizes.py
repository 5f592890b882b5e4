"""A silent datagram port that answers in short: it is the size, and of what; where nothing passes it stays a block."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from factories import check, outcome
from investigate.held import Held, cased
from net import servers

from portcheck.investigate import sizes
from portcheck.model import BlockedAt, Outcome, State
from portcheck.net import udp
from portcheck.wire import kerberos, ldap
from portcheck.wire.kerberos import AsRequest, KrbError

SERVICES = ["ldap-ping", "kerberos"]
NEVER = 0
ALWAYS = 65535


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(udp, "AGAIN_AFTER_S", 0.05)
    monkeypatch.setattr(udp, "FRESH_AFTER_S", 0.1)
    monkeypatch.setattr(sizes, "_patience_s", lambda _: 0.4)


@dataclass
class Path:
    """Loses what is longer than these bytes, to the host and from it; what the host heard."""

    to: int
    back: int
    heard: list[bytes] = field(default_factory=list)
    lost: int = 0

    def reply(self, answer: Callable[[bytes], bytes]) -> Callable[[bytes, int], bytes | None]:
        def reply(data: bytes, _: int) -> bytes | None:
            self.heard.append(data)
            told = answer(data)
            if max(len(data) / max(self.to, 1), len(told) / max(self.back, 1)) > 1:
                self.lost += 1
                return None
            return told

        return reply


def directory(data: bytes) -> bytes:
    search = ldap.unpack_message(data).op
    assert isinstance(search, ldap.SearchRequest)
    told = () if sizes.NO_ATTRIBUTES in search.attributes else tuple((n, (b"DC=x" * 15,)) for n in search.attributes)
    entry = ldap.SearchEntry(sizes.NUMBER, attributes=told)
    return entry.pack() + ldap.SearchDone(sizes.NUMBER).pack()


def kdc(data: bytes) -> bytes:
    return KrbError(kerberos.ErrorCode(7), realm="ALPHA.TEST", sname=AsRequest.unpack(data).sname or "").pack()


ANSWERS = {"ldap-ping": directory, "kerberos": kdc}


async def looked_at(service: str, path: Path, *, ahead: bool = False, **facts: object) -> Outcome:
    async with servers.udp(path.reply(ANSWERS[service])) as (port, _):
        here = replace(check(f"{service}/udp"), host="dc1.alpha.test", address="127.0.0.1", port=port)
        place = BlockedAt(after="127.0.0.1", hop=1)
        silent = outcome(here, State.FILTERED, facts=facts, blocked_at=place)
        alive = outcome(replace(check("ldap/tcp"), host="dc1.alpha.test", address="127.0.0.1"))
        usual = AsRequest("ALPHA.TEST", "portcheck").pack()

        async def never(*_: object, **__: object) -> Outcome:
            raise AssertionError("asked again")

        case = cased("dc1.alpha.test", "127.0.0.1", Held(alive, silent), never, payload=lambda _: usual)
        if ahead:
            sizes.ahead(case, silent)
            sizes.ahead(case, silent)
            assert list(case.ahead.short) == [port]
        await sizes.of_datagrams(case)
        assert not case.ahead.short
    return next(o for o in case.outcomes if o.check.id == here.id)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(("to", "back", "way"), [(ALWAYS, 150, "from"), (200, ALWAYS, "to"), (200, 150, "to")])
@pytest.mark.parametrize("ahead", [False, True])
async def test_a_bound_on_the_size_is_told_with_its_way(
    service: str, to: int, back: int, way: str, ahead: bool
) -> None:
    seen = await looked_at(service, Path(to, back), ahead=ahead)
    assert (seen.state, seen.facts.get("long_datagrams_lost")) == (State.FILTERED, way)
    assert seen.blocked_at is None
    short = seen.facts["short_answer_bytes"]
    assert isinstance(short, int)
    assert short <= 150


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(("to", "back"), [(NEVER, NEVER), (ALWAYS, 10)])
@pytest.mark.parametrize("ahead", [False, True])
async def test_where_nothing_passes_it_stays_a_block_and_costs_two_datagrams(
    service: str, to: int, back: int, ahead: bool
) -> None:
    path = Path(to, back)
    seen = await looked_at(service, path, ahead=ahead)
    assert "long_datagrams_lost" not in seen.facts
    assert seen.blocked_at is not None
    assert 1 <= len(path.heard) <= 2


@pytest.mark.parametrize("service", SERVICES)
async def test_where_long_ones_pass_too_it_is_not_the_size(service: str) -> None:
    seen = await looked_at(service, Path(ALWAYS, ALWAYS))
    assert "long_datagrams_lost" not in seen.facts
    assert "this one is not" in seen.evidence[-1].detail


async def test_what_answers_from_another_address_is_not_asked() -> None:
    path = Path(ALWAYS, 150)
    await looked_at("ldap-ping", path, answered_from="192.0.2.9")
    assert not path.heard
