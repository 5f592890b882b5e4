"""Words from the network made harmless for a terminal: nothing in them moves the cursor, colours or reorders text."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

HARMFUL = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that are shown as escapes: controls, format and bidi marks, surrogates, the unassigned, breaks."""

MARKS_IN_A_ROW = 2
"""More combining marks on one letter are decoration that climbs into other lines."""

ASCII = str.maketrans({"·": "-", "–": "-", "—": "-", "…": "...", "×": "x", "→": "->", "’": "'", "“": '"', "”": '"'})


def printable(words: str) -> str:
    """The words in one line, with everything that a terminal would obey spelled as an escape."""
    if words.isascii() and words.isprintable():
        return words
    shown: list[str] = []
    marks = 0
    for char in words:
        category = unicodedata.category(char)
        marks = marks + 1 if category.startswith("M") else 0
        shown.append(escaped(char) if category in HARMFUL or marks > MARKS_IN_A_ROW else char)
    return "".join(shown)


def escaped(char: str) -> str:
    """`\\n`, `\\x1b`, `\\u202e`: the way programmers know them."""
    return char.encode("unicode_escape").decode("ascii")


def shorten(words: str, width: int) -> str:
    """At most `width` cells, the end cut with an ellipsis."""
    words = printable(words)
    if words.isascii() and len(words) <= width:
        return words
    from rich.cells import cell_len, set_cell_size

    if cell_len(words) <= width:
        return words
    return set_cell_size(words, max(width - 1, 0)).rstrip() + "…" if width > 0 else ""


def shorten_middle(words: str, width: int) -> str:
    """At most `width` cells, the middle cut: addresses and names tell most at their ends."""
    words = printable(words)
    if len(words) <= width or width < 5:
        return shorten(words, width)
    head = (width - 1) // 2
    return shorten(f"{words[:head]}…{words[len(words) - (width - 1 - head) :]}", width)


def plain(words: str, style: str = "") -> Text:
    """Printable words as rich text; never parsed as rich's markup."""
    from rich.text import Text

    return Text(printable(words), style=style)


def to_ascii(words: str) -> str:
    """For terminals and files that know only ASCII; what has no twin there becomes an escape."""
    return words.translate(ASCII).encode("ascii", "backslashreplace").decode("ascii")


def listed(words: tuple[str, ...], limit: int = 6) -> str:
    """`a, b, c and 4 more`"""
    shown = ", ".join(words[:limit])
    return shown if len(words) <= limit else f"{shown} and {len(words) - limit} more"


MARKDOWN = str.maketrans({char: f"\\{char}" for char in "\\`*_[]<>|#"})


def markdown(words: str) -> str:
    """Words that are no Markdown, whatever they are."""
    return printable(words).translate(MARKDOWN)
