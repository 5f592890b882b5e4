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


SERVICES = (
    "dns/tcp", "dns/udp", "kerberos/tcp", "kerberos/udp", "time/udp", "rpc/tcp", "rpc-dynamic/tcp", "ldap/tcp",
    "ldap-ping/udp", "smb/tcp", "kpasswd/tcp", "kpasswd/udp", "ldaps/tcp", "gc/tcp", "gc-tls/tcp",
)  # fmt: skip
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
    misbehave: Mapping[str, Misbehaviour] = field(default_factory=dict)  # by service/transport
    certificate_days: float = 365.0  # negative: expired
    missing_interfaces: frozenset[str] = frozenset()  # interface UUIDs that the mapper does not know

    @property
    def netbios_host(self) -> str:
        return self.host.partition(".")[0].upper()

    @property
    def realm(self) -> str:
        return self.domain.upper()

    @property
    def windows(self) -> bool:
        return self.manner is Manner.WINDOWS

    def netlogon(self) -> NetlogonReply:
        netbios_domain = self.domain.partition(".")[0].upper()
        return NetlogonReply(
            opcode=Opcode.LOGON_EX,
            flags=FLAGS,
            domain_guid="5f9d8e17-5cfd-4d79-b23f-f42693250363",
            forest=self.domain,
            domain=self.domain,
            host=self.host,
            netbios_domain=netbios_domain,
            netbios_host=self.netbios_host,
            site=self.site,
            client_site=self.site,
        )
