"""The mechanism list of a SPNEGO NegTokenInit (RFC 4178 4.2.1), as SMB servers hint it before any logon."""

from __future__ import annotations

from portcheck.wire import WireError, ber

SPNEGO = "1.3.6.1.5.5.2"
NAMES = {
    "1.3.6.1.4.1.311.2.2.30": "NEGOEX",
    "1.2.840.48018.1.2.2": "MS-KRB5",
    "1.2.840.113554.1.2.2": "KRB5",
    "1.2.840.113554.1.2.2.3": "KRB5-U2U",
    "1.3.6.1.4.1.311.2.2.10": "NTLMSSP",
}
OIDS = {name: oid for oid, name in NAMES.items()}

APPLICATION, CONTEXT_0, SEQUENCE, OID = 0x60, 0xA0, 0x30, 0x06
CONTEXT_3, GENERAL_STRING = 0xA3, 0x1B
HINT = b"not_defined_in_RFC4178@please_ignore"  # as Windows sends it (MS-SPNG 2.2.1)


def mechanisms(blob: bytes) -> tuple[str, ...]:
    """Names of the mechanisms offered, unknown ones as dotted numbers; empty when `blob` is no NegTokenInit."""
    try:
        return _mechanisms(blob)
    except WireError:
        return ()  # an odd hint is no contradiction: the server may send none (MS-SMB2 3.3.5.4)


def pack(names: tuple[str, ...]) -> bytes:
    kinds = b"".join(_oid(OIDS.get(name, name)) for name in names)
    hints = ber.tlv(SEQUENCE, ber.tlv(CONTEXT_0, ber.tlv(GENERAL_STRING, HINT)))
    token = ber.tlv(SEQUENCE, ber.tlv(CONTEXT_0, ber.tlv(SEQUENCE, kinds)), ber.tlv(CONTEXT_3, hints))
    return ber.tlv(APPLICATION, _oid(SPNEGO), ber.tlv(CONTEXT_0, token))


def _mechanisms(blob: bytes) -> tuple[str, ...]:
    outer, _ = ber.read(blob)
    this, after = ber.read(outer.value)
    if outer.tag != APPLICATION or this.tag != OID or _dotted(this.value) != SPNEGO:
        raise WireError("not SPNEGO")
    inside = outer.value[after:]
    for tag in (CONTEXT_0, SEQUENCE, CONTEXT_0, SEQUENCE):
        step, _ = ber.read(inside)
        if step.tag != tag:
            raise WireError("not a NegTokenInit")
        inside = step.value
    oids = (_dotted(ber.inner(mech, OID)) for mech in ber.children(inside))
    return tuple(NAMES.get(oid, oid) for oid in oids)


def _dotted(data: bytes) -> str:
    if not data or data[-1] & 0x80 or len(data) > 32:
        raise WireError("object identifier ends early")
    arcs, arc = [], 0
    for byte in data:
        arc = arc << 7 | byte & 0x7F
        if byte < 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def _oid(dotted: str) -> bytes:
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return ber.tlv(OID, b"".join(_base128(arc) for arc in (40 * first + second, *rest)))


def _base128(arc: int) -> bytes:
    septets = [arc & 0x7F]
    while arc := arc >> 7:
        septets.append(arc & 0x7F | 0x80)
    return bytes(reversed(septets))
