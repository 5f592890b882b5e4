"""Mutations that are the same in every run, and the growth of the work with the length of what is read."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from types import FrameType

SMALL, TIMES = 1024, 8
MOST_GROWTH = 3 * TIMES
"""Eightfold input is eightfold work, and a bit; quadratic would be 64."""
ODD = (0, 1, 0x7F, 0x80, 0xFF, 0x0A, 0x22, 0x30, 0x84)


def mutations(seed: bytes, number: int, chance: random.Random) -> Iterator[bytes]:
    """Bytes changed, cut, doubled, put in: one to four times."""
    for _ in range(number):
        data = bytearray(seed)
        for _ in range(chance.randint(1, 4)):
            place = chance.randint(0, len(data))
            end = min(len(data), place + chance.randint(1, 8))
            match chance.randrange(5):
                case 0:
                    data[place:end] = bytes([chance.choice(ODD)])
                case 1:
                    del data[place:end]
                case 2:
                    data[place:place] = data[place:end] * chance.randint(1, 4)
                case 3:
                    data[place:place] = chance.randbytes(chance.randint(1, 4))
                case _:
                    del data[place:]
        yield bytes(data)


def work(run: Callable[[bytes], object], data: bytes) -> int:
    """How many lines of Python it takes: the same on every machine, however busy."""
    lines = 0

    def count(_frame: FrameType, event: str, _arg: object) -> Callable[..., object]:
        nonlocal lines
        lines += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        run(data)
    finally:
        sys.settrace(before)
    return lines


def enlarged(seed: bytes, size: int) -> Iterator[bytes]:
    """The seed over and over, its head with a long tail, its middle drawn out."""
    if not seed:
        return
    yield (seed * (size // len(seed) + 1))[:size]
    for unit in (seed[-1:], seed[:1], seed[-8:]):
        yield (seed + unit * size)[:size]
    half = len(seed) // 2
    yield seed[:half] + (seed[half : half + 1] * size)[: max(0, size - len(seed))] + seed[half:]


def superlinear(run: Callable[[bytes], object], seed: bytes) -> list[str]:
    """Where eightfold input costs much more than eightfold work."""
    found = []
    base = max(SMALL, len(seed))
    for kind, (small, large) in enumerate(zip(enlarged(seed, base), enlarged(seed, TIMES * base), strict=True)):
        little, much = work(run, small), work(run, large)
        if much > MOST_GROWTH * max(little, 200):
            found.append(f"growth {kind}: {len(small)} bytes take {little} lines, {len(large)} bytes take {much}")
    return found
