"""The pieces Kerberos messages are made of (RFC 4120, 5.2): numbered fields, names, strings, encrypted blobs."""

from __future__ import annotations

from portcheck.wire import WireError, ber

PVNO = 5
NT_PRINCIPAL = 1
NT_SRV_INST = 2

AES256 = 18  # aes256-cts-hmac-sha1-96 (RFC 3962)


def field(number: int, *parts: bytes) -> bytes:
    return ber.tlv(0xA0 | number, *parts)


def sequence(*parts: bytes) -> bytes:
    return ber.tlv(ber.SEQUENCE, *parts)


def string(text: str) -> bytes:
    return ber.octets(text, ber.GENERAL_STRING)


def flags(value: int) -> bytes:
    """KerberosFlags: 32 bits, none unused."""
    return ber.tlv(ber.BIT_STRING, b"\0", value.to_bytes(4, "big"))


def principal(name: str, kind: int) -> bytes:
    """`krbtgt/ALPHA.TEST` as a PrincipalName of two components."""
    components = (string(part) for part in name.split("/"))
    return sequence(field(0, ber.integer(kind)), field(1, sequence(*components)))


def encrypted(cipher: bytes, kvno: int | None = None) -> bytes:
    """EncryptedData that says AES; nobody holds the key."""
    version = b"" if kvno is None else field(1, ber.integer(kvno))
    return sequence(field(0, ber.integer(AES256)), version, field(2, ber.octets(cipher)))


def fields(value: bytes, most: int = 32) -> dict[int, ber.Tlv]:
    """The elements of a SEQUENCE by the number of their context tag."""
    found: dict[int, ber.Tlv] = {}
    for element in ber.children(value, limit=most):
        number = element.tag - 0xA0
        if not 0 <= number < 0x1F or number in found:
            raise WireError(f"Kerberos field with tag 0x{element.tag:02x}")
        found[number], end = ber.read(element.value)
        if end != len(element.value):
            raise WireError(f"Kerberos field {number} with bytes behind it")
    return found


def message(data: bytes, application: int, kind: int, at: int = 0) -> dict[int, ber.Tlv]:
    """The fields of a whole message; pvno and msg-type stand at `at` and behind it."""
    found = fields(ber.whole(ber.whole(data, 0x60 | application), ber.SEQUENCE))
    if read_number(found, at) != PVNO or read_number(found, at + 1) != kind:
        raise WireError("not a Kerberos 5 message of this kind")
    return found


def read_number(found: dict[int, ber.Tlv], number: int) -> int | None:
    element = found.get(number)
    return None if element is None else ber.number(ber.inner(element, ber.INTEGER))


def read_string(found: dict[int, ber.Tlv], number: int) -> str | None:
    """Any string type: old KDCs do not keep to GeneralString."""
    element = found.get(number)
    return None if element is None else ber.text(element.value)


def read_octets(found: dict[int, ber.Tlv], number: int) -> bytes | None:
    element = found.get(number)
    return None if element is None else ber.inner(element, ber.OCTET_STRING)


def read_principal(found: dict[int, ber.Tlv], number: int, usual: int = NT_PRINCIPAL) -> tuple[str | None, int]:
    """The name with its components joined by `/`, and its type; `usual` where none is told."""
    element = found.get(number)
    if element is None:
        return None, usual
    parts = fields(ber.inner(element, ber.SEQUENCE))
    if 1 not in parts:
        raise WireError("principal without name")
    components = ber.children(ber.inner(parts[1], ber.SEQUENCE), limit=16)
    kind = read_number(parts, 0)
    return "/".join(ber.text(part.value) for part in components), usual if kind is None else kind
