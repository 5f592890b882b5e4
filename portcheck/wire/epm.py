"""The endpoint mapper's ept_map (C706 appendices L and O, MS-RPCE 2.2.1.2): which port has this interface?"""

from __future__ import annotations

import struct
from enum import IntEnum

from portcheck.frozen import dataclass
from portcheck.wire import WireError, guid
from portcheck.wire.cursor import Cursor
from portcheck.wire.rpc import NDR, RpcRequest
from portcheck.wire.text import printable

INTERFACE = "e1af8308-5d1f-11c9-91a4-08002b14a0fa"
VERSION = 3
MAP = 3
"""The opnum of ept_map."""

NOT_REGISTERED = 0x16C9A0D6

HANDLE = bytes(20)
MAX_TOWERS = 500  # MS-RPCE 2.2.1.2.5
MAX_FLOORS = 16
MAX_TOWER_BYTES = 2000  # C706 appendix L: tower_octet_string has at most 2000 bytes

NDR32, NDR64 = 4, 8
"""Bytes of a count or pointer in the stub, by transfer syntax; we only ever offer NDR32."""


class Floor(IntEnum):
    """Protocol identifiers (C706 appendix I, MS-RPCE 2.2.1.2.2)."""

    TCP = 0x07
    UDP = 0x08
    IP = 0x09
    CONNECTION_ORIENTED = 0x0B
    UUID = 0x0D
    NAMED_PIPE = 0x0F
    NETBIOS = 0x11
    HTTP = 0x1F


@dataclass(frozen=True, slots=True)
class Tower:
    """One way to an interface. `address` is what the server believes to be its own: never connect to it unasked."""

    interface: str
    version: int
    tcp_port: int | None = None
    address: str | None = None
    named_pipe: str | None = None
    http_port: int | None = None

    def pack(self) -> bytes:
        floors = [
            _syntax(self.interface, self.version),
            _syntax(NDR, 2),
            (bytes([Floor.CONNECTION_ORIENTED]), b"\0\0"),
            *self._endpoint(),
        ]
        packed = (struct.pack("<H", len(half)) + half for floor in floors for half in floor)
        return struct.pack("<H", len(floors)) + b"".join(packed)

    def _endpoint(self) -> list[tuple[bytes, bytes]]:
        if self.named_pipe is not None:
            name = self.named_pipe.encode("ascii") + b"\0"
            return [(bytes([Floor.NAMED_PIPE]), name), (bytes([Floor.NETBIOS]), b"\0")]
        kind, port = (Floor.TCP, self.tcp_port) if self.http_port is None else (Floor.HTTP, self.http_port)
        address = bytes(int(part) for part in (self.address or "0.0.0.0").split("."))  # noqa: S104
        return [(bytes([kind]), struct.pack(">H", port or 0)), (bytes([Floor.IP]), address)]

    @classmethod
    def unpack(cls, data: bytes) -> Tower:
        floors = _floors(Cursor(data))
        if not floors or floors[0][0] != Floor.UUID or len(floors[0][1]) < 18:
            raise WireError("tower without an interface")
        last = {kind: right for kind, _, right in floors}
        syntax = floors[0][1]
        return cls(
            interface=guid.unpack(syntax[:16]),
            version=int.from_bytes(syntax[16:18], "little"),
            tcp_port=_port(last.get(Floor.TCP)),
            address=_address(last.get(Floor.IP)),
            named_pipe=_name(last.get(Floor.NAMED_PIPE)),
            http_port=_port(last.get(Floor.HTTP)),
        )


@dataclass(frozen=True, slots=True)
class MapRequest:
    """Which TCP ports have this interface? At most `max_towers` of them."""

    interface: str
    version: int
    max_towers: int = 8

    def pack(self) -> bytes:
        tower = Tower(self.interface, self.version, tcp_port=0).pack()
        # the object pointer is set, its GUID nil, as Windows clients send it
        head = struct.pack("<I16xI", 1, 2) + struct.pack("<II", len(tower), len(tower)) + tower
        return head + bytes(-len(head) % 4) + HANDLE + struct.pack("<I", self.max_towers)

    @classmethod
    def unpack(cls, stub: bytes, word: int = NDR32) -> MapRequest:
        body = Cursor(stub)
        if body.integer(word):
            body.take(16)
        if not body.integer(word):
            raise WireError("ept_map without a tower")
        tower = _read_tower(body, word)
        body.align(4)
        body.take(len(HANDLE))
        return cls(tower.interface, tower.version, body.integer(4))


@dataclass(frozen=True, slots=True)
class MapAnswer:
    """`status` 0 with towers, or NOT_REGISTERED: the mapper is there, the interface is not."""

    status: int
    towers: tuple[Tower, ...] = ()

    @property
    def ports(self) -> tuple[int, ...]:
        """The TCP ports, each once, in the server's order."""
        return tuple(dict.fromkeys(tower.tcp_port for tower in self.towers if tower.tcp_port))

    def pack(self, max_towers: int = 8) -> bytes:
        count = len(self.towers)
        stub = HANDLE + struct.pack("<IIII", count, max(max_towers, count), 0, count)
        stub += b"".join(struct.pack("<I", 3 + number) for number in range(count))
        for tower in self.towers:
            packed = tower.pack()
            stub += struct.pack("<II", len(packed), len(packed)) + packed
            stub += bytes(-len(stub) % 4)
        return stub + struct.pack("<I", self.status)


def map_request(interface: str, version: int, call_id: int, max_towers: int = 8) -> bytes:
    """The whole PDU."""
    return RpcRequest(call_id, MAP, MapRequest(interface, version, max_towers).pack()).pack()


def unpack_map(stub: bytes, word: int = NDR32) -> MapAnswer:
    """The stub of an ept_map response; towers of other transports are kept, without a TCP port."""
    body = Cursor(stub)
    body.take(len(HANDLE))
    count = body.integer(4)
    body.align(word)
    body.take(2 * word)  # max_count, offset
    actual = body.integer(word)
    if count != actual or count > MAX_TOWERS:
        raise WireError(f"ept_map answer with {count} towers in an array of {actual}")
    pointers = [body.integer(word) for _ in range(actual)]
    towers = tuple(_read_tower(body, word) for pointer in pointers if pointer)
    body.align(4)
    return MapAnswer(body.integer(4), towers)


def _read_tower(body: Cursor, word: int) -> Tower:
    body.align(word)
    capacity, length = body.integer(word), body.integer(4)
    if length != capacity or length > MAX_TOWER_BYTES:
        raise WireError(f"tower of {length} bytes in {capacity}")
    return Tower.unpack(body.take(length))


def _floors(body: Cursor) -> list[tuple[int, bytes, bytes]]:
    """(protocol, rest of the left half, right half) of each floor; unknown ones are passed over by their lengths."""
    count = body.integer(2)
    if count > MAX_FLOORS:
        raise WireError(f"tower with {count} floors")
    floors = []
    for _ in range(count):
        left = body.take(body.integer(2))
        right = body.take(body.integer(2))
        if not left:
            raise WireError("floor without a protocol identifier")
        floors.append((left[0], left[1:], right))
    return floors


def _syntax(interface: str, version: int) -> tuple[bytes, bytes]:
    return bytes([Floor.UUID]) + guid.pack(interface) + struct.pack("<H", version), b"\0\0"


def _port(right: bytes | None) -> int | None:
    return int.from_bytes(right, "big") if right is not None and len(right) == 2 else None


def _address(right: bytes | None) -> str | None:
    return ".".join(map(str, right)) if right is not None and len(right) == 4 else None


def _name(right: bytes | None) -> str | None:
    return printable(right.partition(b"\0")[0]) if right is not None else None
