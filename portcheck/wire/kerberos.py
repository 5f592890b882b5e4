"""The Kerberos exchange that needs no key (RFC 4120): an AS-REQ without pre-authentication and the KDC's error.

An AS-REP is recognised and never decoded: it would hold material to attack a password with."""

from __future__ import annotations

from portcheck.frozen import dataclass
from portcheck.wire import WireError, ber
from portcheck.wire import kerberos_asn1 as asn1
from portcheck.wire.kerberos_codes import ErrorCode as ErrorCode
from portcheck.wire.kerberos_preauth import Preauth as Preauth
from portcheck.wire.kerberos_preauth import preauth as preauth

AS_REQ = 10
AS_REP = 11
KRB_ERROR = 30

RENEWABLE_OK = 0x00000010
TILL = "20370913024805Z"
PADDING = -1000  # a PA-DATA type that is nobody's; KDCs skip what they do not know
ETYPES = (18, 17, 20, 19, 23)

MAX_MESSAGE = 1 << 20


@dataclass(frozen=True, slots=True)
class AsRequest:
    """Names are written with `/` between their components; `sname` None is the realm's own krbtgt."""

    realm: str
    cname: str | None
    sname: str | None = None
    nonce: int = 0
    etypes: tuple[int, ...] = ETYPES
    padding: int = 0  # bytes of PA-DATA a KDC ignores, to make the request large
    sname_type: int = asn1.NT_SRV_INST
    cname_type: int = asn1.NT_PRINCIPAL

    def pack(self) -> bytes:
        padata = asn1.field(3, asn1.sequence(self._padding())) if self.padding else b""
        head = asn1.field(1, ber.integer(asn1.PVNO)) + asn1.field(2, ber.integer(AS_REQ))
        return ber.tlv(0x60 | AS_REQ, asn1.sequence(head, padata, asn1.field(4, self._body())))

    def _padding(self) -> bytes:
        return asn1.sequence(
            asn1.field(1, ber.integer(PADDING)),
            asn1.field(2, ber.octets(bytes(self.padding))),
        )

    def _body(self) -> bytes:
        sname = self.sname or f"krbtgt/{self.realm}"
        return asn1.sequence(
            asn1.field(0, asn1.flags(RENEWABLE_OK)),
            asn1.field(1, asn1.principal(self.cname, self.cname_type)) if self.cname else b"",
            asn1.field(2, asn1.string(self.realm)),
            asn1.field(3, asn1.principal(sname, self.sname_type)),
            asn1.field(5, ber.octets(TILL, ber.GENERALIZED_TIME)),
            asn1.field(7, ber.integer(self.nonce)),
            asn1.field(8, asn1.sequence(*map(ber.integer, self.etypes))),
        )

    @classmethod
    def unpack(cls, data: bytes) -> AsRequest:
        outer = asn1.message(data, AS_REQ, AS_REQ, at=1)
        if 4 not in outer:
            raise WireError("AS-REQ without body")
        body = asn1.fields(ber.inner(outer[4], ber.SEQUENCE))
        realm = asn1.read_string(body, 2)
        if realm is None or 8 not in body:
            raise WireError("AS-REQ without realm or encryption types")
        cname, cname_type = asn1.read_principal(body, 1)
        sname, sname_type = asn1.read_principal(body, 3, asn1.NT_SRV_INST)
        return cls(
            realm=realm,
            cname=cname,
            sname=sname,
            nonce=asn1.read_number(body, 7) or 0,
            etypes=tuple(ber.number(etype.value) for etype in ber.children(ber.inner(body[8], ber.SEQUENCE), limit=64)),
            padding=_padding_of(outer.get(3)),
            sname_type=sname_type,
            cname_type=cname_type,
        )


def _padding_of(padata: ber.Tlv | None) -> int:
    if padata is None:
        return 0
    entries = (asn1.fields(ber.inner(entry, ber.SEQUENCE)) for entry in ber.children(padata.value, limit=64))
    return sum(len(asn1.read_octets(entry, 2) or b"") for entry in entries if asn1.read_number(entry, 1) == PADDING)


@dataclass(frozen=True, slots=True)
class KrbError:
    """Windows leaves out client time, client name, text and often e-data; `realm` and `sname` merely echo."""

    code: ErrorCode
    realm: str | None = None
    sname: str | None = None
    stime: float | None = None  # Unix seconds with the server's microseconds
    e_data: bytes | None = None
    e_text: str | None = None
    crealm: str | None = None
    cname: str | None = None
    sname_type: int = asn1.NT_SRV_INST
    cname_type: int = asn1.NT_PRINCIPAL

    def pack(self) -> bytes:
        head = asn1.field(0, ber.integer(asn1.PVNO)) + asn1.field(1, ber.integer(KRB_ERROR))
        return ber.tlv(
            0x60 | KRB_ERROR,
            asn1.sequence(
                head,
                self._server_time(),
                asn1.field(6, ber.integer(self.code)),
                b"" if self.crealm is None else asn1.field(7, asn1.string(self.crealm)),
                b"" if self.cname is None else asn1.field(8, asn1.principal(self.cname, self.cname_type)),
                b"" if self.realm is None else asn1.field(9, asn1.string(self.realm)),
                b"" if self.sname is None else asn1.field(10, asn1.principal(self.sname, self.sname_type)),
                b"" if self.e_text is None else asn1.field(11, asn1.string(self.e_text)),
                b"" if self.e_data is None else asn1.field(12, ber.octets(self.e_data)),
            ),
        )

    def _server_time(self) -> bytes:
        if self.stime is None:
            return b""
        seconds, micros = divmod(round(self.stime * 1_000_000), 1_000_000)
        return asn1.field(4, ber.generalized_time(seconds)) + asn1.field(5, ber.integer(micros))

    @classmethod
    def unpack(cls, data: bytes) -> KrbError:
        found = asn1.message(data, KRB_ERROR, KRB_ERROR)
        code = asn1.read_number(found, 6)
        if code is None:
            raise WireError("KRB-ERROR without code")
        cname, cname_type = asn1.read_principal(found, 8)
        sname, sname_type = asn1.read_principal(found, 10, asn1.NT_SRV_INST)
        return cls(
            code=ErrorCode(code),
            realm=asn1.read_string(found, 9),
            sname=sname,
            stime=_moment(found),
            e_data=asn1.read_octets(found, 12),
            e_text=asn1.read_string(found, 11),
            crealm=asn1.read_string(found, 7),
            cname=cname,
            sname_type=sname_type,
            cname_type=cname_type,
        )


def _moment(found: dict[int, ber.Tlv]) -> float | None:
    if 4 not in found:
        return None
    micros = asn1.read_number(found, 5) or 0
    if not 0 <= micros < 1_000_000:
        raise WireError(f"{micros} microseconds in a second")
    return ber.moment(ber.inner(found[4], ber.GENERALIZED_TIME)) + micros / 1_000_000


@dataclass(frozen=True, slots=True)
class AsRepSeen:
    """The KDC issued a ticket: the account needs no pre-authentication. The bytes are not kept."""


def is_as_rep(data: bytes) -> bool:
    return data[:1] == bytes((0x60 | AS_REP,)) and ber.frame(data) == len(data)


def unpack_reply(data: bytes) -> KrbError | AsRepSeen:
    return AsRepSeen() if is_as_rep(data) else KrbError.unpack(data)


def tcp(message: bytes) -> bytes:
    """RFC 4120, 7.2.2: the length goes before."""
    return len(message).to_bytes(4, "big") + message


def frame(buffer: bytes) -> int | None:
    """Length of the first TCP message with its length field; None: the field is not complete yet."""
    if len(buffer) < 4:
        return None
    length = int.from_bytes(buffer[:4], "big")
    # the high bit is reserved (7.2.2); it and anything huge mean that these are foreign bytes
    if length > MAX_MESSAGE:
        raise WireError("not a Kerberos message")
    return 4 + length


def payload(framed: bytes) -> bytes:
    """The message without its TCP length field."""
    if frame(framed) != len(framed):
        raise WireError("Kerberos message cut short")
    return framed[4:]
