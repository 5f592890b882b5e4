"""The tests of what asks and finds out, run by Windows' Python in one go."""

from __future__ import annotations

from tests.wine.units import hold
from tests.wine.windows import Windows

FOLDERS = ("files", "engine", "investigate", "net", "server")


def test_the_units_hold_on_windows(windows: Windows) -> None:
    hold(windows, 1000, *(f"tests/{each}" for each in FOLDERS))
