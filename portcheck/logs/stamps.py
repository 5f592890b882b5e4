"""When a line was written, in the many ways logs write it, and which hosts it names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

HEAD = 80  # characters at the start of a line in which its time stands
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"

YEAR_FIRST = re.compile(r"(\d{4})[-/](\d\d)[-/](\d\d)[T ,]+(\d\d:\d\d:\d\d)")
MONTH_DAY_YEAR = re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{4}),? (\d{1,2}):(\d\d):(\d\d)(?: ?([AP]M))?", re.IGNORECASE)
DAY_DOT = re.compile(r"\b(\d{1,2})\.(\d{1,2})\.(\d{4}),? (\d\d?):(\d\d:\d\d)")
NAMED_MONTH = re.compile(
    r"\b(?:(?P<before>\d{1,2})[ /](?P<m1>[A-Z][a-z]{2})[ /](?P<y1>\d{4})[: ]"
    r"|(?P<m2>[A-Z][a-z]{2}) +(?P<after>\d{1,2}),? +(?:(?P<y2>\d{4}),? +)?)"
    r"(?P<time>\d{1,2}:\d\d:\d\d)(?: (?P<y3>\d{4}))?"
)
"""`06/May/2024:10:00:00`, `May  6 10:00:00`, `Mon May  6 10:00:00 2024`, `May 06, 2024 10:00:00`."""
SHORT = re.compile(r"\b(\d\d)/(\d\d) (\d\d:\d\d:\d\d)\b")  # netlogon.log

LABEL = r"[A-Za-z0-9][A-Za-z0-9-]{0,62}+(?<!-)"
HOST = re.compile(rf"(?<![\w.@/\\-])(?:{LABEL}\.){{1,8}}[A-Za-z][A-Za-z0-9-]{{1,24}}(?![\w-]|\.\w|\()")
ADDRESS = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]\d|\.\d|\w)")
NO_HOST = re.compile(
    r"(?:^|\.)(?:c|h|cpp|go|py|js|ts|java|rb|cs|php|pl|so|dll|exe|log|txt|conf|cfg|ini|xml|json|ya?ml|toml|keytab|ccache|pem|crt|cer|key"
    r"|tdb|ldb|inf|ini|sys|msi|evtx|gz|zip|html?|aspx?|exception|error|md|sh|ps1|dat|db|sock|service|socket|pid|tmp|lock)$"
    r"|^(?:com|org|net|java|javax|sun|io|jdk|system|microsoft|ldap|ldap3|ssl|socket|dns|python|urllib3|requests|samba|source[34]|krb5)\."
    r"|^(?:i\.e|e\.g|v?\d+)\b",
    re.IGNORECASE,
)


def stamp(text: str) -> str:
    """The time at the start of a line as `2024-05-06 10:00:00`, or `05-06 10:00:00` without a year; empty: none."""
    head = text[:HEAD]
    if found := YEAR_FIRST.search(head):
        return f"{found[1]}-{found[2]}-{found[3]} {found[4]}"
    if found := MONTH_DAY_YEAR.search(head):
        return _american(found)
    if found := DAY_DOT.search(head):
        return f"{found[3]}-{int(found[2]):02d}-{int(found[1]):02d} {int(found[4]):02d}:{found[5]}"
    if found := NAMED_MONTH.search(head):
        return _named(found)
    if found := SHORT.search(head):
        return f"{found[1]}-{found[2]} {found[3]}"
    return ""


def hosts(text: str) -> Iterator[str]:
    """Names and addresses of hosts in a text; what looks like a file or a class is none."""
    for found in HOST.finditer(text):
        if _is_host(found[0]):
            yield found[0].casefold()
    for found in ADDRESS.finditer(text):
        if all(int(part) < 256 for part in found[0].split(".")):
            yield found[0]


@lru_cache(maxsize=1 << 12)
def _is_host(name: str) -> bool:
    return not NO_HOST.search(name)


def _american(found: re.Match[str]) -> str:
    """Month first; where that is no month, day first."""
    month, day = int(found[1]), int(found[2])
    if month > 12:
        month, day = day, month
    half = (found[7] or "").upper()
    hour = int(found[4]) % 12 + 12 * (half == "PM") if half else int(found[4])
    return f"{found[3]}-{month:02d}-{day:02d} {hour:02d}:{found[5]}:{found[6]}"


def _named(found: re.Match[str]) -> str:
    place = MONTHS.find(found["m1"] or found["m2"])
    if place < 0:
        return ""
    month = place // 4 + 1
    year = found["y1"] or found["y2"] or found["y3"]
    day = int(found["before"] or found["after"])
    return f"{f'{year}-' if year else ''}{month:02d}-{day:02d} {found['time']:0>8}"
