"""How `portcheck listen` marks its answers in each protocol, so that nobody takes it for what it stands in for.

The mark proves the path and nothing else. Where there is room, it names the roles that the listener serves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from portcheck.wire import guid

NAME = "portcheck listen"
"""The vendor of its rootDSE, the text of its Kerberos errors, the address of its RPC binds, the organisation of its
certificate, a TXT record beside each DNS answer, the greeting of ports that have no protocol."""

ROLES = ("dns", "gc", "time", "adws")
"""What else only the LDAP ping of a controller tells (MS-ADTS 6.3.1.2) or DNS does; bits of the GUID in this order."""

PREFIX = b"portcheck list"  # 14 bytes of the GUID of its domain (LDAP ping) and server (SMB); the roles follow
NETBIOS = "PORTCHECKLISTEN"
RETARGET = ("127.80.67.76", 0x4C4E)  # where its NetBIOS session reply points: nowhere
NTP = "PCLN"  # the reference of a clock that is not set: no client follows it
TDS = (0x50, 0x43, 0x4C4E)  # the version that its pre-login tells
HTTP = "portcheck-listen"  # a product token (RFC 9110, 10.2.4)
FRAMING = "PortcheckListen"  # the last part of its .NET framing fault's address


@dataclass(frozen=True, slots=True)
class Mark:
    """The listener answered; `roles` are those of `ROLES` that it serves, as far as this protocol has room."""

    roles: frozenset[str] = frozenset()

    @classmethod
    def of(cls, roles: Iterable[str]) -> Mark:
        return cls(frozenset(roles) & frozenset(ROLES))

    @property
    def text(self) -> str:
        told = " ".join(role for role in ROLES if role in self.roles)
        return f"{NAME}: {told}" if told else NAME

    @property
    def guid(self) -> str:
        bits = sum(1 << place for place, role in enumerate(ROLES) if role in self.roles)
        return guid.unpack(PREFIX + bits.to_bytes(2, "big"))


def in_text(text: str | None) -> Mark | None:
    """The mark of a text; None where it carries none."""
    name, _, roles = (text or "").strip().partition(":")
    return Mark.of(roles.split()) if name.strip() == NAME else None


def in_guid(text: str | None) -> Mark | None:
    if text is None:
        return None
    raw = guid.pack(text)
    if not raw.startswith(PREFIX):
        return None
    bits = int.from_bytes(raw[len(PREFIX) :], "big")
    return Mark.of(role for place, role in enumerate(ROLES) if bits >> place & 1)


def same(seen: object, own: object) -> Mark | None:
    """For what is either the mark itself or not, and has no room for more."""
    return Mark() if seen == own else None
