"""Security identifiers between their text form and the bytes that LDAP and MIM show (MS-DTYP 2.4.2)."""

from __future__ import annotations

import re

from portcheck.frozen import dataclass
from portcheck.wire import WireError

TEXT = re.compile(r"S-1-(0x[0-9a-f]{12}|[0-9]{1,10})((?:-[0-9]{1,10}){0,15})", re.IGNORECASE)
MOST_PARTS = 15  # SubAuthorityCount, MS-DTYP 2.4.2.2
HEADER = 8  # revision, count, six bytes of authority
LIMIT = 2**32
NT_AUTHORITY, NT_NON_UNIQUE = 5, 21  # S-1-5-21: a domain's own SIDs


@dataclass(frozen=True, slots=True)
class Sid:
    """`S-1-authority-part-part…`; revision 1 is the only one there is."""

    authority: int  # 48 bits
    parts: tuple[int, ...]  # 32 bits each

    def __str__(self) -> str:
        """The authority is decimal below 2^32 and twelve hexadecimal digits from there on (MS-DTYP 2.4.2.1)."""
        authority = str(self.authority) if self.authority < LIMIT else f"0x{self.authority:012X}"
        return "-".join(("S-1", authority, *map(str, self.parts)))

    def pack(self) -> bytes:
        """Revision, count, the authority big-endian, the parts little-endian (MS-DTYP 2.4.2.2)."""
        head = bytes((1, len(self.parts))) + self.authority.to_bytes(6, "big")
        return head + b"".join(part.to_bytes(4, "little") for part in self.parts)

    @property
    def domain(self) -> Sid | None:
        """The domain's SID; None for one that no domain gave out."""
        own = self.authority == NT_AUTHORITY and self.parts[:1] == (NT_NON_UNIQUE,)
        return Sid(self.authority, self.parts[:4]) if own and len(self.parts) >= 4 else None

    @property
    def relative_id(self) -> int | None:
        """What follows the domain: 500 for its Administrator."""
        return self.parts[4] if self.domain is not None and len(self.parts) == 5 else None


def parse(text: str) -> Sid:
    """From `S-1-…`; WireError when it is not a SID."""
    found = TEXT.fullmatch(text)
    if found is None:
        raise WireError("not a SID; it looks like S-1-5-21-1-2-3")
    authority, rest = found.groups()
    parts = tuple(int(part) for part in rest.split("-") if part)
    value = int(authority, 16) if authority[:2].lower() == "0x" else int(authority)
    if value >= LIMIT and authority[:2].lower() != "0x":
        raise WireError("the authority of a SID from 2^32 on is written 0x and twelve hexadecimal digits")
    if too_large := [part for part in parts if part >= LIMIT]:
        raise WireError(f"{too_large[0]} does not fit into a SID; its parts are numbers below 4294967296")
    return Sid(value, parts)


def unpack(data: bytes) -> Sid:
    """From all of `data`; WireError when it is not a SID and nothing else."""
    if len(data) < HEADER:
        raise WireError(f"a SID has 8 bytes or more, not {len(data)}")
    if data[0] != 1:
        raise WireError(f"a SID begins with the byte 1, not {data[0]}")
    count = data[1]
    if count > MOST_PARTS:
        raise WireError(f"a SID has at most {MOST_PARTS} parts; its second byte says {count}")
    if len(data) != HEADER + 4 * count:
        raise WireError(f"a SID of {count} parts has {HEADER + 4 * count} bytes, not {len(data)}")
    parts = (int.from_bytes(data[at : at + 4], "little") for at in range(HEADER, len(data), 4))
    return Sid(int.from_bytes(data[2:HEADER], "big"), tuple(parts))
