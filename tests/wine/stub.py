"""A DLL that Wine 8 has not: `bcryptprimitives.dll`, one export, forwarded to one that Wine has; no compiler needed.

Rust's standard library takes its random numbers from `ProcessPrng` (buffer, length), and `cryptography` is written in
it; `SystemFunction036` (RtlGenRandom) takes the same two arguments and fills the buffer too. The layout: PE Format,
https://learn.microsoft.com/windows/win32/debug/pe-format
"""

from __future__ import annotations

import struct

NAME, EXPORT, FORWARD = b"bcryptprimitives.dll", b"ProcessPrng", b"advapi32.SystemFunction036"
PAGE, SECTOR = 0x1000, 0x200
AMD64, DLL_OF_64_BITS, PE32_PLUS = 0x8664, 0x2022, 0x20B
READABLE = 0x4000_0040  # a section of initialised content


def image() -> bytes:
    """The whole file: headers in the first sector, the export directory in the second."""
    exports = _exports(PAGE)
    optional = struct.pack(
        "<HBBIIIIIQIIHHHHHHIIIIHHQQQQII",
        *(PE32_PLUS, 1, 0, 0, SECTOR, 0, 0, PAGE),  # no entry point: nothing runs when it is loaded
        *(0x1_8000_0000, PAGE, SECTOR, 6, 0, 0, 0, 6, 0, 0, 2 * PAGE, SECTOR, 0, 3, 0x0160),
        *(PAGE, PAGE, PAGE, PAGE, 0, 16),
    )
    directories = struct.pack("<II", PAGE, len(exports)) + bytes(15 * 8)
    header = struct.pack("<HHIIIHH", AMD64, 1, 0, 0, 0, len(optional + directories), DLL_OF_64_BITS)
    section = struct.pack("<8sIIIIIIHHI", b".edata", len(exports), PAGE, SECTOR, SECTOR, 0, 0, 0, 0, READABLE)
    start = b"MZ".ljust(60, b"\0") + struct.pack("<I", 64)
    return (start + b"PE\0\0" + header + optional + directories + section).ljust(SECTOR, b"\0") + exports.ljust(
        SECTOR, b"\0"
    )


def _exports(at: int) -> bytes:
    """An address inside the directory itself is a forwarder's name (PE Format, "Export Address Table")."""
    tables = at + 40
    names = tables + 4 + 4 + 2
    export, forward = names + len(NAME) + 1, names + len(NAME) + 1 + len(EXPORT) + 1
    head = struct.pack("<IIHHIIIIIII", 0, 0, 0, 0, names, 1, 1, 1, tables, tables + 4, tables + 8)
    return head + struct.pack("<IIH", forward, export, 0) + b"\0".join((NAME, EXPORT, FORWARD, b""))
