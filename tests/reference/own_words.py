"""portcheck/catalogue/own.toml: a finding that has no word yet gets one, of its rule's title; better it by hand."""

from __future__ import annotations

import re
import tomllib

from portcheck.catalogue.services import services
from portcheck.diagnose.rules import RULES

STANDS_FOR = {"services": "the service", "hosts": "a controller", "ports": "its port"}


def page(text: str) -> str:
    """The file as it is, and at the end of its table of findings what that lacks."""
    known = {*tomllib.loads(text)["finding"], *(service.plainly for service in services().values())}
    new = {rule.code: rule.title for rule in RULES if rule.code not in known}
    head, table, rest = text.partition("[finding]\n")
    findings, next_table, tail = rest.partition("\n[")
    added = "".join(f'{code} = "{word(title)}"\n' for code, title in new.items())
    return f"{head}{table}{findings}{added}{next_table}{tail}"


def word(title: str) -> str:
    """`{forest}: {services} on {hosts} blocked` as "the service on a controller blocked"."""
    title = title.removeprefix("{forest}: ")
    return re.sub(r"\{(\w+)\}", lambda found: STANDS_FOR.get(found[1], f"the {found[1]}"), title)
