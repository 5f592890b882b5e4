"""Spellings and texts made alike: how a spelling with gaps is found inside a longer text, and by which words.

In a spelling `…` stands for anything short; `~` in front says that the words mean the error only beside words that
name its family.
"""

from __future__ import annotations

import re
from collections.abc import KeysView
from functools import cache

GAP = "…"
NEEDS_FAMILY = "~"
LONGEST_GAP = 160
WORD = re.compile(r"[a-z][a-z0-9_]+")
QUOTES = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "‑": "-", "–": "-", "\u00a0": " ", "`": "'"})
ENTITY = re.compile(r"&(?:#x?[0-9a-f]{1,5}|quot|apos|lt|gt|amp|nbsp);", re.IGNORECASE)
ESCAPED = re.compile(
    r"\\(?:u00(?P<code>[2-7][0-9a-f])|(?P<mark>[\"'])|r\\n|n(?= ))", re.IGNORECASE
)  # inside JSON, or a repr
COLOURS = re.compile(r"\x1b\[[\d;]{0,12}m")


def plain(text: str) -> str:
    """One line, with the quotes, dashes and blanks that a keyboard has, whatever it was wrapped in."""
    text = text.translate(QUOTES)
    if "&" in text:
        import html  # its table of entities is large, and few texts have any

        text = ENTITY.sub(lambda found: html.unescape(found[0]), text)
    if "\\" in text:
        text = ESCAPED.sub(_unescaped, text)
    if "\x1b" in text:
        text = COLOURS.sub("", text)
    return " ".join(text.split())


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found["code"], 16)) if found["code"] else found["mark"] or " "


def words(text: str) -> KeysView[str]:
    """The words that may point to spellings, each once, in the order of the text: the same text, the same answer."""
    return dict.fromkeys(WORD.findall(text.casefold())).keys()


def canonical(text: str) -> str:
    """What two ways of writing one spelling have in common."""
    text = plain(text.removeprefix(NEEDS_FAMILY)).replace(GAP, " ")
    found = re.sub(r"[\s_-]+", " ", text).strip(" .:;,!'\"").casefold()
    return found.removeprefix("the ")


@cache
def pieces(spelled: str) -> tuple[str, ...]:
    """Its parts between the gaps, folded."""
    parts = plain(spelled.removeprefix(NEEDS_FAMILY)).casefold().split(GAP)
    return tuple(part.strip() for part in parts if part.strip())


@cache
def pattern(spelled: str) -> re.Pattern[str]:
    """Finds it as whole words in a plain text, whatever the case."""
    parts = pieces(spelled)
    inner = (_at_words(part) for part in parts[1:])
    body = rf".{{0,{LONGEST_GAP}}}?".join((re.escape(parts[0]), *inner)) if len(parts) > 1 else re.escape(parts[0])
    before = r"(?<![\w-])" if parts[0][0].isalnum() else ""
    after = r"(?![\w-])" if parts[-1][-1].isalnum() else ""
    return re.compile(before + body + after, re.IGNORECASE)


def _at_words(part: str) -> str:
    """Behind a gap a word begins: no `is` of `Paris`."""
    return (r"(?<![A-Za-z])" if part[0].isalpha() else "") + re.escape(part)


def alone(spelled: str) -> bool:
    """Whether these words mean the error wherever they stand: symbols and sentences do, `busy` does not."""
    if spelled.startswith(NEEDS_FAMILY):
        return False
    return bool(re.search(r"[ _:-]|[a-z][A-Z]|[A-Z]{2}|\w{14}", spelled.strip()))
