"""A conversation that hangs once it grows: if smaller packets get through, the path loses large ones.

Where packets are lost at random, a usual question may be lost and a small one pass by chance: both are asked until
chance no longer explains it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import field
from math import ceil, comb

from portcheck.frozen import dataclass
from portcheck.investigate.case import Case, distinct
from portcheck.model import Facts, Outcome, State
from portcheck.net.timeouts import Timeouts

SMALL = (1240, 536)  # bytes: fit the 1280 that every IPv6 link carries, and the 576 of IPv4 (RFC 791)
BETWEEN = {1240: (1440, 1400, 1360, 1300), 536: (1200, 1000, 800, 700)}  # where the border may be, largest first
USUAL = 1460
SIZES = (None, *SMALL)  # None: the usual one
PATIENCE = Timeouts(connect_s=1.5, answer_s=2.0, attempts=1)
FIRST_SMALL = 2  # tries; a mute service is asked no more often than that
MORE = (5, 10)  # further tries of each size at a host, shared among its mute checks
BY_CHANCE = 0.005  # how likely a sample like this may be where size makes no difference
V4_HEADERS, V6_HEADERS = 40, 60  # of IP and TCP; TCP's options count as data here


@dataclass(frozen=True, slots=True)
class Border:
    """The largest segment with which a question was answered, and the smallest known to be lost; in bytes."""

    passes: int
    lost: int


@dataclass(slots=True)
class Sample:
    """One mute check, and what asking it again saw by the size of segments."""

    mute: Outcome
    seen: dict[int | None, list[Outcome]] = field(default_factory=lambda: {size: [] for size in SIZES})

    @property
    def answered(self) -> Outcome | None:
        """At the usual size: then it was not the size."""
        return next((again for again in self.seen[None] if again.state is State.OK), None)

    def small(self) -> Iterable[Outcome]:
        return (again for size in SMALL for again in self.seen[size])


async def clamp(case: Case) -> None:
    """Ask the mute ones again, with small segments and with usual ones; an answer to small ones alone is the proof."""
    mute = [outcome for outcome in distinct(case.having(State.MUTE)) if outcome.check.transport == "tcp"]
    samples = [Sample(outcome) for outcome in mute]
    await _ask(case, samples, 1, FIRST_SMALL)
    for tries in MORE:
        open_ones = [sample for sample in samples if sample.answered is None]
        answers = any(again.state is State.OK for sample in open_ones for again in sample.small())
        if not answers or _passing(samples) is not None:
            break
        share = ceil(tries / len(open_ones))
        await _ask(case, open_ones, share, share)
    size = _passing(samples)
    await asyncio.gather(*(_conclude(case, sample, size) for sample in samples))


async def _ask(case: Case, samples: Sequence[Sample], usual: int, small: int) -> None:
    async def one(sample: Sample, size: int | None) -> None:
        sample.seen[size].append(await case.page.ask(sample.mute, PATIENCE, size))

    sizes = [None] * usual + [size for size in SMALL for _ in range(small)]
    if not case.queue_s:
        await asyncio.gather(*(one(sample, size) for sample in samples for size in sizes))
        return
    for size in sizes:  # what all of it brings would keep a narrow line busy for longer than any answer is waited for
        for sample in samples:
            await one(sample, size)


def _passing(samples: Sequence[Sample]) -> int | None:
    """The largest small size that passes where the usual one does not, and not by chance."""
    return next((size for size in SMALL if _by_chance(samples, size) <= BY_CHANCE), None)


def _by_chance(samples: Sequence[Sample], size: int) -> float:
    """How likely so few answers at the usual size are where it makes no difference: Fisher's exact test, one-sided."""
    answered, lost = _counts(samples, None)
    small_answered, small_lost = _counts(samples, size)
    good, bad, usual = answered + small_answered, lost + small_lost, answered + lost
    ways = sum(comb(good, few) * comb(bad, usual - few) for few in range(answered + 1) if usual >= few)
    return ways / comb(good + bad, usual)


def _counts(samples: Sequence[Sample], size: int | None) -> tuple[int, int]:
    """Answered and mute; whatever else was seen (no connection, a reset) tells nothing of sizes."""
    states = [again.state for sample in samples for again in sample.seen[size]]
    return states.count(State.OK), states.count(State.MUTE)


async def _conclude(case: Case, sample: Sample, size: int | None) -> None:
    usual, small = sample.answered, [again.state for again in sample.small()]
    if usual is not None:
        case.improve(sample.mute, usual)
    elif size is not None and any(again.state is State.OK for again in sample.seen[size]):
        _tell(case, sample, await _border(case, sample.mute, size, lossy=State.MUTE in small))
    elif State.OK in small:
        words = f"answered {small.count(State.OK)} of {len(small)} times with small segments, which may be chance"
        case.note(sample.mute, "small segments", words)
    elif State.ERROR not in small:
        words = f"no answer with segments of at most {SMALL[-1]} bytes either"
        case.note(sample.mute, "small segments", words)
    # an error of this machine's tells nothing: it may not be able to clamp


async def _border(case: Case, outcome: Outcome, passes: int, *, lossy: bool) -> Border:
    """What is lost once on a path that loses others too is asked for once more."""
    best, sizes = passes, BETWEEN[passes]
    for _ in range(2 if lossy else 1):
        larger = [size for size in sizes if size > best]
        seen = await asyncio.gather(*(case.page.ask(outcome, PATIENCE, size) for size in larger))
        best = max([size for size, again in zip(larger, seen, strict=True) if again.state is State.OK], default=best)
    return Border(best, min([size for size in (USUAL, *SMALL, *sizes) if size > best], default=USUAL))


def _tell(case: Case, sample: Sample, border: Border) -> None:
    headers = V6_HEADERS if ":" in case.address else V4_HEADERS
    lost = [again for again in sample.seen[None] if again.state is State.MUTE]
    ours = sum(bool(again.facts.get("unacked_bytes")) for again in lost) * 2 > len(lost)
    words = f"answered at once with segments of at most {border.passes} bytes, and again not with {border.lost}: "
    words += "what this machine sent was not acknowledged" if ours else "the question arrived, and its answer did not"
    told: Facts = {
        "clamped_answered": True,
        "answers_with_segment_bytes": border.passes,
        "large_packets_lost": "to" if ours else "from",
        "largest_packet_bytes": border.passes + headers,
        "lost_packet_bytes": border.lost + headers,
    }
    case.note(sample.mute, "small segments", words, **told)
