"""A hole for large packets is the same size lost again and again while small ones pass; random loss is not that."""

from __future__ import annotations

import random

import pytest
from factories import outcome
from investigate.held import Held, cased

from portcheck.investigate import mtu
from portcheck.investigate.case import Case
from portcheck.model import Outcome, State
from portcheck.net.timeouts import Timeouts

MUTE = ("ldaps/tcp", "gc-tls/tcp", "ldap/tcp")


def lossy(seed: int, lost: float, mute: int, hole: int | None = None) -> Case:
    """Each conversation is lost with this chance, and always where its segments are larger than the hole lets pass."""
    chance = random.Random(seed)

    async def ask(old: Outcome, _: Timeouts, segment: int | None = None, __: int | None = None, /) -> Outcome:
        too_large = hole is not None and (segment or mtu.USUAL) > hole
        return outcome(old.check, State.MUTE if too_large or chance.random() < lost else State.OK)

    seen = [outcome(name, State.MUTE) for name in MUTE[:mute]]
    return cased("dc1.alpha.test", "10.77.1.1", Held(*seen), ask, payload=lambda _: b"")  # type: ignore[arg-type]


async def told(case: Case) -> list[Outcome]:
    await mtu.clamp(case)
    return [found for found in case.outcomes if found.facts.get("clamped_answered")]


@pytest.mark.parametrize("mute", [1, 3])
@pytest.mark.parametrize("lost", [0.2, 0.35, 0.5, 0.7])
async def test_random_loss_is_no_hole_for_large_packets(lost: float, mute: int) -> None:
    false = [seed for seed in range(300) if await told(lossy(seed, lost, mute))]
    assert len(false) <= 3


@pytest.mark.parametrize("mute", [1, 3])
@pytest.mark.parametrize(("lost", "often"), [(0.0, 40), (0.2, 38), (0.35, 32)])
@pytest.mark.parametrize("hole", [1240, 1000, 536])
async def test_a_hole_is_told_on_a_lossy_path_too(hole: int, lost: float, often: int, mute: int) -> None:
    seen = [await told(lossy(seed, lost, mute, hole)) for seed in range(40)]
    found = [outcomes for outcomes in seen if outcomes]
    assert len(found) >= often
    passing = [o.facts["answers_with_segment_bytes"] for outcomes in found for o in outcomes]
    assert max(passing) == hole  # type: ignore[type-var]


async def test_answers_now_and_then_are_told_as_what_they_are() -> None:
    """Where no size is always lost, nothing is said of sizes, and what was seen is kept."""

    async def ask(old: Outcome, _: Timeouts, segment: int | None = None, __: int | None = None, /) -> Outcome:
        asked.append(segment)
        return outcome(old.check, State.OK if segment is not None and asked.count(segment) % 8 == 1 else State.MUTE)

    asked: list[int | None] = []
    case = cased("dc1.alpha.test", "10.77.1.1", Held(outcome("ldap/tcp", State.MUTE)), ask, payload=lambda _: b"")  # type: ignore[arg-type]
    assert await told(case) == []
    assert "which may be chance" in case.outcomes[0].evidence[-1].detail
