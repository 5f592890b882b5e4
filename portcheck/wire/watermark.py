"""How `portcheck listen` marks its answers in each protocol, so that nobody takes it for what it stands in for.

The mark proves the path and nothing else. Where there is room, it names the services that the listener stands in for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from portcheck.frozen import dataclass
from portcheck.wire import guid

NAME = "portcheck listen"
"""The vendor of its rootDSE, the text of its Kerberos errors, the address of its RPC binds, the organisation of its
certificate, a TXT record beside each DNS answer, the greeting of ports that have no protocol."""

SERVICES = (
    "dns", "gc", "gc-tls", "time", "adws", "winrm", "netbios-ns", "netbios-ssn", "https", "mim-service", "mim-sts",
    "mssql",
)  # fmt: skip
"""What not every controller has, so that silence there means something only where it is offered; a bit each."""

PREFIX = b"portcheck list"  # 14 bytes of the GUID of its domain (LDAP ping) and server (SMB); the bits follow
NETBIOS = "PORTCHECKLISTEN"
RETARGET = ("127.80.67.76", 0x4C4E)  # where its NetBIOS session reply points: nowhere
NTP = "PCLN"  # the reference of a clock that is not set: no client follows it
TDS = (0x50, 0x43, 0x4C4E)  # the version that its pre-login tells
HTTP = "portcheck-listen"  # a product token (RFC 9110, 10.2.4)
FRAMING = "PortcheckListen"  # the last part of its .NET framing fault's address


@dataclass(frozen=True, slots=True)
class Watermark:
    """The listener answered; it stands in for these of `SERVICES`, as far as this protocol has room to tell."""

    services: frozenset[str] = frozenset()

    @classmethod
    def of(cls, services: Iterable[str]) -> Watermark:
        return cls(frozenset(services) & frozenset(SERVICES))

    @classmethod
    def of_bits(cls, bits: int) -> Watermark:
        return cls.of(service for place, service in enumerate(SERVICES) if bits >> place & 1)

    @property
    def bits(self) -> int:
        return sum(1 << place for place, service in enumerate(SERVICES) if service in self.services)

    @property
    def text(self) -> str:
        return f"{NAME} {self.bits:04x}"

    @property
    def guid(self) -> str:
        return guid.unpack(PREFIX + self.bits.to_bytes(2, "big"))


def in_text(text: str | None) -> Watermark | None:
    """The mark of a text; None where it carries none."""
    found = re.fullmatch(rf"{NAME}(?: ([0-9a-f]{{1,4}}))?", (text or "").strip())
    return Watermark.of_bits(int(found[1] or "0", 16)) if found else None


def in_guid(text: str | None) -> Watermark | None:
    if text is None:
        return None
    raw = guid.pack(text)
    return Watermark.of_bits(int.from_bytes(raw[len(PREFIX) :], "big")) if raw.startswith(PREFIX) else None


def same(seen: object, own: object) -> Watermark | None:
    """For what is either the mark itself or not, and has no room for more."""
    return Watermark() if seen == own else None
