"""Lost in one stretch, or here and there?"""

from __future__ import annotations

from dataclasses import replace

import pytest
from factories import outcome

from portcheck.diagnose import interrupted
from portcheck.model import Outcome, Trace

NAMES = ("kerberos/tcp", "ldap/tcp", "ldaps/tcp", "smb/tcp", "gc/tcp")


def heard(name: str, at_s: float, *more_s: float) -> Outcome:
    steps = tuple(Trace(at * 1000, "connected", "") for at in (at_s, *more_s))
    return replace(outcome(name), started_at="2026-11-22T21:38:19.000Z", evidence=steps)


def stretch(lossy: list[Outcome], *others: Outcome) -> float | None:
    return interrupted.seconds(lossy, [*lossy, *others])


def test_what_was_lost_while_nothing_was_heard_is_an_interruption() -> None:
    lossy = [heard(name, 5.0 + number / 10) for number, name in enumerate(NAMES)]
    assert stretch(lossy, heard("dns/tcp", 0.1), heard("rpc/tcp", 0.2)) == pytest.approx(4.8)


@pytest.mark.parametrize(
    ("at", "others"),
    [
        ((5.0, 5.1, 5.2, 5.3, 0.9), (0.1, 0.2)),  # one of them was answered before the stretch began
        ((5.0, 5.1, 5.2, 5.3, 5.4), (0.1, 1.9, 3.7)),  # others were answered meanwhile
        ((1.0, 1.1, 1.2, 1.3, 1.4), (0.1, 0.2)),  # so short is what a repeat takes
    ],
)
def test_what_was_lost_here_and_there_is_none(at: tuple[float, ...], others: tuple[float, ...]) -> None:
    lossy = [heard(name, when) for name, when in zip(NAMES, at, strict=True)]
    assert stretch(lossy, heard("dns/tcp", *others)) is None


def test_a_few_are_chance_and_a_saved_run_without_times_says_nothing() -> None:
    few = [heard(name, 5.0) for name in NAMES[:3]]
    assert stretch(few, heard("dns/tcp", 0.1)) is None
    assert stretch([replace(o, started_at="") for o in few * 2], heard("dns/tcp", 0.1)) is None
