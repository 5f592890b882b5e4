"""The kind of failure that a text speaks of, where the catalogue knows no such text: errors/patterns.toml.

Where no kind fits either, what the text is about: the subjects of errors/by-subject.toml. They ask for stronger words
of failure, since a subject alone says little.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from portcheck.catalogue.books import table

FAILING = re.compile(
    r"\b(?:able|aborted|alert|already|bad|broken|can|cannot|closed|complains|could|couldn|crashed|dead|deadlock|denied|died"
    r"|differs?|disabled|down|ended|errors?|event|exception|exited|expired|fail(?:ed|s|ure)?|incorrect|insufficient"
    r"|invalid|issues?|locked|lost|match|mismatch|missing|none|not?|offline|problems?|refused|rejected|reset|retries|skew"
    r"|stopped|sync|terminated|timed|timeout|unable|unavailable|unexpected|unknown|unreachable|unsuccessful"
    r"|unsynchronized|untrusted|wrong)\b"
)
"""A text without any of these tells of no failure."""
FAILED = re.compile(
    r"\w*(?:error|exception|failure|fault)s?(?![\w-])|\bfail(?:ed|s|ing)?(?!\w)"
    r"|\bcan(?:not| not|'t)\b|\bcould(?:n't| not)\b"
    r"|\b(?:un(?:able|supported|reachable|available|recogni[sz]ed|authori[sz]ed|successful|expected|known|resolved|trusted)"
    r"|den(?:y|ied)|refused?|rejected|invalid|illegal|malformed|timed? ?out|timeout|wrong|missing|expired|incorrect"
    r"|mis-?match|aborted|fatal|critical|broken|lost|problems?|corrupt(?:ed)?|crash(?:ed)?|blocked|insufficient"
    r"|unauthenticated|disallowed|prohibited|forbidden|panic|terminated|offline|bad|unhandled|deprecated|locked"
    r"|troubles?|inaccessible|interrupted|exceed(?:s|ed)|overflow|conflict\w*|duplicate\w*|revoked|dropped|hung|stuck"
    r"|incompatible|inconsistent|unusable|undefined|misconfigur\w*|violat\w*|skew|degraded|suspended|cancell?ed|unhealthy"
    r"|please (?:check|verify|try again|contact)|enter a valid"
    r"|too (?:big|large|long|many|small|old|short)|g(?:ave|iving) up|no longer|there (?:is|are|was|were) no)\b"
    r"|\b(?:support|accounts?|protocol|feature|service|users?) (?:is |are |was |has been )?disabled\b"
    r"|\b(?:is|are|was|were|has|have|had|do|does|did|would|will|be|cannot|has been) ?(?:not\b|n't\b)"
    r"|\bnot (?!only|later)\w+|(?:isn|aren|wasn|weren|hasn|haven|doesn|didn|don|won|wouldn)'t\b"
    r"|\bno (?:such|valid|suitable|known|default)"
    r"|\bno \w+(?: \w+){0,3} (?:available|found|defined|provided|supplied|given)\b"
    r"|\bnever\b|\bencountered\b|\b0x[8c][0-9a-f]{7}\b|\bproblem\b|\bstopped\b"
)
WELL = re.compile(
    r"\bno ?error\b|\b(?:no|0|zero|without(?: any)?|any) (?:errors?|fail(?:ed|ures?)|problems?|faults?|exceptions?)\b"
    r"|\b\w*(?:errors?|failures?|failed|fails?|err|faults?|exceptions?|lost|rejected|denied|timeouts?|missing)"
    r"[\"']?[\s=:]{1,3}[\"'\[(]?(?:0(?:\.0+)?\b(?![.:]\d)|(?:none|no|false|null|nil|success|ok)"
    r"(?=[\"'\])]*\s*(?:$|[,;)}\]|]|\w+=)))"
    r"|\b(?:checksum|crc\d{0,2}|hash|digest|handle|address|offset|cookie)[=: ]{1,2}@?0x[0-9a-f]+\b|\bunknown(?=\[)"
    r"|\b\w*=?on[-_](?:failure|error|abort)\b|\bexited (?:\w+ ){0,2}0\b|\b(?:not|none) (?:required|needed)\b"
    r"|\b(?:get|post|put|head|delete|options|propfind|connect) \S+(?= http/)|\berror ?level\b",
    re.IGNORECASE,
)
"""Words of failure that tell of none: counts of zero, requests of a web log, checksums, clients of unknown name."""
PATHS = re.compile(
    r"[\w.-]*/[\w./-]*|\b\w*error[-_.]?log\b|\b(?:if|when|until|unless) [^.;]{0,40}(?:fail|error|exception)\w*"
)
SHORTEST = 3  # words: less is a name, or a slip of the pen
LONGEST = 2000  # characters of a text that are looked at: a guess about more would be about nothing
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z][a-z])|_+")
SHOUTED_CAMEL = re.compile(r"(?<=[A-Z]{2})(?=[A-Z][a-z]{3})")  # LDAPError
NAME = r"\b(?:cn|ou|dc|uid|o)=[^,\s\"'\])]*,?"  # in a directory
NO_WORDS = re.compile(
    NAME + r"|\brpc error: (?:code = \w+ )?(?:desc = )?"  # gRPC, which has nothing to do with Windows's RPC
    r"|\brpc\.(?=\w)"  # of rpc.gssd, rpc.statd
    r"|\b\w+(?:\.\w+){2,}(?=\.[A-Z]\w+)"  # the package of a class
    r"|\b(?:azure )?(?:a?ad|entra)(?: id)? ?connect(?= ?(?:[A-Z]|\W))",  # products
    re.IGNORECASE,
)


def guessed(text: str) -> tuple[str, str, int] | None:
    """The error's name, the words that speak of it, and where they begin."""
    text = WELL.sub(" ", text[:LONGEST])
    told = _apart(NO_WORDS.sub(" ", text))
    if len(told.split()) < SHORTEST:
        return None
    if FAILING.search(told.casefold()) and (found := _first(told, table()["pattern"])):
        return found
    about = _apart(SHOUTED_CAMEL.sub(" ", re.sub(NAME, " ", text, flags=re.IGNORECASE)))
    return _first(about, table()["subject"]) if FAILED.search(PATHS.sub(" ", about.casefold())) else None


def _apart(text: str) -> str:
    return " ".join(CAMEL.sub(" ", text).split())


def _first(text: str, rows: Iterable[Mapping[str, Any]]) -> tuple[str, str, int] | None:
    folded = text.casefold()
    for row in rows:
        needed = row["needles"]
        if needed and not any(letters in folded for letters in needed):
            continue
        if found := _pattern(row["says"]).search(folded):
            return row["error"], text[found.start() : found.end()], found.start()
    return None


@cache
def _pattern(says: str) -> re.Pattern[str]:
    return re.compile(says)
