"""A server's clock against ours, on a machine that looked in time, and on one that did not."""

from __future__ import annotations

import time

import pytest

from portcheck.net import timeline
from portcheck.net.timeline import Timeline
from portcheck.probes.clock import skew_s


def trail(monkeypatch: pytest.MonkeyPatch, *, missed: float = 0.0, set_s: float = 0.0) -> Timeline:
    """A check that began now; since then the loop missed so much, and the wall clock was set forward."""
    one = Timeline(answered_at=time.time() + set_s, began=time.time() - set_s, missed_s=0.0)
    monkeypatch.setattr(timeline, "missed_s", lambda: missed)
    return one


@pytest.mark.parametrize("ahead", [1200.0, -1200.0, 3.0, 0.0])
def test_who_looked_in_time_tells_the_difference(ahead: float, monkeypatch: pytest.MonkeyPatch) -> None:
    one = trail(monkeypatch)
    assert one.answered_at is not None
    assert skew_s(one.answered_at + ahead, one) == pytest.approx(ahead, abs=0.01)


@pytest.mark.parametrize(("ahead", "told"), [(1200.0, 1195.0), (-1200.0, -1195.0), (3.0, None), (-4.9, None)])
def test_a_busy_machine_tells_what_is_beyond_its_own_delay(
    ahead: float, told: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = trail(monkeypatch, missed=5.0)
    assert one.answered_at is not None
    found = skew_s(one.answered_at + ahead, one)
    assert found == (told if told is None else pytest.approx(told, abs=0.5))


def test_a_machine_that_slept_for_an_hour_calls_no_clock_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    one = trail(monkeypatch, set_s=3600.0)
    assert skew_s(time.time() + 5.0, one) is None
