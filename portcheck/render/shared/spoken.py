"""`--accessible` where others see columns: a name and its words are one sentence; nothing is aligned or wrapped."""

from __future__ import annotations

import os
from collections.abc import Mapping

from portcheck.model.folding import capital

ACCESSIBLE = "PORTCHECK_ACCESSIBLE"
"""Set and not empty: as `--accessible` with every command."""

LISTENER = 0
"""In place of a width: who hears a text has no columns."""
ENDS = (".", ":", "?", "!")


def width(usual: int, environ: Mapping[str, str] = os.environ) -> int:
    """What `portcheck --accessible`, or the environment, makes of a width."""
    return LISTENER if environ.get(ACCESSIBLE) else usual


def sentence(name: str, words: str) -> str:
    """`Means: silence after every attempt.`"""
    lead = " ".join(name.split()).strip(" -")
    if not lead:
        return ended(words)
    joint = " " if lead.endswith(ENDS) else ": "
    return ended(f"{capital(lead)}{joint}{words}")


def named(name: str, words: str) -> str:
    """`rodc: Read-only domain controller.`: a name is spelled as it is typed."""
    return ended(f"{name}: {words}")


def ended(words: str) -> str:
    """With a full stop, where nothing ends it yet."""
    told = " ".join(words.split())
    return told if not told or told.endswith(ENDS) else f"{told}."
