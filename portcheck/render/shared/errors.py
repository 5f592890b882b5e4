"""Errors as users see them: the number and the text of the message box, not our name for it."""

from __future__ import annotations

from portcheck.catalogue.errors import errors
from portcheck.render.shared.text import shorten

LONGEST = 60
MOST = 3


def error_words(name: str, *, whole: bool = False) -> str:
    """`1722 The RPC server is unavailable`; what has no number is the word itself."""
    known = errors().get(name)
    if known is None or not known.forms:
        return name
    spoken = next((text for text in known.texts if " " in text), known.texts[0] if known.texts else name)
    words = f"{known.forms[0]} {spoken}"
    return words if whole else shorten(words, LONGEST)


def users_see(names: tuple[str, ...], *, whole: bool = False) -> str:
    """The likeliest first; of many the first. `whole`: with every word of their texts, for who hears them."""
    more = f"; and {len(names) - MOST} more" if len(names) > MOST else ""
    return "; ".join(error_words(name, whole=whole) for name in names[:MOST]) + more
