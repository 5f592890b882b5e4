"""The value of the `NetLogon` attribute: who a domain controller is and what it does (MS-ADTS 6.3.1)."""

from __future__ import annotations

import struct
from dataclasses import replace
from enum import IntEnum, IntFlag
from ipaddress import IPv4Address

from portcheck.frozen import dataclass
from portcheck.wire import WireError, guid
from portcheck.wire.compressed_names import NamePacker, read_name
from portcheck.wire.text import printable


class Opcode(IntEnum):
    """MS-ADTS 6.3.1.3."""

    LOGON = 19
    PAUSE = 20
    USER_UNKNOWN = 21
    LOGON_EX = 23
    PAUSE_EX = 24
    USER_UNKNOWN_EX = 25


EXTENDED = frozenset({Opcode.LOGON_EX, Opcode.PAUSE_EX, Opcode.USER_UNKNOWN_EX})

AF_INET = 2  # of Windows, whatever this machine's is
V5 = 0x02
V5EX_WITH_IP = 0x08
WITH_CLOSEST_SITE = 0x10
TOKENS = 0xFFFF
NIL_GUID = "00000000-0000-0000-0000-000000000000"


class NetlogonFlags(IntFlag):
    """DS_FLAG options (MS-ADTS 6.3.1.2); later servers set bits that have no name here."""

    PDC = 0x1
    GC = 0x4
    LDAP = 0x8
    DS = 0x10
    KDC = 0x20
    TIMESERV = 0x40
    CLOSEST = 0x80
    WRITABLE = 0x100
    GOOD_TIMESERV = 0x200
    NDNC = 0x400
    SELECT_SECRET = 0x800
    FULL_SECRET = 0x1000
    WS = 0x2000
    DS_8 = 0x4000
    DS_9 = 0x8000


NO_FLAGS = NetlogonFlags(0)

_ROLES = (
    ("pdc", NetlogonFlags.PDC),
    ("gc", NetlogonFlags.GC),
    ("ldap", NetlogonFlags.LDAP),
    ("ds", NetlogonFlags.DS),
    ("kdc", NetlogonFlags.KDC),
    ("time", NetlogonFlags.TIMESERV),
    ("closest", NetlogonFlags.CLOSEST),
    ("writable", NetlogonFlags.WRITABLE),
    ("good-time", NetlogonFlags.GOOD_TIMESERV),
    ("adws", NetlogonFlags.WS),
    ("full-secret", NetlogonFlags.FULL_SECRET),
)


@dataclass(frozen=True, slots=True)
class NetlogonReply:
    """Empty: not told. The short forms (opcode 19 to 21) know fewer names, the NT 4 one not even flags."""

    opcode: Opcode
    flags: NetlogonFlags = NO_FLAGS
    domain_guid: str = ""
    forest: str = ""
    domain: str = ""
    host: str = ""
    netbios_domain: str = ""
    netbios_host: str = ""
    user: str = ""
    site: str = ""
    client_site: str = ""
    next_closest_site: str = ""
    nt_version: int = 0x05
    address: str = ""  # the controller's own IPv4 address, as it knows it

    @property
    def paused(self) -> bool:
        """Up, but not advertising itself: starting, or the Netlogon service is paused (MS-ADTS 6.3.3.2)."""
        return self.opcode in (Opcode.PAUSE, Opcode.PAUSE_EX)

    @property
    def read_only(self) -> bool:
        return NetlogonFlags.SELECT_SECRET in self.flags and NetlogonFlags.WRITABLE not in self.flags

    @property
    def roles(self) -> tuple[str, ...]:
        named = tuple(role for role, flag in _ROLES if flag in self.flags)
        return (*named, "rodc") if self.read_only else named

    def pack(self) -> bytes:
        if self.opcode in EXTENDED:
            return self._pack_extended()
        return self._pack_short()

    def _pack_extended(self) -> bytes:
        """6.3.1.9; the sockaddr of 5EX_WITH_IP is never told."""
        packer = NamePacker(
            struct.pack("<HHI", self.opcode, 0, self.flags) + guid.pack(self.domain_guid or NIL_GUID),
        )
        names = (self.forest, self.domain, self.host, self.netbios_domain, self.netbios_host, self.user)
        for name in (*names, self.site, self.client_site):
            packer.add(name)
        version = self.nt_version & ~V5EX_WITH_IP
        if version & WITH_CLOSEST_SITE:
            packer.add(self.next_closest_site)
        return packer.data + struct.pack("<IHH", version, TOKENS, TOKENS)

    def _pack_short(self) -> bytes:
        """6.3.1.8 with V5 in `nt_version`, else the NT 4 form of 6.3.1.7."""
        wide = (f"\\\\{self.netbios_host}", self.user, self.netbios_domain)
        head = struct.pack("<H", self.opcode) + b"".join(f"{word}\0".encode("utf-16-le") for word in wide)
        if not self.nt_version & V5:
            return head + struct.pack("<IHH", self.nt_version, TOKENS, TOKENS)
        packer = NamePacker(head + guid.pack(self.domain_guid or NIL_GUID) + bytes(16))
        for name in (self.forest, self.domain, self.host):
            packer.add(name)
        return packer.data + struct.pack("<4sIIHH", bytes(4), self.flags, self.nt_version, TOKENS, TOKENS)

    @classmethod
    def unpack(cls, data: bytes) -> NetlogonReply:
        # LmNtToken and Lm20Token MUST be 0xFFFF: the only sign that the end is really the end
        if len(data) < 10 or data[-4:] != b"\xff" * 4:
            raise WireError("netlogon answer cut short")
        number = int.from_bytes(data[:2], "little")
        if number not in set(Opcode):
            raise WireError(f"netlogon answer with opcode {number}")
        opcode = Opcode(number)
        return _unpack_extended(opcode, data) if opcode in EXTENDED else _unpack_short(opcode, data)


def _names(data: bytes, offset: int, end: int, count: int) -> tuple[list[str], int]:
    names = []
    for _ in range(count):
        name, offset = read_name(data, offset, end)
        names.append(name)
    return names, offset


def _unpack_extended(opcode: Opcode, data: bytes) -> NetlogonReply:
    """6.3.1.9: the version at the end says which optional fields stand before it."""
    if len(data) < 40:
        raise WireError("netlogon answer cut short")
    end = len(data) - 8
    version = int.from_bytes(data[end : end + 4], "little")
    names, offset = _names(data, 24, end, 8)
    address = ""
    if version & V5EX_WITH_IP and offset < end:
        address = _socket_address(data[offset + 1 : min(end, offset + 1 + data[offset])])
        offset += 1 + data[offset]
    closest = ""
    if version & WITH_CLOSEST_SITE and offset < end:
        closest, offset = read_name(data, offset, end)
    _filled(offset, end)
    return NetlogonReply(
        opcode=opcode,
        flags=NetlogonFlags(int.from_bytes(data[4:8], "little")),
        domain_guid=guid.unpack(data[8:24]),
        forest=names[0],
        domain=names[1],
        host=names[2],
        netbios_domain=names[3],
        netbios_host=names[4],
        user=names[5],
        site=names[6],
        client_site=names[7],
        next_closest_site=closest,
        nt_version=version,
        address=address,
    )


def _socket_address(data: bytes) -> str:
    """A Windows SOCKADDR_IN: family, port, address, zeros. Empty: of another family, or none."""
    known = len(data) >= 8 and int.from_bytes(data[:2], "little") == AF_INET
    return str(IPv4Address(data[4:8])) if known else ""


def _filled(offset: int, end: int) -> None:
    if offset != end:
        raise WireError("netlogon answer whose fields do not fill it")


def _unpack_short(opcode: Opcode, data: bytes) -> NetlogonReply:
    end = len(data) - 8
    version = int.from_bytes(data[end : end + 4], "little")
    host, offset = _wide(data, 2, end)
    user, offset = _wide(data, offset, end)
    netbios_domain, offset = _wide(data, offset, end)
    short = NetlogonReply(
        opcode, netbios_host=host.lstrip("\\"), user=user, netbios_domain=netbios_domain, nt_version=version
    )
    if version & V5:
        return _with_dns_names(short, data, offset, end)
    _filled(offset, end)
    return short


def _with_dns_names(short: NetlogonReply, data: bytes, offset: int, end: int) -> NetlogonReply:
    """6.3.1.8: two GUIDs, three names, an address, the flags."""
    names, after = _names(data, offset + 32, end, 3)
    _filled(after + 8, end)
    return replace(
        short,
        flags=NetlogonFlags(int.from_bytes(data[after + 4 : end], "little")),
        domain_guid=guid.unpack(data[offset : offset + 16]),
        forest=names[0],
        domain=names[1],
        host=names[2],
    )


def _wide(data: bytes, offset: int, end: int) -> tuple[str, int]:
    """A UTF-16LE string up to its NUL."""
    stop = offset
    while data[stop : stop + 2] != b"\0\0":
        stop += 2
        if stop + 2 > end:
            raise WireError("netlogon name without its end")
    return printable(data[offset:stop], "utf-16-le"), stop + 2
