"""One Windows for all tests that want it; they are skipped, saying why, where there can be none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wine.windows import Windows, why_not
from tests.wine.windows import windows as bring_up

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def windows() -> Iterator[Windows]:
    if reason := why_not():
        pytest.skip(reason)
    with bring_up() as up:
        yield up


LONGEST_FIRST = ("test_lab.py", "test_units.py", "test_units_of_commands.py", "test_console.py", "test_system.py")
"""Several processes take a file each, in this order: what takes longest is not begun last."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {name: place for place, name in enumerate(LONGEST_FIRST)}
    here = [place for place, test in enumerate(items) if test.path.parent == HERE]
    ordered = sorted((items[place] for place in here), key=lambda test: rank.get(test.path.name, len(rank)))
    for place, test in zip(here, ordered, strict=True):
        items[place] = test
    for test in items:
        if "windows" in getattr(test, "fixturenames", ()):
            test.add_marker(pytest.mark.wine)
