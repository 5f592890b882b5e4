"""Connections that may not linger: who sends no whole request, or does not read the answer, is cut off."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 10.0
"""For a whole request."""
GLANCE_S = 20.0
"""An answer of which nothing was taken between two glances is not read."""


class ImpatientProtocol(H11Protocol):
    """uvicorn's, which waits for ever for the rest of a head and for the reader of a full buffer."""

    _head: asyncio.TimerHandle | None = None
    _glance: asyncio.TimerHandle | None = None
    _unread = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._arm()
        self._glance = self.loop.call_later(GLANCE_S, self._look)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._arm()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        for timer in (self._head, self._glance):
            if timer is not None:
                timer.cancel()

    def _arm(self) -> None:
        """One timer from the first byte to the whole head: more bytes do not buy more time."""
        busy = self.cycle is not None and not self.cycle.response_complete
        if busy and self._head is not None:
            self._head.cancel()
            self._head = None
        elif not busy and self._head is None:
            self._head = self.loop.call_later(HEAD_S, self.transport.abort)

    def _look(self) -> None:
        left = self.transport.get_write_buffer_size()
        if left and left >= self._unread > 0:
            self.transport.abort()
            return
        self._unread = left
        self._glance = self.loop.call_later(GLANCE_S, self._look)
