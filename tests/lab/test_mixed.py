"""Whatever is mixed: each cell shows what was done to it, the healthy are well, nobody is asked for what is open."""

from __future__ import annotations

import pytest

from tests.lab import mixed
from tests.lab.world import Lab

SEEDS = (1, 2, 3, 4)  # more of them: `python -m tests.bench.mixed`


@pytest.mark.parametrize("seed", SEEDS)
def test_every_cell_of_a_mixture_is_told_truly(lab: Lab, seed: int) -> None:
    done = mixed.drawn(lab, seed)
    with mixed.around(lab, seed) as beside, mixed.under_way(lab, done):
        run = lab.check("--profile", "mim")
    assert mixed.wrongs(lab, done, run) == [], "; ".join([beside, *map(str, done)])


def test_a_mixture_that_is_not_there_is_missed(lab: Lab) -> None:
    """What the comparison is worth: the faults of a mixture, and a run that saw none of them."""
    done = next(some for seed in SEEDS if (some := mixed.drawn(lab, seed)))
    run = lab.check("--profile", "mim")
    assert len(mixed.wrongs(lab, done, run)) >= len(done)
