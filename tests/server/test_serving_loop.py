"""The loop of what serves says nothing of a visitor who is gone, and tells every fault of its own."""

from __future__ import annotations

import asyncio
import errno

import pytest

from portcheck.server.serving_loop import runner

GONE = (ConnectionResetError(), ConnectionAbortedError(), OSError(errno.ENOTCONN, "not connected"))


def said_of(fault: Exception, caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the loop logs where a callback of its own raises this."""

    def fail() -> None:
        raise fault

    async def serve() -> None:
        asyncio.get_running_loop().call_soon(fail)
        await asyncio.sleep(0)

    with runner() as loop:
        loop.run(serve())
    return [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize("fault", GONE, ids=repr)
def test_a_visitor_who_is_gone_is_not_worth_a_word(fault: Exception, caplog: pytest.LogCaptureFixture) -> None:
    assert said_of(fault, caplog) == []


@pytest.mark.parametrize("fault", [OSError(errno.EINVAL, "no such thing"), ValueError("ours")], ids=repr)
def test_a_fault_of_its_own_is_told(fault: Exception, caplog: pytest.LogCaptureFixture) -> None:
    (message,) = said_of(fault, caplog)
    assert "Exception in callback" in message
