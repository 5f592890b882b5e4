"""The kind of failure that a text speaks of, where the catalogue knows no such text: errors/patterns.toml."""

from __future__ import annotations

import re
from functools import cache

from portcheck.catalogue.books import table

NO = r"\b(?:can(?:not| not|'t)|could(?:n't| not)|unable|not able|fail(?:ed|s|ure)?|no|none|not|error|impossible)\b(?!-)"
FAILING = re.compile(
    r"\b(?:able|aborted|alert|already|bad|broken|can|cannot|closed|complains|could|couldn|crashed|dead|deadlock|denied|died"
    r"|differs?|disabled|down|ended|errors?|event|exception|exited|expired|fail(?:ed|s|ure)?|incorrect|insufficient"
    r"|invalid|issues?|locked|lost|match|mismatch|missing|none|not?|offline|problems?|refused|rejected|reset|retries|skew"
    r"|stopped|sync|terminated|timed|timeout|unable|unavailable|unexpected|unknown|unreachable|unsuccessful"
    r"|unsynchronized|untrusted|wrong)\b"
)
"""A text without any of these tells of no failure."""
SHORTEST = 3  # words: less is a name, or a slip of the pen
LONGEST = 2000  # characters of a text that are looked at: a guess about more would be about nothing
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z][a-z])|_+")
NO_WORDS = re.compile(
    r"\b(?:cn|ou|dc|uid|o)=[^,\s\"'\])]*,?"  # of a name in a directory
    r"|\brpc error: (?:code = \w+ )?(?:desc = )?"  # gRPC, which has nothing to do with Windows's RPC
    r"|\brpc\.(?=\w)"  # of rpc.gssd, rpc.statd
    r"|\b\w+(?:\.\w+){2,}(?=\.[A-Z]\w+)"  # the package of a class
    r"|\b(?:azure )?(?:a?ad|entra)(?: id)? ?connect(?= ?(?:[A-Z]|\W))",  # products
    re.IGNORECASE,
)


def guessed(text: str) -> tuple[str, str, int] | None:
    """The error's name, the words that speak of it, and where they begin."""
    text = " ".join(CAMEL.sub(" ", NO_WORDS.sub(" ", text[:LONGEST])).split())
    folded = text.casefold()
    if len(folded.split()) < SHORTEST or not FAILING.search(folded):
        return None
    for name, pattern in _patterns():
        if found := pattern.search(folded):
            return name, text[found.start() : found.end()], found.start()
    return None


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((row["error"], re.compile(row["says"].replace("{no}", NO))) for row in table()["pattern"])
