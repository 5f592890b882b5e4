"""portcheck/catalogue/own.toml: a finding that has no word yet gets one, of its rule's title; better it by hand."""

from __future__ import annotations

import re
import tomllib

from portcheck.catalogue.services import services
from portcheck.diagnose.rules import RULES

STANDS_FOR = {"services": "the service", "hosts": "a controller", "ports": "its port"}


def page(text: str) -> str:
    """The file as it is, and behind its last table, which is that of the findings, what it lacks."""
    known = {*tomllib.loads(text)["finding"], *(service.plainly for service in services().values())}
    new = {rule.code: rule.title for rule in RULES if rule.code not in known}
    return text + "".join(f'{code} = "{word(title)}"\n' for code, title in new.items())


def word(title: str) -> str:
    """`{forest}: {services} on {hosts} blocked` as "the service on a controller blocked"."""
    title = title.removeprefix("{forest}: ")
    return re.sub(r"\{(\w+)\}", lambda found: STANDS_FOR.get(found[1], f"the {found[1]}"), title)
