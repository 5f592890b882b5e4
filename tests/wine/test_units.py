"""The unit tests that are about the program and not about Linux, run by Windows' Python."""

from __future__ import annotations

import re

import pytest

from tests.wine.windows import Windows

FOLDERS = ("files", "config", "net", "investigate", "history", "report", "schedule", "cli")
RAN = re.compile(r"(\d+) passed")


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_units_hold_on_windows(windows: Windows, folder: str) -> None:
    asked = ("-q", "-x", "-p", "no:cacheprovider", "-m", "not lab and not wine", "-rfE", f"tests/{folder}")
    done = windows.run(windows.python, "-m", "pytest", *asked, timeout=280)
    said = done.out.decode("utf-8", "replace")
    assert done.code == 0, said[-6000:] + done.err.decode("utf-8", "replace")[-2000:]
    assert RAN.search(said), said[-500:]
