"""Who may do what to an object: the access list of a security descriptor (MS-DTYP 2.4.4, 2.4.5, 2.4.6)."""

from __future__ import annotations

from collections.abc import Collection

from portcheck.frozen import dataclass
from portcheck.wire import WireError, guid
from portcheck.wire.cursor import Cursor
from portcheck.wire.sid import HEADER, Sid, unpack

ALLOW, DENY, ALLOW_OBJECT, DENY_OBJECT = 0x00, 0x01, 0x05, 0x06
KINDS = frozenset({ALLOW, DENY, ALLOW_OBJECT, DENY_OBJECT})
OBJECT_TYPE_PRESENT, INHERITED_TYPE_PRESENT = 0x1, 0x2
CONTAINER_INHERIT, INHERIT_ONLY = 0x02, 0x08

# ADS_RIGHTS_ENUM (MS-ADTS 5.1.3.2)
CREATE_CHILD, WRITE_PROPERTY, CONTROL_ACCESS = 0x1, 0x20, 0x100
GENERIC_ALL = 0x10000000

DACL_PRESENT = 0x0004
MOST_ENTRIES = 4096


@dataclass(frozen=True, slots=True)
class Ace:
    """One entry; `object_type` and `inherited_type` are GUIDs in text form, None: any."""

    allows: bool
    flags: int
    mask: int
    sid: Sid
    object_type: str | None = None
    inherited_type: str | None = None

    def grants(self, right: int) -> bool:
        return bool(self.mask & (right | GENERIC_ALL))

    @property
    def here(self) -> bool:
        """It holds for the object itself."""
        return not self.flags & INHERIT_ONLY

    def below(self, class_guid: str) -> bool:
        """Objects of this class in the container get it."""
        return bool(self.flags & CONTAINER_INHERIT) and self.inherited_type in {None, class_guid}


def unpack_dacl(data: bytes) -> tuple[Ace, ...] | None:
    """The access list of a self-relative descriptor in its order; None: there is none, and everybody may do all."""
    head = Cursor(data)
    if head.integer(1) != 1:
        raise WireError("not a security descriptor of revision 1")
    head.take(1)
    control = head.integer(2)
    head.take(12)
    offset = head.integer(4)
    if not control & DACL_PRESENT or not offset:
        return None
    return _aces(Cursor(data, offset))


def _aces(acl: Cursor) -> tuple[Ace, ...]:
    if acl.integer(1) not in {2, 4}:
        raise WireError("not an access list of revision 2 or 4")
    acl.take(3)
    count = acl.integer(2)
    acl.take(2)
    if count > MOST_ENTRIES:
        raise WireError(f"an access list of {count} entries")
    found = (_ace(acl) for _ in range(count))
    return tuple(ace for ace in found if ace is not None)


def _ace(acl: Cursor) -> Ace | None:
    """None: of a kind that says nothing about access (auditing, labels, conditions)."""
    kind, flags, size = acl.integer(1), acl.integer(1), acl.integer(2)
    if size < 4:
        raise WireError(f"an access entry of {size} bytes")
    body = Cursor(acl.take(size - 4))
    if kind not in KINDS:
        return None
    mask, present = body.integer(4), 0
    if kind in {ALLOW_OBJECT, DENY_OBJECT}:
        present = body.integer(4)
    object_type = guid.unpack(body.take(16)) if present & OBJECT_TYPE_PRESENT else None
    inherited_type = guid.unpack(body.take(16)) if present & INHERITED_TYPE_PRESENT else None
    return Ace(kind in {ALLOW, ALLOW_OBJECT}, flags, mask, _sid(body), object_type, inherited_type)


def _sid(body: Cursor) -> Sid:
    """The SID's own count says where it ends; what follows is padding or the application's."""
    start = body.at
    count = body.take(2)[1]
    return unpack(body.data[start : start + 2] + body.take(HEADER - 2 + 4 * count))


def may(
    dacl: Collection[Ace] | None, who: Collection[Sid], right: int, object_type: str | None, below: str | None = None
) -> bool:
    """Is the right granted to any of these SIDs, by the first entry that decides (MS-ADTS 5.1.3.3)?

    `object_type` names the property or control access right; `below`: asked for new objects of this class in it.
    """
    if dacl is None:
        return True
    for ace in dacl:
        applies = ace.here if below is None else ace.below(below)
        if applies and ace.sid in who and ace.grants(right) and ace.object_type in {None, object_type}:
            return ace.allows
    return False
