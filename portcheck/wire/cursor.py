"""Reading a message from front to back, never past its end; the binary codecs stand on it."""

from __future__ import annotations

from typing import Literal

from portcheck.wire import WireError


class Cursor:
    """A place in a message. Every reading is checked against the end; offsets count from the start of `data`."""

    __slots__ = ("at", "data", "order")

    def __init__(self, data: bytes, at: int = 0, order: Literal["little", "big"] = "little") -> None:
        self.data = data
        self.at = at
        self.order: Literal["little", "big"] = order

    @property
    def left(self) -> int:
        return len(self.data) - self.at

    def take(self, count: int) -> bytes:
        if count < 0 or count > self.left:
            raise WireError(f"message ends early: {count} bytes wanted at {self.at}, {self.left} left")
        self.at += count
        return self.data[self.at - count : self.at]

    def integer(self, size: int) -> int:
        return int.from_bytes(self.take(size), self.order)

    def align(self, size: int) -> None:
        """Skip padding; its bytes may be anything."""
        self.take(-self.at % size)
