"""Which services a text is about: ports, addresses with a scheme, and programs named in it.

`Connection refused` says nothing of the service; `dc1:636: Connection refused` does. Only causes that could be about
any service are narrowed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from portcheck.catalogue.conditions import Condition
from portcheck.catalogue.errors import CataloguedError, Cause
from portcheck.catalogue.services import services

OF_A_SERVICE = frozenset(
    {
        Condition.BLOCKED, Condition.REFUSED, Condition.RESET, Condition.MUTE, Condition.UNREACHABLE,
        Condition.CERTIFICATE, Condition.INSPECTION, Condition.INTERCEPT, Condition.ENCRYPTION, Condition.IDLE,
    }
)  # fmt: skip
ANY_SERVICE = frozenset({"posix", "tls", "port-test", "winsock", "http"})
BY_WORDS = "by-words"  # of a kind that a text's words speak of, what already names services keeps them

PORT = re.compile(
    r"(?:(?<=[\w\])])\s?:\s?|\bports?\W{1,4})(?P<port>\d{2,5})\b(?!\.\d|:\d)|\b(?P<before>\d{2,5})/(?=tcp\b|udp\b)",
    re.IGNORECASE,
)
NAMED: Mapping[str, tuple[str, ...]] = {
    r"\bldaps\b(?!erv)|_ldaps": ("ldaps/tcp",),
    r"\bkpasswd|\bchangepw|changing password": ("kpasswd/tcp", "kpasswd/udp"),
    r"\bldap|_ldap\b|\bsdap_|\badcli\b": ("ldap/tcp", "ldaps/tcp"),
    r"\bkdc\b|\bkrb5|\bkerberos\b|\bkinit\b": ("kerberos/tcp", "kerberos/udp"),
    r"\bsmb\w*|\bcifs\b|\\\\\w|\bsysvol\b": ("smb/tcp",),
    r"\bnetbios": ("smb/tcp", "netbios-ssn/tcp"),
    r"\brpc\b|\bepm\b|\bdcerpc": ("rpc/tcp",),
    r"\bsql ?server|\bmssql|\bjdbc:sqlserver|\b(?:tcp|named pipes) provider\b": ("mssql/tcp",),
    r"\bwinrm\b|\bwsman\b": ("winrm/tcp",),
    r"\bntp\w*|\bchronyd?\b|\bw32time\b": ("time/udp",),
    r"\bhttps://": ("https/tcp",),
}


def narrowed(error: CataloguedError, text: str) -> CataloguedError:
    """The error with causes about the services that the text names; itself, if it names none."""
    guessed = error.family.name == BY_WORDS
    if not guessed and error.family.name not in ANY_SERVICE:
        return error
    named = named_in(text)
    kept = (c if guessed and c.services else _narrowed(c, named) for c in error.causes)
    return replace(error, causes=tuple(kept)) if named else error


def named_in(text: str) -> tuple[str, ...]:
    """By port, if one of ours is given; else by the first kind of program or scheme that is named."""
    folded = text.casefold()
    ports = {int(found["port"] or found["before"]) for found in PORT.finditer(text)}
    by_port = tuple(name for port in sorted(ports) for name in _of_port().get(port, ()))
    transport = "udp" if re.search(r"\budp\b", folded) and not re.search(r"\btcp\b", folded) else "tcp"
    if by_port:
        return tuple(name for name in by_port if name.endswith(transport)) or by_port
    return next((names for pattern, names in NAMED.items() if re.search(pattern, folded)), ())


def _narrowed(cause: Cause, named: tuple[str, ...]) -> Cause:
    return replace(cause, services=named) if cause.condition in OF_A_SERVICE else cause


@cache
def _of_port() -> Mapping[int, tuple[str, ...]]:
    index: dict[int, tuple[str, ...]] = {}
    for service in services().values():
        for transport, port in service.ports.items():
            if port and f"{service.name}/{transport}" not in index.get(port, ()):
                index[port] = (*index.get(port, ()), f"{service.name}/{transport}")
    return index
