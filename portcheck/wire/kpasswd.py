"""The password service on 464 (RFC 3244): a request that carries no secret and no valid ticket, and its refusal."""

from __future__ import annotations

import struct

from portcheck.frozen import dataclass
from portcheck.wire import WireError, ber
from portcheck.wire import kerberos_asn1 as asn1
from portcheck.wire.kerberos import KrbError
from portcheck.wire.kerberos import frame as frame
from portcheck.wire.kerberos import payload as payload
from portcheck.wire.kerberos import tcp as tcp

CHANGE = 0x0001
SET = 0xFF80

AP_REQ = 14
KRB_PRIV = 21
AP_REP_TAG = 0x6F
KRB_ERROR_TAGS = (0x7E, 0x5E)  # MIT's client accepts the primitive form too

SERVICE = "kadmin/changepw"
TICKET, AUTHENTICATOR, PRIVATE = 200, 100, 60
ENTROPY = TICKET + AUTHENTICATOR + PRIVATE
"""Bytes of chance `request` wants, in place of everything encrypted."""

LAST_CODE = 10  # RFC 3244 ends at 7; Heimdal has three more


def _framed(version: int, ticket: bytes, private: bytes) -> bytes:
    """RFC 3244, 2: total length, version, length of the first message, both messages."""
    return struct.pack("!HHH", 6 + len(ticket) + len(private), version, len(ticket)) + ticket + private


def _split(data: bytes) -> tuple[int, bytes, bytes]:
    if len(data) < 6:
        raise WireError("kpasswd message cut short")
    total, version, size = struct.unpack_from("!HHH", data)
    if total != len(data) or 6 + size > total:
        raise WireError("kpasswd message whose lengths do not fit")
    return version, data[6 : 6 + size], data[6 + size :]


def request(realm: str, entropy: bytes, version: int = CHANGE) -> bytes:
    """Well formed in every field; only the ciphers are noise, so no server can take it for a password change."""
    if len(entropy) < ENTROPY:
        raise ValueError(f"kpasswd.request needs {ENTROPY} random bytes")
    ticket, rest = entropy[:TICKET], entropy[TICKET:]
    authenticator, private = rest[:AUTHENTICATOR], rest[AUTHENTICATOR : AUTHENTICATOR + PRIVATE]
    return _framed(version, _ap_req(realm, ticket, authenticator), _krb_priv(private))


def _ap_req(realm: str, ticket: bytes, authenticator: bytes) -> bytes:
    inside = asn1.sequence(
        asn1.field(0, ber.integer(asn1.PVNO)),
        asn1.field(1, asn1.string(realm)),
        asn1.field(2, asn1.principal(SERVICE, asn1.NT_PRINCIPAL)),
        asn1.field(3, asn1.encrypted(ticket, kvno=2)),
    )
    return ber.tlv(
        0x60 | AP_REQ,
        asn1.sequence(
            asn1.field(0, ber.integer(asn1.PVNO)),
            asn1.field(1, ber.integer(AP_REQ)),
            asn1.field(2, asn1.flags(0)),
            asn1.field(3, ber.tlv(0x61, inside)),
            asn1.field(4, asn1.encrypted(authenticator)),
        ),
    )


def _krb_priv(cipher: bytes) -> bytes:
    return ber.tlv(
        0x60 | KRB_PRIV,
        asn1.sequence(
            asn1.field(0, ber.integer(asn1.PVNO)),
            asn1.field(1, ber.integer(KRB_PRIV)),
            asn1.field(3, asn1.encrypted(cipher)),
        ),
    )


def minimal_request() -> bytes:
    """16 bytes: the least that Samba and MIT answer. Windows is not known to."""
    return _framed(CHANGE, bytes.fromhex("6e03300100"), bytes.fromhex("7503300100"))


@dataclass(frozen=True, slots=True)
class KpasswdRequest:
    """`realm` is None when the AP-REQ is not a well-formed one."""

    version: int
    realm: str | None

    @classmethod
    def unpack(cls, data: bytes) -> KpasswdRequest:
        """WireError where real servers stay silent: wrong lengths, no AP-REQ, nothing behind it."""
        version, ticket, private = _split(data)
        if not ticket or not private:
            raise WireError("kpasswd request without AP-REQ or KRB-PRIV")
        return cls(version, _realm_of(ticket))


def _realm_of(ap_req: bytes) -> str | None:
    try:
        found = asn1.message(ap_req, AP_REQ, AP_REQ)
        if 3 not in found:
            return None
        ticket = ber.whole(ber.inner(found[3], 0x61), ber.SEQUENCE)
        return asn1.read_string(asn1.fields(ticket), 1)
    except WireError:
        return None


def e_data(code: int, text: str) -> bytes:
    """What a refusal carries in its KRB-ERROR: a code and a text, in clear."""
    return code.to_bytes(2, "big") + text.encode()


@dataclass(frozen=True, slots=True)
class KpasswdReply:
    """`error` None: an AP-REP came, and what it says is encrypted."""

    framed: bool
    error: KrbError | None
    result_code: int | None = None
    result_text: str = ""

    def pack(self, version: int = CHANGE) -> bytes:
        """A refusal, framed (Samba, MIT) or bare (Windows); this program issues no AP-REP."""
        if self.error is None:
            raise ValueError("only refusals can be packed")
        return _framed(version, b"", self.error.pack()) if self.framed else self.error.pack()


def unpack_reply(data: bytes) -> KpasswdReply:
    if data[:1] and data[0] in KRB_ERROR_TAGS and int.from_bytes(data[:2], "big") != len(data):
        return _refusal(data, framed=False)
    version, first, rest = _split(data)
    if version not in {CHANGE, SET}:
        raise WireError(f"kpasswd answer of version 0x{version:04x}")
    if not first:
        return _refusal(rest, framed=True)
    ber.whole(first, AP_REP_TAG)
    ber.whole(rest, 0x60 | KRB_PRIV)
    return KpasswdReply(framed=True, error=None)


def _refusal(message: bytes, *, framed: bool) -> KpasswdReply:
    error = KrbError.unpack(bytes((KRB_ERROR_TAGS[0],)) + message[1:] if message[:1] == b"\x5e" else message)
    given = error.e_data or b""
    code = int.from_bytes(given[:2], "big")
    if len(given) < 2 or code > LAST_CODE:
        return KpasswdReply(framed, error)  # Windows may say nothing here, or something else
    return KpasswdReply(framed, error, code, ber.text(given[2:].rstrip(b"\0\n")))
