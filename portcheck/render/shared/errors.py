"""Errors as users see them: the number and the text of the message box, not our name for it."""

from __future__ import annotations

from portcheck.catalogue.errors import errors
from portcheck.render.shared.text import shorten

LONGEST = 60
MOST = 3


def error_words(name: str) -> str:
    """`1722 The RPC server is unavailable`; what has no number is the word itself."""
    known = errors().get(name)
    if known is None or not known.forms:
        return name
    spoken = next((text for text in known.texts if " " in text), known.texts[0] if known.texts else name)
    return shorten(f"{known.forms[0]} {spoken}", LONGEST)


def users_see(names: tuple[str, ...]) -> str:
    """The likeliest first; of many the first."""
    more = f"; and {len(names) - MOST} more" if len(names) > MOST else ""
    return "; ".join(map(error_words, names[:MOST])) + more
