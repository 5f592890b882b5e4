"""One Windows for all tests that want it; they are skipped, saying why, where there can be none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.wine.windows import Windows, why_not
from tests.wine.windows import windows as bring_up


@pytest.fixture(scope="session")
def windows() -> Iterator[Windows]:
    if reason := why_not():
        pytest.skip(reason)
    with bring_up() as up:
        yield up


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for test in items:
        if "windows" in getattr(test, "fixturenames", ()):
            test.add_marker(pytest.mark.wine)
