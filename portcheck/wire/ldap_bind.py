"""The bind of LDAP (RFC 4511, 4.2): what signs in, and what the directory says to it. Nothing secret is ever read."""

from __future__ import annotations

from portcheck.frozen import dataclass
from portcheck.wire import WireError, ber
from portcheck.wire.ldap import BIND_REQUEST, BIND_RESPONSE

VERSION = 3
SIMPLE, SASL, SERVER_CREDENTIALS = 0x80, 0xA3, 0x87


def simple(number: int, user: str, password: bytes) -> bytes:
    """The password itself goes in it."""
    return _request(number, user, ber.octets(password, SIMPLE))


def sasl(number: int, mechanism: str, token: bytes) -> bytes:
    """One step of a SASL mechanism; the user is named in its token."""
    return _request(number, "", ber.tlv(SASL, ber.octets(mechanism), ber.octets(token)))


def _request(number: int, user: str, proof: bytes) -> bytes:
    body = ber.tlv(BIND_REQUEST, ber.integer(VERSION), ber.octets(user), proof)
    return ber.tlv(ber.SEQUENCE, ber.integer(number), body)


@dataclass(frozen=True, slots=True)
class BindAnswer:
    """The result code and its text; `credentials` are the server's part of a SASL mechanism."""

    code: int
    message: str = ""
    credentials: bytes | None = None

    @classmethod
    def unpack(cls, data: bytes, number: int) -> BindAnswer:
        """WireError for anything but the answer to bind `number`."""
        head, operation, *_ = (*ber.children(ber.whole(data, ber.SEQUENCE), limit=8), None, None)
        if head is None or operation is None or ber.number(ber.inner(head, ber.INTEGER)) != number:
            raise WireError("an LDAP message, but not the answer to our bind")
        parts = ber.children(ber.inner(operation, BIND_RESPONSE), limit=16)
        if [part.tag for part in parts[:3]] != [ber.ENUMERATED, ber.OCTET_STRING, ber.OCTET_STRING]:
            raise WireError("an LDAP bind answer with the wrong fields")
        given = next((part.value for part in parts[3:] if part.tag == SERVER_CREDENTIALS), None)
        return cls(ber.number(parts[0].value), ber.text(parts[2].value.rstrip(b"\0")).strip(), given)
