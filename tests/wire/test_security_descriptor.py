"""Access lists: one laid out by hand after MS-DTYP, who may do what by it, and any bytes at all."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portcheck.wire import WireError, guid, sid
from portcheck.wire.security_descriptor import (
    CONTAINER_INHERIT,
    CONTROL_ACCESS,
    CREATE_CHILD,
    GENERIC_ALL,
    INHERIT_ONLY,
    Ace,
    may,
    unpack_dacl,
)

RIGHT, OTHER = "1131f6aa-9c07-11d1-f79f-00c04fc2dcd2", "1131f6ad-9c07-11d1-f79f-00c04fc2dcd2"
USER = "bf967aba-0de6-11d0-a285-00aa003049e2"
ME, GROUP, STRANGER = (sid.parse(f"S-1-5-21-1-2-3-{rid}") for rid in (1105, 512, 1999))


def ace(allows: bool, who: sid.Sid, mask: int, object_type: str | None = None, flags: int = 0) -> bytes:
    types = b"" if object_type is None else (1).to_bytes(4, "little") + guid.pack(object_type)
    kind = (0x00 if allows else 0x01) if object_type is None else (0x05 if allows else 0x06)
    body = mask.to_bytes(4, "little") + types + who.pack()
    return bytes((kind, flags)) + (len(body) + 4).to_bytes(2, "little") + body


def descriptor(*aces: bytes) -> bytes:
    acl = bytes((4, 0)) + (8 + sum(map(len, aces))).to_bytes(2, "little") + len(aces).to_bytes(2, "little") + b"\0\0"
    head = bytes((1, 0)) + (0x8004).to_bytes(2, "little") + bytes(12) + (20).to_bytes(4, "little")
    return head + acl + b"".join(aces)


def test_a_descriptor_is_read_entry_by_entry() -> None:
    audit = bytes((0x02, 0)) + (16 + 4).to_bytes(2, "little") + bytes(16)
    read = unpack_dacl(descriptor(ace(True, ME, CONTROL_ACCESS, RIGHT), audit, ace(False, GROUP, CREATE_CHILD)))
    assert read == (Ace(True, 0, CONTROL_ACCESS, ME, RIGHT), Ace(False, 0, CREATE_CHILD, GROUP))


def test_no_list_is_told_from_an_empty_one() -> None:
    assert unpack_dacl(bytes((1, 0)) + bytes(18)) is None
    assert unpack_dacl(descriptor()) == ()
    assert may(None, [ME], CONTROL_ACCESS, RIGHT)
    assert not may((), [ME], CONTROL_ACCESS, RIGHT)


def test_the_right_is_the_accounts_or_its_groups() -> None:
    granted = (Ace(True, 0, CONTROL_ACCESS, GROUP, RIGHT),)
    assert may(granted, [ME, GROUP], CONTROL_ACCESS, RIGHT)
    assert not may(granted, [ME, STRANGER], CONTROL_ACCESS, RIGHT)
    assert not may(granted, [GROUP], CONTROL_ACCESS, OTHER)


def test_all_rights_include_each_and_the_first_entry_that_decides_counts() -> None:
    everything = Ace(True, 0, GENERIC_ALL, ME)
    denied = Ace(False, 0, CONTROL_ACCESS, ME, RIGHT)
    assert may((everything,), [ME], CONTROL_ACCESS, RIGHT)
    assert may((everything, denied), [ME], CONTROL_ACCESS, RIGHT)
    assert not may((denied, everything), [ME], CONTROL_ACCESS, RIGHT)


def test_what_is_inherited_only_holds_below() -> None:
    below = Ace(True, CONTAINER_INHERIT | INHERIT_ONLY, CONTROL_ACCESS, ME, RIGHT, USER)
    here = Ace(True, 0, CONTROL_ACCESS, ME, RIGHT)
    assert not may((below,), [ME], CONTROL_ACCESS, RIGHT)
    assert may((below,), [ME], CONTROL_ACCESS, RIGHT, below=USER)
    assert not may((below,), [ME], CONTROL_ACCESS, RIGHT, below=OTHER)
    assert not may((here,), [ME], CONTROL_ACCESS, RIGHT, below=USER)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_list_or_a_wire_error(data: bytes) -> None:
    try:
        unpack_dacl(data)
    except WireError:
        return


@given(st.integers(0, 200))
def test_a_list_that_is_cut_short_is_a_wire_error(length: int) -> None:
    whole = descriptor(ace(True, ME, CONTROL_ACCESS, RIGHT), ace(True, GROUP, CREATE_CHILD))
    if 20 <= length < len(whole):
        try:
            unpack_dacl(whole[:length])
        except WireError:
            return
        raise AssertionError("read past the end")
