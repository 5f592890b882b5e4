"""What PREAUTH_REQUIRED carries: encryption types and the salt, which names the KDC's true realm (RFC 4120, 5.2.7)."""

from __future__ import annotations

from portcheck.frozen import dataclass
from portcheck.wire import WireError, ber
from portcheck.wire import kerberos_asn1 as asn1

PA_ENC_TIMESTAMP = 2
PA_ETYPE_INFO = 11
PA_PK_AS_REP_OLD = 15
PA_PK_AS_REQ = 16
PA_ETYPE_INFO2 = 19

WINDOWS_TYPES = (PA_ETYPE_INFO2, PA_ENC_TIMESTAMP, PA_PK_AS_REQ, PA_PK_AS_REP_OLD)


@dataclass(frozen=True, slots=True)
class Preauth:
    """`types` are the PA-DATA types in the KDC's order."""

    etypes: tuple[int, ...] = ()
    salt: str | None = None
    types: tuple[int, ...] = WINDOWS_TYPES

    def pack(self) -> bytes:
        """METHOD-DATA."""
        return asn1.sequence(*(self._entry(kind) for kind in self.types))

    def _entry(self, kind: int) -> bytes:
        value = self._etype_info2() if kind == PA_ETYPE_INFO2 else b""
        return asn1.sequence(asn1.field(1, ber.integer(kind)), asn1.field(2, ber.octets(value)))

    def _etype_info2(self) -> bytes:
        salt = b"" if self.salt is None else asn1.field(1, asn1.string(self.salt))
        # Windows names no salt for RC4 and for its private, negative types
        return asn1.sequence(
            *(
                asn1.sequence(asn1.field(0, ber.integer(etype)), salt if etype > 0 and etype != 23 else b"")
                for etype in self.etypes
            )
        )


def preauth(e_data: bytes | None) -> Preauth | None:
    """None when e-data is something else, as it may be: Windows puts KERB-ERROR-DATA there too."""
    if not e_data:
        return None
    try:
        return _method_data(e_data)
    except WireError:
        return None


def _method_data(e_data: bytes) -> Preauth | None:
    entries = []
    for element in ber.children(ber.whole(e_data, ber.SEQUENCE), limit=64):
        entry = asn1.fields(ber.inner(element, ber.SEQUENCE))
        kind = asn1.read_number(entry, 1)
        if kind is None:
            return None
        entries.append((kind, asn1.read_octets(entry, 2) or b""))
    given = dict(reversed(entries))
    info = _etype_info(given.get(PA_ETYPE_INFO2) or given.get(PA_ETYPE_INFO) or b"")
    salt = next((salt for _, salt in info if salt is not None), None)
    return Preauth(tuple(etype for etype, _ in info), salt, tuple(kind for kind, _ in entries))


def _etype_info(value: bytes) -> tuple[tuple[int, str | None], ...]:
    if not value:
        return ()
    found = []
    for element in ber.children(ber.whole(value, ber.SEQUENCE), limit=64):
        entry = asn1.fields(ber.inner(element, ber.SEQUENCE))
        etype = asn1.read_number(entry, 0)
        if etype is None:
            raise WireError("ETYPE-INFO entry without type")
        found.append((etype, asn1.read_string(entry, 1)))
    return tuple(found)
