"""Signals at random moments of a run: what was found is shown, written and kept. `tests/bench/kills.py` does 300."""

from __future__ import annotations

import sys

import pytest
from bench.kills import kills, table

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")


def test_nothing_that_was_found_is_lost_to_a_signal() -> None:
    found = list(kills(24, seed=20))
    assert not [kill for kill in found if kill.faults], f"lost or wrong: {table(found)}"
    assert sum(kill.phase in {"asking", "after the last check"} for kill in found) >= len(found) // 6, (
        f"too few: {table(found)}"
    )
    assert {kill.ending for kill in found} == {"SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"}
