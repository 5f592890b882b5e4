"""What a program shows on a pseudo-terminal (POSIX)."""

from __future__ import annotations

import os
import select
import time


def shown_until(terminal: int, words: bytes | None) -> bytes:
    """What is shown until these words, or the end."""
    shown, end = b"", time.monotonic() + 60
    while (words is None or words not in shown) and time.monotonic() < end:
        if select.select([terminal], [], [], 1)[0]:
            try:
                part = os.read(terminal, 65536)
            except OSError:  # Linux: the other side is gone
                break
            if not part:
                break
            shown += part
    return shown
