"""What a responder pretends to be: its names, its manner, its clock, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from portcheck.wire.netlogon import NetlogonFlags, NetlogonReply, Opcode


class Manner(StrEnum):
    """Whose way of answering: reference windows.md tells the differences and how sure each is."""

    SAMBA = "samba"
    WINDOWS = "windows"


class Misbehaviour(StrEnum):
    """What a service does instead of answering."""

    SILENT = "silent"  # the SYN or the datagram is never answered
    REFUSED = "refused"  # nobody listens
    MUTE = "mute"  # accepts, and says nothing
    RESET = "reset"  # cuts the connection when the question comes
    FOREIGN = "foreign"  # speaks HTTP
    GARBAGE = "garbage"  # bytes of no protocol
    TOO_MUCH = "too-much"  # the answer, and megabytes after it
    TOO_SLOW = "too-slow"  # the answer, a byte at a time; over UDP never in time
    ENDLESS = "endless"  # bytes without end, and no answer in them


class Certificate(StrEnum):
    """What the TLS ports show."""

    VALID = "valid"
    EXPIRED = "expired"
    OTHER_NAME = "other-name"
    NONE = "none"  # TLS ports cut at the ClientHello, StartTLS says unavailable (windows.md 2.2, VERIFIED and REPORTED)


SERVICES = (
    "dns/tcp", "dns/udp", "kerberos/tcp", "kerberos/udp", "time/udp", "rpc/tcp", "rpc-dynamic/tcp", "netbios-ns/udp",
    "netbios-ssn/tcp", "ldap/tcp", "ldap-ping/udp", "smb/tcp", "kpasswd/tcp", "kpasswd/udp", "ldaps/tcp", "gc/tcp",
    "gc-tls/tcp", "winrm/tcp", "adws/tcp",
)  # fmt: skip
OVER_TLS = frozenset({"ldaps/tcp", "gc-tls/tcp"})
FLAGS = (
    NetlogonFlags.PDC | NetlogonFlags.GC | NetlogonFlags.LDAP | NetlogonFlags.DS | NetlogonFlags.KDC
    | NetlogonFlags.TIMESERV | NetlogonFlags.CLOSEST | NetlogonFlags.WRITABLE
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Controller:
    """One controller of one forest with a single domain."""

    host: str  # its full name
    domain: str
    address: str = "127.0.0.1"
    manner: Manner = Manner.WINDOWS
    clock_ahead_s: float = 0.0
    site: str = "Default-First-Site-Name"
    flags: NetlogonFlags = FLAGS
    misbehave: Mapping[str, Misbehaviour] = field(default_factory=dict)  # by service/transport
    certificate: Certificate = Certificate.VALID
    missing_interfaces: frozenset[str] = frozenset()  # interface UUIDs that the mapper does not know
    mapper_refuses_strangers: bool = False  # RestrictRemoteClients 1 or 2

    @property
    def netbios_host(self) -> str:
        return self.host.partition(".")[0].upper()

    @property
    def netbios_domain(self) -> str:
        return self.domain.partition(".")[0].upper()

    @property
    def realm(self) -> str:
        return self.domain.upper()

    @property
    def windows(self) -> bool:
        return self.manner is Manner.WINDOWS

    def netlogon(self) -> NetlogonReply:
        return NetlogonReply(
            opcode=Opcode.LOGON_EX,
            flags=self.flags,
            domain_guid="5f9d8e17-5cfd-4d79-b23f-f42693250363",
            forest=self.domain,
            domain=self.domain,
            host=self.host,
            netbios_domain=self.netbios_domain,
            netbios_host=self.netbios_host,
            site=self.site,
            client_site=self.site,
        )
