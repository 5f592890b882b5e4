"""Which form of the password request is sent after how many resets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import pytest
from factories import check

from portcheck.net.timeline import Timeline
from portcheck.probes import kpasswd
from portcheck.probes.probe import Subject
from portcheck.wire import WireError
from portcheck.wire.kpasswd import minimal_request


class Recorded:
    """A network that keeps what is sent, and whose answer is none."""

    def __init__(self, resets: int) -> None:
        self.trail = Timeline()
        self.trail.facts["resets_before_answer"] = resets
        self.sent = b""

    async def tcp(self, _: int) -> Recorded:
        return self

    async def send(self, data: bytes, _: str) -> None:
        self.sent = data

    async def read_frame(self, *_: Callable[[bytes], int] | str) -> bytes:
        raise WireError("nothing")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""


@pytest.mark.parametrize("resets", range(5))
async def test_over_tcp_every_try_is_of_the_usual_size(resets: int) -> None:
    """A device that cuts what is larger than a SYN lets the smallest form pass, and no password."""
    net: Any = Recorded(resets)
    with pytest.raises(WireError):
        await kpasswd.run(check("kpasswd/tcp"), net, Subject("dc1.alpha.test", "alpha.test"))
    assert len(net.sent) > 10 * len(minimal_request())
