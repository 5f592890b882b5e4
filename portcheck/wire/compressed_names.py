"""Names as labels with pointers (RFC 1035, 4.1.4), as the netlogon answer holds them."""

from __future__ import annotations

from portcheck.wire import WireError
from portcheck.wire.text import printable

MAX_NAME = 255
POINTER = 0xC0


def read_name(data: bytes, offset: int, end: int) -> tuple[str, int]:
    """The name at `offset`, and where the next field starts. Nothing at or behind `end` is read."""
    labels: list[str] = []
    after: int | None = None
    room = MAX_NAME
    while True:
        if offset >= end:
            raise WireError("name cut short")
        size = data[offset]
        if size & POINTER == POINTER:
            if offset + 2 > end:
                raise WireError("name pointer cut short")
            target = (size & 0x3F) << 8 | data[offset + 1]
            # only backwards, so that no chain of pointers can go on for ever
            if target >= offset:
                raise WireError("name pointer that does not point back")
            after = offset + 2 if after is None else after
            offset = target
            room -= 1
        elif size & POINTER:
            raise WireError(f"name label of kind 0x{size:02x}")
        else:
            offset += 1 + size
            if size == 0:
                return ".".join(labels), offset if after is None else after
            if offset > end:
                raise WireError("name cut short")
            labels.append(printable(data[offset - size : offset]))
            room -= 1 + size
        if room < 0:
            raise WireError(f"name of more than {MAX_NAME} bytes")


class NamePacker:
    """Appends names to a message, pointing back to endings already written in it."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._seen: dict[tuple[str, ...], int] = {}

    def add(self, name: str) -> None:
        labels = tuple(label for label in name.split(".") if label)
        for index, label in enumerate(labels):
            rest = labels[index:]
            if rest in self._seen:
                self.data += (POINTER << 8 | self._seen[rest]).to_bytes(2, "big")
                return
            self._seen[rest] = len(self.data)
            raw = label.encode()[:63]
            self.data += bytes((len(raw),)) + raw
        self.data += b"\0"
