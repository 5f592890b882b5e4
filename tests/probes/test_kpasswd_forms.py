"""Which form of the password request is sent after how many resets."""

from __future__ import annotations

import pytest
from factories import check
from fake_network import FakeNetwork

from portcheck.model import State
from portcheck.net.errors import NetError
from portcheck.probes import kpasswd
from portcheck.probes.probe import Subject
from portcheck.wire.kpasswd import minimal_request


@pytest.mark.parametrize("resets", range(5))
async def test_over_tcp_every_try_is_of_the_usual_size(resets: int) -> None:
    """A device that cuts what is larger than a SYN lets the smallest form pass, and no password."""
    net = FakeNetwork(NetError(State.RESET, "cut"))
    net.trail.facts["resets_before_answer"] = resets
    with pytest.raises(NetError):
        await kpasswd.run(check("kpasswd/tcp"), net, Subject("dc1.alpha.test", "alpha.test"))
    ((transport, port, sent),) = net.sent
    assert (transport, port) == ("tcp", 464)
    assert len(sent) > 10 * len(minimal_request())
