"""LDAP results as libraries name them: `ldap.STRONG_AUTH_REQUIRED`, `LDAPBusyResult`, `SizeLimitExceededError`.

python-ldap cuts off the prefix, ldap3 and ldapjs make classes of RFC 4511's names, JNDI has names of its own, which
stand in the books.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from portcheck.catalogue.books import table
from portcheck.catalogue.phrases import canonical

PREFIXED = re.compile(r"\bldap\.(?P<name>[A-Z]{3,}(?:_[A-Z0-9]+)*)\b")
CLASS = re.compile(r"\b(?:LDAP)?(?P<name>[A-Z][a-z]+(?:[A-Z][a-z]+){0,6}?)(?:Error|Result|Exception)\b")
ENDS = ("Error", "Result", "Exception")  # of a class
AT_ONCE = re.compile(r"(?:\w{1,12}:? )?$")  # in front of a class that begins a text: `Error: `, `throw `


def dressed(text: str, *, of_ldap: bool) -> Iterator[tuple[str, str, int]]:
    """The error's name, the words and where they begin.

    A class counts where the text is about LDAP; one of several words also where the text begins with it.
    """
    for found in PREFIXED.finditer(text):
        yield from _of("LDAP_" + found["name"], found)
    if not any(map(text.__contains__, ENDS)):
        return
    for found in CLASS.finditer(text):
        alone = any(letter.isupper() for letter in found["name"][1:]) and AT_ONCE.match(text[: found.start()])
        if of_ldap or alone:
            yield from _of(found["name"], found)


def _of(name: str, found: re.Match[str]) -> Iterator[tuple[str, str, int]]:
    for error, spelled in table()["exact"].get(canonical(name), ()):
        if error.startswith("ldap-") and " " not in spelled:
            yield error, found[0], found.start()
