"""GUIDs between their text form and Microsoft's mixed-endian bytes (MS-DTYP 2.3.4); `uuid` is slow to import."""

from __future__ import annotations

import re

from portcheck.wire import WireError

TEXT = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def pack(text: str) -> bytes:
    """16 bytes for `12345678-1234-abcd-ef00-01234567cffb`; ValueError when it is not a GUID."""
    if not TEXT.fullmatch(text):
        raise ValueError(f"not a GUID: {text!r}")
    raw = bytes.fromhex(text.replace("-", ""))
    return raw[3::-1] + raw[5:3:-1] + raw[7:5:-1] + raw[8:]


def unpack(data: bytes) -> str:
    if len(data) != 16:
        raise WireError(f"a GUID has 16 bytes, not {len(data)}")
    raw = (data[3::-1] + data[5:3:-1] + data[7:5:-1] + data[8:]).hex()
    return "-".join((raw[:8], raw[8:12], raw[12:16], raw[16:20], raw[20:]))
