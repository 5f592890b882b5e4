"""One lab for all tests that want it; they are skipped, saying why, where there can be none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.outside import Outside, outside, why_no_outside
from tests.lab.program import Run
from tests.lab.world import Lab, why_not
from tests.lab.world import lab as bring_up


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    if reason := why_not():
        pytest.skip(reason)
    with bring_up() as up:
        yield up


@pytest.fixture(scope="session")
def healthy(lab: Lab) -> Run:
    """What portcheck says of the lab when nothing is broken; `Run.differs_from_healthy` compares with it."""
    run = lab.check()
    lab.healthy = run.cells
    return run


@pytest.fixture(scope="session")
def net_outside() -> Iterator[Outside]:
    """The small lab: a client, a proxy and an internet, no domain controllers."""
    if reason := why_not() or why_no_outside():
        pytest.skip(reason)
    with outside() as up:
        yield up


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses by the mark
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for test in items:
        if {"lab", "net_outside"} & set(getattr(test, "fixturenames", ())):
            test.add_marker(pytest.mark.lab)
            # Six labs of real servers share this machine: a lab test that fails is asked once more, and pytest's
            # closing line tells how many were.
            test.add_marker(pytest.mark.flaky(reruns=1))
