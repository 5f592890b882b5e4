"""The same faults of real forests, told from Linux and from Windows: no cell differs but those that are named."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.world import Lab, why_not
from tests.lab.world import lab as bring_up
from tests.wine.scenarios import (
    FORESTS,
    SCENARIOS,
    Scenario,
    both,
    client,
    differences,
    problems,
    told_alike,
    unexplained,
    worded,
)
from tests.wine.windows import Windows
from tests.wine.windows import why_not as why_no_windows


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    if reason := why_not():
        pytest.skip(reason)
    with bring_up() as up:
        yield up


@pytest.fixture(scope="module")
def there(lab: Lab) -> Iterator[Windows]:
    if reason := why_no_windows():
        pytest.skip(reason)
    with client(lab) as up:
        yield up


@pytest.mark.lab
@pytest.mark.wine
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_windows_tells_what_linux_tells(lab: Lab, there: Windows, scenario: Scenario) -> None:
    linux, windows = both(lab, there, scenario)
    assert windows.report is not None, windows.stderr
    assert "Traceback" not in windows.stderr
    assert not problems(linux, windows)
    found = differences(linux, windows)
    assert not unexplained(scenario, found)
    assert {cell[1] for cell in found} == set(scenario.differs)
    assert linux.code == windows.code
    alike = told_alike(linux, windows)
    assert all(alike.values())
    assert len(alike) == (len(FORESTS) if not scenario.differs else len(FORESTS) - 1)
    assert not scenario.differs or worded(windows, scenario.differs)
