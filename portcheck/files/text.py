"""Text that a person hands us, whatever saved it: UTF-8 with or without its mark, or UTF-16, as PowerShell and Notepad.

A mark left in the text would be sent as the first character of a password.
"""

from __future__ import annotations

import codecs

MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class NotTextError(ValueError):
    """Bytes that are neither; `at` of them could be read."""

    def __init__(self, at: int) -> None:
        super().__init__("is not text in UTF-8 or UTF-16; save it as UTF-8")
        self.at = at


def decoded(raw: bytes) -> str:
    """All of it, without its mark. Raises NotTextError."""
    mark, encoding = spelled_in(raw)
    try:
        return raw[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        raise NotTextError(len(mark) + error.start) from None


def spelled_in(head: bytes) -> tuple[bytes, str]:
    """The mark that a text begins with (empty: none) and its encoding; the first sixteen bytes tell.

    UTF-16 without a mark shows by a zero in most of its pairs: in the second byte little endian, in the first big.
    """
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return mark, encoding
    pairs = min(len(head), 16) // 2
    zeros = head[0 : 2 * pairs : 2].count(0), head[1 : 2 * pairs : 2].count(0)
    return b"", "utf-16-le" if 2 * zeros[1] > pairs else "utf-16-be" if 2 * zeros[0] > pairs else "utf-8"
