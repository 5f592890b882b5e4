"""A day of scrapes in short: every sample is true, and nothing grows."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from .conftest import Server
from .soaking import forests_file, free_port, held, rounds

WARM, LONG = 20, 100
POOL = 2  # the second of the two places to run at may open only now, with what it holds
SLACK_KIB = 6 * 1024
"""What the allocator may keep; a report held on to at each scrape would be more."""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_every_scrape_tells_what_is_so_now_and_nothing_grows(served: Server, tmp_path: Path) -> None:
    port = free_port()
    one = served(forests_file(tmp_path, port))
    wrong = [(said, true) for said, true in rounds(one, port, WARM) if said != true]
    before = held(one.process.pid)
    wrong += [(said, true) for said, true in rounds(one, port, LONG) if said != true]
    after = held(one.process.pid)
    assert wrong == []
    assert after.descriptors <= before.descriptors + POOL
    assert after.threads <= before.threads + POOL
    assert after.memory_kib - before.memory_kib < SLACK_KIB
