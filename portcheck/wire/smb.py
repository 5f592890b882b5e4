"""SMB2 NEGOTIATE (MS-SMB2 2.2.3, 2.2.4): dialect, signing and clock of a server, before any logon.

Framed as on 445/tcp and, after the NetBIOS session request, on 139/tcp: four bytes, the last three the length.
"""

from __future__ import annotations

import struct

from portcheck.frozen import dataclass
from portcheck.wire import WireError, guid, spnego

PROTOCOL, PROTOCOL_SMB1 = b"\xfeSMB", b"\xffSMB"
NEGOTIATE, NEGOTIATE_SMB1 = 0x0000, 0x72
DIALECTS = (0x0202, 0x0210, 0x0300, 0x0302, 0x0311)
MULTI_PROTOCOL = 0x02FF
SIGNING_ENABLED, SIGNING_REQUIRED = 1, 2
CAPABILITIES = 0x7F
SERVER_TO_REDIR = 0x00000001

PREAUTH_INTEGRITY, ENCRYPTION = 1, 2
SHA_512 = 1
AES_128_CCM, AES_128_GCM, AES_256_CCM, AES_256_GCM = 1, 2, 3, 4

MESSAGE_ID = 0  # of the first message of a connection (MS-SMB2 3.2.4.1.3)

INVALID_PARAMETER = 0xC000000D
NOT_SUPPORTED = 0xC00000BB

HEADER = 64
BODY = HEADER + 64
MAX_MESSAGE = 0x1FFFF
MAX_DIALECTS = 64
MAX_CONTEXTS = 16

EPOCH_1601 = 11_644_473_600
TICKS = 10_000_000  # FILETIME counts 100 ns
MECHANISMS = ("NEGOEX", "MS-KRB5", "KRB5", "KRB5-U2U", "NTLMSSP")


def frame(buffer: bytes) -> int | None:
    """Length of the first framed message; None while its first eight bytes are incomplete."""
    if not b"\0".startswith(buffer[:1]):
        raise WireError("not a session message")
    if len(buffer) < 8:
        return None
    length = int.from_bytes(buffer[1:4], "big")
    if bytes(buffer[4:8]) not in {PROTOCOL, PROTOCOL_SMB1} or not 32 <= length <= MAX_MESSAGE:
        raise WireError("not an SMB message")
    return 4 + length


@dataclass(frozen=True, slots=True)
class NegotiateRequest:
    client_guid: bytes  # 16 bytes
    salt: bytes = bytes(32)
    dialects: tuple[int, ...] = DIALECTS

    def pack(self) -> bytes:
        dialects = struct.pack(f"<{len(self.dialects)}H", *self.dialects)
        contexts = self._contexts()
        start = HEADER + 36 + len(dialects)
        start += -start % 8
        where = (start, len(contexts)) if contexts else (0, 0)
        body = struct.pack("<HHHHI16s", 36, len(self.dialects), SIGNING_ENABLED, 0, CAPABILITIES, self.client_guid)
        body += struct.pack("<IHH", *where, 0) + dialects
        return _framed(_header(0, 0) + body, contexts)

    def _contexts(self) -> list[bytes]:
        if 0x0311 not in self.dialects:
            return []
        return [_preauth(self.salt), _encryption(AES_128_GCM, AES_128_CCM, AES_256_GCM, AES_256_CCM)]

    @classmethod
    def unpack(cls, data: bytes) -> NegotiateRequest:
        message = _message(data)
        if message[:4] != PROTOCOL or len(message) < HEADER + 36:
            raise WireError("not an SMB2 NEGOTIATE request")
        size, count, client_guid = struct.unpack_from("<HH8x16s", message, HEADER)
        if size != 36 or not 0 < count <= MAX_DIALECTS or len(message) < HEADER + 36 + 2 * count:
            raise WireError("not an SMB2 NEGOTIATE request")
        dialects = struct.unpack_from(f"<{count}H", message, HEADER + 36)
        salt = bytes(32)
        if 0x0311 in dialects:
            contexts = _read_contexts(message, *struct.unpack_from("<IH", message, HEADER + 28))
            salt = next((_salt(body) for kind, body in contexts if kind == PREAUTH_INTEGRITY), salt)
        return cls(client_guid, salt, dialects)


@dataclass(frozen=True, slots=True)
class NegotiateResponse:
    """A `status` other than 0 is an answer as well: SMB speaks, but offers no dialect of ours."""

    status: int
    dialect: int | None = None  # None: an error, or SMB1
    security_mode: int = 0
    server_guid: str | None = None
    capabilities: int = 0
    system_time: float | None = None  # Unix seconds
    start_time: float | None = None  # None: not told, as by Windows 2019 and later
    mechanisms: tuple[str, ...] = ()
    contexts: tuple[int, ...] = ()
    smb1: bool = False

    @property
    def signing_required(self) -> bool:
        return bool(self.security_mode & SIGNING_REQUIRED)

    def pack(self, salt: bytes = bytes(32)) -> bytes:
        if self.status or self.dialect is None:
            return _framed(_header(self.status, SERVER_TO_REDIR) + struct.pack("<HBxIx", 9, 0, 0), [])
        blob = spnego.pack(self.mechanisms) if self.mechanisms else b""
        contexts = [_preauth(salt), _encryption(AES_128_GCM)] if self.dialect == 0x0311 else []
        start = BODY + len(blob)
        start += -start % 8
        head = struct.pack("<HHHH", 65, self.security_mode, self.dialect, len(contexts))
        head += guid.pack(self.server_guid or "00000000-0000-0000-0000-000000000000")
        size = 0x800000 if self.dialect > 0x0202 else 0x10000
        head += struct.pack("<IIII", self.capabilities, size, size, size)
        head += struct.pack("<QQ", _filetime(self.system_time), _filetime(self.start_time))
        head += struct.pack("<HHI", BODY, len(blob), start if contexts else 0)
        return _framed(_header(0, SERVER_TO_REDIR) + head + blob, contexts)

    @classmethod
    def unpack(cls, data: bytes, number: int | None = None) -> NegotiateResponse:
        """`number`: the message id of the question; the answer to another one is a WireError."""
        message = _message(data)
        if message[:4] == PROTOCOL_SMB1:
            return _read_smb1(message)
        if len(message) < HEADER + 8:
            raise WireError("SMB2 message ends early")
        status, command, flags, answered = _read_header(message)
        if command != NEGOTIATE or not flags & SERVER_TO_REDIR or number not in (None, answered):
            raise WireError("not an answer to an SMB2 NEGOTIATE")
        return cls(status) if status else _read_body(message)


def negotiate_request(client_guid: bytes, salt: bytes) -> bytes:
    """Framed; offers every dialect from 2.0.2 to 3.1.1. One per connection: a second is answered by a disconnect."""
    return NegotiateRequest(client_guid, salt).pack()


def _read_body(message: bytes) -> NegotiateResponse:
    if len(message) < BODY:
        raise WireError("SMB2 NEGOTIATE response ends early")
    size, mode, dialect, count, server, capabilities, system, start, where, length, contexts_at = struct.unpack_from(
        "<HHHH16sI12xQQHHI", message, HEADER
    )
    if size != 65 or (length and not BODY <= where <= len(message) - length):
        raise WireError("SMB2 NEGOTIATE response contradicts itself")
    contexts = _read_contexts(message, contexts_at, count) if dialect == 0x0311 else []
    return NegotiateResponse(
        status=0,
        dialect=dialect,
        security_mode=mode,
        server_guid=guid.unpack(server),
        capabilities=capabilities,
        system_time=_unix(system),
        start_time=_unix(start),
        mechanisms=spnego.mechanisms(message[where : where + length]) if length else (),
        contexts=tuple(kind for kind, _ in contexts),
    )


def _read_smb1(message: bytes) -> NegotiateResponse:
    if message[4] != NEGOTIATE_SMB1 or not message[9] & 0x80:  # MS-CIFS 2.2.3.1: FLAGS.REPLY
        raise WireError("not an answer to an SMB1 NEGOTIATE")
    return NegotiateResponse(int.from_bytes(message[5:9], "little"), smb1=True)


def _message(data: bytes) -> bytes:
    length = frame(data)
    if length is None or length > len(data):
        raise WireError("SMB message ends early")
    return data[4:length]


def _header(status: int, flags: int) -> bytes:
    return struct.pack(
        "<4sHHIHHIIQIIQ16x", PROTOCOL, HEADER, 0, status, NEGOTIATE, 1, flags, 0, MESSAGE_ID, 0xFEFF, 0, 0
    )


def _read_header(message: bytes) -> tuple[int, int, int, int]:
    """(status, command, flags, message id)."""
    size, status, command, flags, number = struct.unpack_from("<H2xIH2xI4xQ", message, 4)
    if size != HEADER:
        raise WireError("not an SMB2 header")
    return status, command, flags, number


def _framed(message: bytes, contexts: list[bytes]) -> bytes:
    for context in contexts:
        message += bytes(-len(message) % 8) + context
    return len(message).to_bytes(4, "big") + message


def _preauth(salt: bytes) -> bytes:
    return _context(PREAUTH_INTEGRITY, struct.pack("<HHH", 1, len(salt), SHA_512) + salt)


def _encryption(*ciphers: int) -> bytes:
    return _context(ENCRYPTION, struct.pack(f"<{1 + len(ciphers)}H", len(ciphers), *ciphers))


def _context(kind: int, body: bytes) -> bytes:
    return struct.pack("<HHI", kind, len(body), 0) + body


def _read_contexts(message: bytes, at: int, count: int) -> list[tuple[int, bytes]]:
    if count > MAX_CONTEXTS:
        raise WireError(f"{count} negotiate contexts")
    contexts = []
    for _ in range(count):
        at += -at % 8
        if not HEADER < at <= len(message) - 8:
            raise WireError("negotiate context outside its message")
        kind, length = struct.unpack_from("<HH", message, at)
        at += 8 + length
        if at > len(message):
            raise WireError("negotiate context ends early")
        contexts.append((kind, message[at - length : at]))
    return contexts


def _salt(body: bytes) -> bytes:
    if len(body) < 6:
        raise WireError("preauth integrity context ends early")
    algorithms, length = struct.unpack_from("<HH", body)
    return body[4 + 2 * algorithms :][:length]


def _unix(ticks: int) -> float | None:
    return ticks / TICKS - EPOCH_1601 if ticks else None


def _filetime(unix: float | None) -> int:
    return 0 if unix is None else round((unix + EPOCH_1601) * TICKS)
