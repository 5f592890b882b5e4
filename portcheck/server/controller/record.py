"""What a responder pretends to be: its names, its manner, its clock, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from portcheck.frozen import dataclass
from portcheck.server.controller import placement
from portcheck.server.controller.placement import Placement
from portcheck.wire.netlogon import NetlogonFlags, NetlogonReply, Opcode


class Manner(StrEnum):
    """Whose way of answering. Each difference is commented with how sure it is: VERIFIED (a recorded Windows answer,
    or a test-suite or code in production that runs against Windows), DOCUMENTED (Microsoft's text), REPORTED (from the
    field), INFERRED (our reasoning); for Samba: measured (4.17).
    """

    SAMBA = "samba"
    WINDOWS = "windows"


class Misbehaviour(StrEnum):
    """What a service does instead of answering."""

    SILENT = "silent"  # the SYN or the datagram is never answered
    REFUSED = "refused"  # nobody listens
    MUTE = "mute"  # accepts, and says nothing
    RESET = "reset"  # cuts the connection when the question comes
    RESET_SOME = "reset-some"  # cuts every third new connection, as the session scavenger does (DOCUMENTED, KB2000061)
    CLOSED = "closed"  # accepts, and hangs up politely
    LATE = "late"  # the answer, after two seconds
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
    NO_NAMES = "no-names"  # a subject alone: Samba's own until replaced (measured), old Windows ones (INFERRED)
    NONE = "none"  # TLS ports cut at the ClientHello (VERIFIED), StartTLS says unavailable (REPORTED)


FIXED = (
    "dns/tcp", "dns/udp", "kerberos/tcp", "kerberos/udp", "time/udp", "rpc/tcp", "netbios-ns/udp", "netbios-ssn/tcp",
    "ldap/tcp", "ldap-ping/udp", "smb/tcp", "kpasswd/tcp", "kpasswd/udp", "ldaps/tcp", "gc/tcp", "gc-tls/tcp",
    "winrm/tcp", "adws/tcp",
)  # fmt: skip
"""Every service a controller can have at a port of its own; RPC's interfaces live at dynamic ports."""

OVER_TLS = frozenset({"ldaps/tcp", "gc-tls/tcp"})
SAMBA_LACKS = frozenset({"winrm/tcp", "adws/tcp"})  # measured
SAMBA_FLAGS = (
    NetlogonFlags.PDC | NetlogonFlags.GC | NetlogonFlags.LDAP | NetlogonFlags.DS | NetlogonFlags.KDC
    | NetlogonFlags.TIMESERV | NetlogonFlags.CLOSEST | NetlogonFlags.WRITABLE | NetlogonFlags.GOOD_TIMESERV
    | NetlogonFlags.FULL_SECRET
)  # fmt: skip
WINDOWS_FLAGS = NetlogonFlags(0x3F3FD)  # VERIFIED (recorded, Windows Server 2019 and newer); the top bits have no name
LEVEL_2012_R2, LEVEL_2016, LEVEL_2025 = 6, 7, 10  # domainControllerFunctionality: DOCUMENTED up to 7, REPORTED 10
SAMBA_LEVEL = 4  # 2008 R2: Samba's own default (measured)
# INFERRED for the KDC, DOCUMENTED for the rest (MS-ADTS 6.3.1.2): without the flag the service is not there
FLAG_OF = {
    "gc/tcp": NetlogonFlags.GC, "gc-tls/tcp": NetlogonFlags.GC, "time/udp": NetlogonFlags.TIMESERV,
    "adws/tcp": NetlogonFlags.WS, "kerberos/tcp": NetlogonFlags.KDC, "kerberos/udp": NetlogonFlags.KDC,
    "kpasswd/tcp": NetlogonFlags.KDC, "kpasswd/udp": NetlogonFlags.KDC,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Controller:
    """One controller of one domain; the domain is its forest's root unless `root` names another."""

    host: str  # its full name
    domain: str
    address: str = "127.0.0.1"
    more_addresses: tuple[str, ...] = ()  # it serves the same ports there; IPv4 or IPv6
    manner: Manner = Manner.WINDOWS
    clock_ahead_s: float = 0.0
    synchronized: bool = True  # the time service has a source
    site: str = "Default-First-Site-Name"
    root: str = ""  # of the forest; empty: the domain itself
    flags: NetlogonFlags | None = None  # None: what the manner's controllers say
    level: int = LEVEL_2016  # of a Windows controller
    paused: bool = False  # up, but not advertising itself
    signing: bool = False  # LDAP binds must be signed: the default of new domains of Server 2025
    misbehave: Mapping[str, Misbehaviour] = field(default_factory=dict)  # by service/transport
    certificate: Certificate = Certificate.VALID
    own_placement: Placement | None = None  # None: the manner's
    missing_interfaces: frozenset[str] = frozenset()  # interface UUIDs that the mapper does not know
    mapper_refuses_strangers: bool = False  # RestrictRemoteClients 1 or 2

    @property
    def addresses(self) -> tuple[str, ...]:
        return (self.address, *self.more_addresses)

    @property
    def netbios_host(self) -> str:
        return self.host.partition(".")[0].upper()

    @property
    def netbios_domain(self) -> str:
        return self.domain.partition(".")[0].upper()

    @property
    def forest(self) -> str:
        return self.root or self.domain

    @property
    def realm(self) -> str:
        return self.domain.upper()

    @property
    def windows(self) -> bool:
        return self.manner is Manner.WINDOWS

    @property
    def announced(self) -> NetlogonFlags:
        """The flags of its LDAP ping."""
        if self.flags is not None:
            return self.flags
        return WINDOWS_FLAGS if self.windows else SAMBA_FLAGS

    @property
    def read_only(self) -> bool:
        return NetlogonFlags.SELECT_SECRET in self.announced and NetlogonFlags.WRITABLE not in self.announced

    @property
    def placement(self) -> Placement:
        if self.own_placement is not None:
            return self.own_placement
        return placement.WINDOWS if self.windows else placement.SAMBA

    @property
    def services(self) -> tuple[str, ...]:
        """All it serves, or would; the dynamic ports first, for the mapper tells them."""
        return (*placement.ports_of(self.placement), *FIXED)

    def wrong(self, service: str) -> Misbehaviour | None:
        """What the service does instead of answering; also where nobody has it, or its role is missing."""
        names = (service, *self._dynamic(service))
        told = next((self.misbehave[name] for name in names if name in self.misbehave), None)
        if told is not None or not self._missing(service):
            return told
        # INFERRED from KB2586744: Windows' firewall keeps closed ports silent (stealth); measured: Samba refuses
        return Misbehaviour.SILENT if self.windows else Misbehaviour.REFUSED

    def _dynamic(self, service: str) -> tuple[str, ...]:
        living = placement.living_at(self.placement, service)
        return (*(f"{interface}/tcp" for interface in living), placement.ANY) if living else ()

    def _missing(self, service: str) -> bool:
        if not self.windows and service in SAMBA_LACKS:
            return True
        # INFERRED: a read-only controller has no password service of its own
        deaf = self.read_only and service.startswith("kpasswd/")
        return deaf or (service in FLAG_OF and FLAG_OF[service] not in self.announced)

    def netlogon(self) -> NetlogonReply:
        return NetlogonReply(
            # DOCUMENTED (MS-ADTS 6.3.3.2): paused, not synchronised, or not ready yet
            opcode=Opcode.PAUSE_EX if self.paused else Opcode.LOGON_EX,
            flags=self.announced,
            domain_guid="5f9d8e17-5cfd-4d79-b23f-f42693250363",
            forest=self.forest,
            domain=self.domain,
            host=self.host,
            netbios_domain=self.netbios_domain,
            netbios_host=self.netbios_host,
            site=self.site,
            client_site=self.site,
        )
