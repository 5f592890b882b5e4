"""DCE/RPC over TCP (C706 chapter 12, MS-RPCE 2.2.2): bind to one interface, call, and what servers say to that.

No authentication: trailers of peers are skipped, none is ever sent.
"""

from __future__ import annotations

import struct
from enum import IntEnum

from portcheck.frozen import dataclass
from portcheck.wire import WireError, guid
from portcheck.wire.cursor import Cursor
from portcheck.wire.text import printable

NDR = "8a885d04-1ceb-11c9-9fe8-08002b104860"
"""The transfer syntax NDR, version 2."""

HEADER = 16
MAX_FRAGMENT = 4280
FIRST, LAST, OBJECT = 0x01, 0x02, 0x80
LITTLE_ENDIAN = 0x10
MAX_CONTEXTS = 32

ACCESS_DENIED = 0x00000005
RANGE_ERROR = 0x1C010002
"""nca_s_op_rng_error: no such operation."""

UNKNOWN_INTERFACE = 0x1C010003
"""nca_s_unk_if."""

PROVIDER_REJECTION = 2
ABSTRACT_SYNTAX_NOT_SUPPORTED = 1
TRANSFER_SYNTAXES_NOT_SUPPORTED = 2


class Type(IntEnum):
    """PDU types (C706 12.6.1), those of this exchange."""

    REQUEST = 0
    RESPONSE = 2
    FAULT = 3
    BIND = 11
    BIND_ACK = 12
    BIND_NAK = 13


def frame(buffer: bytes) -> int | None:
    """Length of the first PDU; None while its header is incomplete."""
    if not b"\x05".startswith(buffer[:1]) or buffer[1:2] > b"\x01":
        raise WireError("not DCE/RPC version 5")
    if len(buffer) > 4 and buffer[4] & 0xF0 != LITTLE_ENDIAN:
        raise WireError("DCE/RPC in big-endian byte order")
    if len(buffer) < HEADER:
        return None
    length = int.from_bytes(buffer[8:10], "little")
    if length < HEADER:
        raise WireError(f"DCE/RPC fragment of {length} bytes")
    return length


@dataclass(frozen=True, slots=True)
class Bind:
    """Ask for one interface; a foreign client may offer it in several transfer syntaxes, one context each."""

    call_id: int
    interface: str
    version: int  # major
    offered: tuple[str, ...] = (NDR,)

    def pack(self) -> bytes:
        contexts = (self._context(number, syntax) for number, syntax in enumerate(self.offered))
        head = struct.pack("<HHIBxxx", MAX_FRAGMENT, MAX_FRAGMENT, 0, len(self.offered))
        return _pdu(Type.BIND, self.call_id, head + b"".join(contexts))

    def _context(self, number: int, syntax: str) -> bytes:
        abstract = guid.pack(self.interface) + struct.pack("<I", self.version)
        transfer = guid.pack(syntax) + struct.pack("<I", 2 if syntax == NDR else 1)
        return struct.pack("<HBx", number, 1) + abstract + transfer

    @classmethod
    def read(cls, pdu: Pdu) -> Bind:
        body = pdu.body
        body.take(8)
        contexts = body.integer(1)
        body.take(3)
        if not 0 < contexts <= MAX_CONTEXTS:
            raise WireError(f"bind with {contexts} contexts")
        read = [_read_context(body) for _ in range(contexts)]
        interface, version, _ = read[0]
        return cls(pdu.call_id, interface, version, tuple(syntax for _, _, syntax in read))


@dataclass(frozen=True, slots=True)
class BindAck:
    """The answer to each context offered: (result, reason), (0, 0) for yes."""

    call_id: int
    results: tuple[tuple[int, int], ...]
    secondary_address: str = ""  # the port, as text
    max_xmit: int = MAX_FRAGMENT

    @property
    def accepted(self) -> bool:
        return any(verdict == 0 for verdict, _ in self.results)

    def pack(self) -> bytes:
        address = self.secondary_address.encode("ascii") + b"\0" if self.secondary_address else b""
        head = struct.pack("<HHIH", self.max_xmit, self.max_xmit, 1, len(address)) + address
        head += bytes(-len(head) % 4) + struct.pack("<Bxxx", len(self.results))
        return _pdu(Type.BIND_ACK, self.call_id, head + b"".join(_pack_verdict(*each) for each in self.results))

    @classmethod
    def read(cls, pdu: Pdu) -> BindAck:
        body = pdu.body
        max_xmit = body.integer(2)
        body.take(6)
        address = printable(body.take(body.integer(2)).partition(b"\0")[0])
        body.align(4)
        count = body.integer(1)
        body.take(3)
        return cls(pdu.call_id, tuple(_read_verdict(body) for _ in range(count)), address, max_xmit)


@dataclass(frozen=True, slots=True)
class BindNak:
    """No to the whole association; still a proof that RPC speaks."""

    reason: int
    call_id: int = 0

    def pack(self) -> bytes:
        versions = b"\x01\x05\x00"  # the versions supported: one, 5.0
        return _pdu(Type.BIND_NAK, self.call_id, struct.pack("<H", self.reason) + versions + bytes(3))

    @classmethod
    def read(cls, pdu: Pdu) -> BindNak:
        return cls(pdu.body.integer(2), pdu.call_id)


@dataclass(frozen=True, slots=True)
class RpcRequest:
    """A call of one operation, in one fragment."""

    call_id: int
    opnum: int
    stub: bytes

    def pack(self) -> bytes:
        return _pdu(Type.REQUEST, self.call_id, struct.pack("<IHH", len(self.stub), 0, self.opnum) + self.stub)

    @classmethod
    def read(cls, pdu: Pdu) -> RpcRequest:
        pdu.body.take(6)
        opnum = pdu.body.integer(2)
        pdu.body.take(16 if pdu.flags & OBJECT else 0)
        return cls(pdu.call_id, opnum, pdu.body.take(pdu.body.left))


@dataclass(frozen=True, slots=True)
class RpcResponse:
    """One fragment of what an operation gave back; the stubs up to `last` belong together."""

    call_id: int
    stub: bytes
    last: bool = True
    first: bool = True

    def pack(self) -> bytes:
        flags = FIRST * self.first | LAST * self.last
        return _pdu(Type.RESPONSE, self.call_id, struct.pack("<IHBx", len(self.stub), 0, 0) + self.stub, flags)

    @classmethod
    def read(cls, pdu: Pdu) -> RpcResponse:
        pdu.body.take(8)
        stub = pdu.body.take(pdu.body.left)
        return cls(pdu.call_id, stub, last=bool(pdu.flags & LAST), first=bool(pdu.flags & FIRST))


@dataclass(frozen=True, slots=True)
class Fault:
    """The call was refused; `status` is an NCA or Win32 code."""

    call_id: int
    status: int

    def pack(self) -> bytes:
        return _pdu(Type.FAULT, self.call_id, struct.pack("<IHBxIxxxx", 0, 0, 0, self.status))

    @classmethod
    def read(cls, pdu: Pdu) -> Fault:
        pdu.body.take(8)
        return cls(pdu.call_id, pdu.body.integer(4))


@dataclass(frozen=True, slots=True)
class Pdu:
    """The common header, and the body up to the authentication trailer."""

    kind: int
    flags: int
    call_id: int
    body: Cursor


def unpack(data: bytes) -> Bind | BindAck | BindNak | RpcRequest | RpcResponse | Fault:
    """The one whole PDU in `data`."""
    pdu = _read_pdu(data)
    match pdu.kind:
        case Type.BIND:
            return Bind.read(pdu)
        case Type.BIND_ACK:
            return BindAck.read(pdu)
        case Type.BIND_NAK:
            return BindNak.read(pdu)
        case Type.REQUEST:
            return RpcRequest.read(pdu)
        case Type.RESPONSE:
            return RpcResponse.read(pdu)
        case Type.FAULT:
            return Fault.read(pdu)
        case _:
            raise WireError(f"DCE/RPC PDU type {pdu.kind} has no place here")


def _read_pdu(data: bytes) -> Pdu:
    length = frame(data)
    if length is None or length > len(data):
        raise WireError("DCE/RPC fragment ends early")
    kind, flags, trailer, call_id = struct.unpack_from("<2xBB6xHI", data)
    end = length - (8 + trailer if trailer else 0)  # C706 13.2.6.1: sec_trailer, then auth_value
    if end < HEADER:
        raise WireError("DCE/RPC authentication trailer longer than its fragment")
    if trailer:
        end = max(HEADER, end - data[end + 2])  # auth_pad_length
    return Pdu(kind, flags, call_id, Cursor(data[:end], HEADER))


def _pdu(kind: Type, call_id: int, body: bytes, flags: int = FIRST | LAST) -> bytes:
    return struct.pack("<BBBBIHHI", 5, 0, kind, flags, LITTLE_ENDIAN, HEADER + len(body), 0, call_id) + body


def _read_context(body: Cursor) -> tuple[str, int, str]:
    body.take(2)
    syntaxes = body.integer(1)
    body.take(1)
    if syntaxes == 0:
        raise WireError("bind context without a transfer syntax")
    interface, version = guid.unpack(body.take(16)), body.integer(4) & 0xFFFF
    transfer = [guid.unpack(body.take(20)[:16]) for _ in range(syntaxes)]
    return interface, version, transfer[0]


def _pack_verdict(verdict: int, reason: int) -> bytes:
    syntax = guid.pack(NDR) + struct.pack("<I", 2) if verdict == 0 else bytes(20)
    return struct.pack("<HH", verdict, reason) + syntax


def _read_verdict(body: Cursor) -> tuple[int, int]:
    pair = body.integer(2), body.integer(2)
    body.take(20)
    return pair
