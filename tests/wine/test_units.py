"""The tests of what reads, asks and finds out, run by Windows' Python in one go."""

from __future__ import annotations

import pytest

from tests.wine.units import LONGEST_S, hold
from tests.wine.windows import Windows

FOLDERS = ("files", "config", "engine", "investigate", "net", "report", "server")


@pytest.mark.timeout(LONGEST_S + 60)
def test_the_units_hold_on_windows(windows: Windows) -> None:
    hold(windows, 2000, *(f"tests/{each}" for each in FOLDERS))
