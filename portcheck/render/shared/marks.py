"""How a verdict looks: a mark that tells without colour, the colour, and the word for those who read neither."""

from __future__ import annotations

import os
from collections.abc import Mapping

from portcheck.frozen import dataclass
from portcheck.model import Severity, Verdict


@dataclass(frozen=True, slots=True)
class Mark:
    sign: str
    ascii: str
    style: str
    word: str

    def drawn(self, *, ascii_only: bool) -> str:
        if ascii_only:
            return self.ascii
        return IN_CONSOLAS.get(self.sign, self.sign) if is_classic_console() else self.sign


IN_CONSOLAS = {"✔": "√", "✖": "×", "○": "o"}
"""The classic console's font lacks these, and shows a box; Windows Terminal takes them from another font."""


def is_classic_console(system: str = os.name, environ: Mapping[str, str] = os.environ) -> bool:
    """WT_SESSION is set by Windows Terminal: https://learn.microsoft.com/windows/terminal/faq"""
    return system == "nt" and "WT_SESSION" not in environ


VERDICTS = {
    Verdict.PASS: Mark("✔", "+", "green", "as expected"),
    Verdict.WARN: Mark("!", "!", "yellow", "minor fault"),
    Verdict.FAIL: Mark("✖", "X", "bold red", "fault"),
    Verdict.SKIP: Mark("–", "-", "dim", "not asked or not offered"),
    Verdict.UNKNOWN: Mark("?", "?", "magenta", "could not be asked"),
}

SEVERITIES = {
    Severity.ERROR: Mark("✖", "X", "bold red", "fault"),
    Severity.WARNING: Mark("!", "!", "bold yellow", "warning"),
    Severity.INFO: Mark("i", "i", "cyan", "note"),
}

WAITING = Mark("·", ".", "dim", "not yet asked")
RUNNING = Mark("○", "o", "cyan", "waiting for an answer")

ALL = (*VERDICTS.values(), *SEVERITIES.values(), WAITING, RUNNING)


def can_draw(encoding: str | None) -> bool:
    """Whether a stream of this encoding knows every sign."""
    try:
        "".join(mark.sign for mark in ALL).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
