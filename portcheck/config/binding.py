"""`bind` of a [[forest]] to `BindSpec`: who signs in and how. A password has no key anywhere in the file."""

from __future__ import annotations

import re

from portcheck.config.node import Node
from portcheck.config.reference import BIND
from portcheck.config.spec import BindSpec
from portcheck.config.words import ConfigError, shown
from portcheck.model.credentials import Method

PASSWORD = re.compile(r"pass(word|wd|phrase)?|pwd|secret", re.IGNORECASE)
DN = re.compile(r"[A-Za-z][A-Za-z0-9.-]*=[^,]+(,\s*[A-Za-z][A-Za-z0-9.-]*=[^,]+)+")
LONGEST_DN = 500


def read_bind(node: Node) -> BindSpec:
    for key, child in node.children().items():
        if PASSWORD.fullmatch(key):
            raise child.located(f"{node.title}: a password does not belong in this file; name a password_file")
    keys = node.table(BIND.names)
    method = Method(keys["method"].word([*Method], "method")) if "method" in keys else Method.SIMPLE
    file = keys.get("password_file")
    if file is not None and method is Method.KERBEROS:
        raise file.error("is of no use with method kerberos, which takes a ticket from the cache")
    return BindSpec(
        user=keys["user"].text(256) if "user" in keys else "",
        method=method,
        password_file=None if file is None else file.source.path.parent / file.text(4096),
        ous=keys["ous"].unique(lambda element: element.read(parse_dn)) if "ous" in keys else (),
    )


def parse_dn(value: object) -> str:
    """A distinguished name, roughly: the directory knows better. Raises ConfigError."""
    text = value.strip() if isinstance(value, str) else ""
    if not DN.fullmatch(text.replace("\\,", "")) or not text.isprintable() or len(text) > LONGEST_DN:
        raise ConfigError(f"{shown(value)} is not the DN of an OU; it looks like OU=Staff,DC=contoso,DC=com")
    return text
