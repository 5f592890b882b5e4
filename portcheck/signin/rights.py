"""What the account may do, as far as a directory tells it: rights on the domain, and on the OUs that are given.

`tried` is proof; `read` follows from the access lists that the account may read, held against its own groups.
"""

from __future__ import annotations

from collections.abc import Collection

from portcheck.model import Facts
from portcheck.signin.asking import DirectoryQueries
from portcheck.wire import WireError, ber, sid
from portcheck.wire.security_descriptor import CONTROL_ACCESS, CREATE_CHILD, Ace, may, unpack_dacl
from portcheck.wire.sid import Sid

# Control access rights (MS-ADTS 5.1.3.2.1) and the class user.
GET_CHANGES = "1131f6aa-9c07-11d1-f79f-00c04fc2dcd2"
GET_CHANGES_ALL = "1131f6ad-9c07-11d1-f79f-00c04fc2dcd2"
RESET_PASSWORD = "00299570-246d-11d0-a768-00aa006e0529"  # noqa: S105
USER = "bf967aba-0de6-11d0-a285-00aa003049e2"

DIRSYNC = "1.2.840.113556.1.4.841"
SD_FLAGS = "1.2.840.113556.1.4.801"
DACL_ONLY = (SD_FLAGS, True, ber.tlv(ber.SEQUENCE, ber.integer(4)))  # MS-ADTS 3.1.1.3.4.1.11
DENIED = frozenset({50, 1})  # insufficientAccessRights; operationsError, which some versions say instead


def own_sids(values: Collection[bytes]) -> frozenset[Sid]:
    """tokenGroups of the rootDSE: the account and all its groups (MS-ADTS 3.1.1.3.2.22)."""
    found = set()
    for value in values:
        try:
            found.add(sid.unpack(value))
        except WireError:
            continue
    return frozenset(found)


def on_domain(asking: DirectoryQueries, naming_context: str, who: Collection[Sid]) -> Facts:
    """Replicating Directory Changes by trying, both by reading."""
    facts: Facts = {}
    tried = _dirsync(asking, naming_context)
    if tried is not None:
        facts["dirsync_accepted"] = tried
    dacl = _dacl(asking, naming_context)
    if dacl is not None and who:
        facts["replicating_changes_read"] = may(dacl, who, CONTROL_ACCESS, GET_CHANGES)
        facts["replicating_changes_all"] = may(dacl, who, CONTROL_ACCESS, GET_CHANGES_ALL)
    proven = tried if tried is not None else facts.get("replicating_changes_read")
    if isinstance(proven, bool):
        facts["replicating_changes"] = proven
    return facts


def _dirsync(asking: DirectoryQueries, naming_context: str) -> bool | None:
    """A search with the DirSync control for one object: only who has the right may (MS-ADTS 3.1.1.3.4.1.3)."""
    value = ber.tlv(ber.SEQUENCE, ber.integer(0), ber.integer(1), ber.octets(b""))
    found = asking.search(
        naming_context,
        ("objectClass",),
        filter_="(objectClass=domainDNS)",
        scope="SUBTREE",
        controls=((DIRSYNC, True, value),),
    )
    if found is None:
        return None
    if found.answer.good:
        return True
    asking.note(f"DirSync refused: LDAP result {found.answer.code}")
    return False if found.answer.code in DENIED else None


def _dacl(asking: DirectoryQueries, dn: str) -> tuple[Ace, ...] | None:
    """None: the account may not read it."""
    found = asking.search(dn, ("nTSecurityDescriptor",), controls=(DACL_ONLY,))
    raw = found.entries[0].first("nTSecurityDescriptor") if found is not None and found.entries else None
    if not raw:
        return None
    try:
        return unpack_dacl(raw)
    except WireError as error:
        asking.note(f"the access list of {dn} cannot be read: {error}")
        return None


def on_ou(asking: DirectoryQueries, dn: str, who: Collection[Sid]) -> Facts:
    """Creating users and resetting the passwords of those in it; `found` is false where the OU is not seen."""
    wanted = ("allowedChildClassesEffective", "allowedAttributesEffective", "sDRightsEffective")
    found = asking.search(dn, wanted)
    if found is None:
        return {}
    if not found.answer.good or not found.entries:
        return {"found": False, "ldap_result": found.answer.code}
    entry = found.entries[0]
    classes = {name.lower() for name in entry.texts("allowedChildClassesEffective")}
    row: Facts = {
        "found": True,
        "create_users": "user" in classes,
        "writable_attributes": len(entry.texts("allowedAttributesEffective")),
        "change_permissions": bool((entry.number("sDRightsEffective") or 0) & 4),
    }
    dacl = _dacl(asking, dn)
    if dacl is not None and who:
        row["reset_passwords"] = may(dacl, who, CONTROL_ACCESS, RESET_PASSWORD, below=USER)
        row["create_users_read"] = may(dacl, who, CREATE_CHILD, USER)
    return row
