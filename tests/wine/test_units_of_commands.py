"""The tests of what is told, kept and written, run by Windows' Python in one go."""

from __future__ import annotations

import pytest

from tests.wine.parts import PROJECT
from tests.wine.units import LEFT_OUT, LONG, LONGEST_S, hold
from tests.wine.windows import Windows

FOLDERS = ("cli", "history", "model", "render", "schedule")


@pytest.mark.timeout(LONGEST_S + 60)
def test_the_units_of_commands_hold_on_windows(windows: Windows) -> None:
    hold(windows, 900, *(f"tests/{each}" for each in FOLDERS))


def test_what_is_left_out_is_there() -> None:
    paths = [*LEFT_OUT, *(test.partition("::")[0] for test in LONG)]
    assert [path for path in paths if not (PROJECT / path).exists()] == []
    names = [test.partition("::") for test in LONG]
    assert all(f"def {name}(" in (PROJECT / path).read_text(encoding="utf-8") for path, _, name in names if name)
