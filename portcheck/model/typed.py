"""A command line as a person types it into a shell of this system."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence

PLAIN = re.compile(r"[\w.:\\/+=-]+")
"""What neither cmd nor PowerShell takes for more than it is: PowerShell splits at a comma, cmd at &."""


def typed(words: Sequence[str], system: str = os.name) -> str:
    """With quotes where they are needed: on Windows the double ones, which alone cmd knows."""
    return " ".join(map(_quoted, words)) if system == "nt" else shlex.join(words)


def _quoted(word: str) -> str:
    """As Windows' C runtime takes it apart: backslashes before a quote count twice.

    https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments
    """
    if PLAIN.fullmatch(word):
        return word
    return '"' + re.sub(r'(\\*)("|$)', lambda found: found[1] * 2 + found[2].replace('"', r"\""), word) + '"'
