"""Whose clock is off, over all forests of a run: ours, one controller's, or it cannot be told."""

from __future__ import annotations

import pytest
from diagnose.scenarios import report_of

from portcheck.diagnose import diagnose
from portcheck.model import Finding

OURS, THEIRS, UNTOLD = "it is this machine's clock", "it is the controller's clock", "Nothing else"


def finding(**forests: list[float]) -> dict[str, Finding]:
    """Each forest's finding, its controllers' clocks being off by so many seconds."""
    told = {
        f"{name}.test": {
            "hosts": {
                f"dc{number}.{name}.test": {"given": {"kerberos/88/tcp": {"state": "ok", "facts": {"clock_skew_s": s}}}}
                for number, s in enumerate(skews)
            }
        }
        for name, skews in forests.items()
    }
    first, *others = told
    found = diagnose(report_of({**told[first], "forests": {other: told[other] for other in others}}, name=first))
    return {f.forest.removesuffix(".test"): f for f in found if f.code == "time-skew"}


@pytest.mark.parametrize(
    ("clocks", "off", "whose"),
    [
        ({"a": [700.0]}, {"a"}, UNTOLD),
        ({"a": [700.0, 0.3]}, {"a"}, THEIRS),
        ({"a": [700.0, 702.0]}, {"a"}, OURS),
        ({"a": [700.0], "b": [699.0], "c": [701.0]}, {"a", "b", "c"}, OURS),
        ({"a": [700.0], "b": [0.1], "c": [-0.1]}, {"a"}, THEIRS),
        (
            {"a": [700.0, 701.0], "b": [0.0]},
            {"a"},
            "it is these controllers' clocks",
        ),  # one forest is one voice
        ({"a": [700.0], "b": [701.0], "c": [699.0], "d": [0.0]}, {"a", "b", "c"}, OURS),
        ({"a": [700.0], "b": [701.0], "c": [0.0]}, {"a", "b"}, THEIRS),  # two forests against one and this machine
        ({"a": [700.0], "b": [-900.0]}, {"a", "b"}, UNTOLD),
        ({"a": [-400.0, -401.0, 3000.0], "b": [-399.0]}, {"a", "b"}, OURS),
    ],
)
def test_whose_clock_it_is(clocks: dict[str, list[float]], off: set[str], whose: str) -> None:
    found = finding(**clocks)
    assert set(found) == off
    assert {name for name, one in found.items() if whose in one.explanation} == off


def test_our_clock_is_told_by_what_most_differ_by_and_in_which_direction() -> None:
    found = finding(a=[-400.0, -401.0, 3000.0], b=[-399.0])["a"]
    assert "this machine's clock is 7 min ahead of the controllers'" in found.title
    assert "3 of 4 controllers of 2 forests" in found.explanation
    assert "50 min ahead of this machine" in found.evidence
