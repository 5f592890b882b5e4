"""Names that a server tells, checked once, at the door: what is no DNS name is told, and never asked.

Hosts' and domains' names only (RFC 1035, 2.3.1 and 3.1), with the underscore that records and old machines have. Where
DNS would take more (any octet, in a zone of one's own), the programs that would be asked next (TLS, HTTP, the system's
resolver) would not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

LONGEST = 253  # characters without the last dot: 255 octets with the lengths
NETBIOS = re.compile(r"[A-Za-z0-9_!@#$%^&'(){}.~-]{1,15}")
LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")


def dns_name(text: str) -> str | None:
    """In lower case and without its last dot; None for what is none. An address is no name."""
    name = text.removesuffix(".")
    labels = name.split(".")
    if not name or len(name) > LONGEST or not all(LABEL.fullmatch(label) for label in labels):
        return None
    return None if labels[-1].isdigit() else name.lower()


def netbios_name(text: str) -> bool:
    """A machine's NetBIOS name in the characters that Microsoft allows there, less than sixteen."""
    return NETBIOS.fullmatch(text) is not None


def split(told: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Those of the names told that are DNS names, as such, and those that are none, as they came. Empty: not told."""
    good = {key: name for key, text in told.items() if (name := dns_name(text)) is not None}
    return good, {key: text for key, text in told.items() if text and key not in good}
