"""LDAP messages (RFC 4511) that a search without bind, StartTLS and their answers consist of."""

from __future__ import annotations

from collections.abc import Callable

from portcheck.frozen import dataclass
from portcheck.wire import WireError, ber, ldap_filter
from portcheck.wire.ldap_filter import ANY, Filter

BIND_REQUEST = 0x60
BIND_RESPONSE = 0x61
UNBIND_REQUEST = 0x42
SEARCH_REQUEST = 0x63
SEARCH_ENTRY = 0x64
SEARCH_DONE = 0x65
SEARCH_REFERENCE = 0x73
EXTENDED_REQUEST = 0x77
EXTENDED_RESPONSE = 0x78
REFERRAL = 0xA3
RESPONSE_NAME = 0x8A

START_TLS = "1.3.6.1.4.1.1466.20037"

SUCCESS = 0
UNAVAILABLE = 52
BASE_OBJECT = 0

MAX_MESSAGE = 1 << 20


def _message(message_id: int, tag: int, *parts: bytes, long_form: bool) -> bytes:
    body = ber.tlv(tag, *parts, long_form=long_form)
    return ber.tlv(ber.SEQUENCE, ber.integer(message_id), body, long_form=long_form)


def _answer(code: int, matched_dn: str, message: str) -> tuple[bytes, bytes, bytes]:
    return ber.enumerated(code), ber.octets(matched_dn), ber.octets(message)


@dataclass(frozen=True, slots=True)
class SearchRequest:
    message_id: int = 1
    base: str = ""
    scope: int = BASE_OBJECT
    filter: Filter = ANY
    attributes: tuple[str, ...] = ()
    time_limit: int = 0

    def pack(self, *, long_form: bool = False) -> bytes:
        names = ber.tlv(ber.SEQUENCE, *(ber.octets(name) for name in self.attributes), long_form=long_form)
        return _message(
            self.message_id,
            SEARCH_REQUEST,
            ber.octets(self.base),
            ber.enumerated(self.scope),
            ber.enumerated(0),  # never dereference aliases
            ber.integer(0),  # no size limit
            ber.integer(self.time_limit),
            ber.boolean(False),  # types and values
            ldap_filter.pack(self.filter, long_form=long_form),
            names,
            long_form=long_form,
        )


@dataclass(frozen=True, slots=True)
class SearchEntry:
    """Attribute names are compared without case: servers give them back as they store them."""

    message_id: int
    dn: str = ""
    attributes: tuple[tuple[str, tuple[bytes, ...]], ...] = ()

    def all_bytes(self, name: str) -> tuple[bytes, ...]:
        wanted = name.lower()
        return tuple(value for key, values in self.attributes if key.lower() == wanted for value in values)

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(ber.text(value) for value in self.all_bytes(name))

    def first(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)

    def first_bytes(self, name: str) -> bytes | None:
        return next(iter(self.all_bytes(name)), None)

    def pack(self, *, long_form: bool = False) -> bytes:
        rows = (self._row(name, values, long_form=long_form) for name, values in self.attributes)
        listed = ber.tlv(ber.SEQUENCE, *rows, long_form=long_form)
        return _message(self.message_id, SEARCH_ENTRY, ber.octets(self.dn), listed, long_form=long_form)

    @staticmethod
    def _row(name: str, values: tuple[bytes, ...], *, long_form: bool) -> bytes:
        given = ber.tlv(ber.SET, *(ber.octets(value, long_form=long_form) for value in values), long_form=long_form)
        return ber.tlv(ber.SEQUENCE, ber.octets(name), given, long_form=long_form)


@dataclass(frozen=True, slots=True)
class SearchReference:
    message_id: int
    urls: tuple[str, ...] = ()

    def pack(self, *, long_form: bool = False) -> bytes:
        return _message(self.message_id, SEARCH_REFERENCE, *map(ber.octets, self.urls), long_form=long_form)


@dataclass(frozen=True, slots=True)
class SearchDone:
    message_id: int
    code: int = SUCCESS
    matched_dn: str = ""
    message: str = ""
    referrals: tuple[str, ...] = ()

    def pack(self, *, long_form: bool = False) -> bytes:
        parts = _answer(self.code, self.matched_dn, self.message)
        urls = ber.tlv(REFERRAL, *map(ber.octets, self.referrals), long_form=long_form) if self.referrals else b""
        return _message(self.message_id, SEARCH_DONE, *parts, urls, long_form=long_form)


@dataclass(frozen=True, slots=True)
class BindRequest:
    """Only who binds and how; the credentials are never read."""

    message_id: int
    version: int
    name: str
    mechanism: str  # "simple" or "sasl"


@dataclass(frozen=True, slots=True)
class BindResponse:
    message_id: int
    code: int = SUCCESS
    matched_dn: str = ""
    message: str = ""

    def pack(self, *, long_form: bool = False) -> bytes:
        parts = _answer(self.code, self.matched_dn, self.message)
        return _message(self.message_id, BIND_RESPONSE, *parts, long_form=long_form)


@dataclass(frozen=True, slots=True)
class ExtendedRequest:
    message_id: int = 1
    name: str = START_TLS
    value: bytes | None = None

    def pack(self, *, long_form: bool = False) -> bytes:
        value = b"" if self.value is None else ber.octets(self.value, 0x81)
        return _message(self.message_id, EXTENDED_REQUEST, ber.octets(self.name, 0x80), value, long_form=long_form)


@dataclass(frozen=True, slots=True)
class ExtendedResponse:
    message_id: int
    code: int = SUCCESS
    matched_dn: str = ""
    message: str = ""
    name: str | None = None

    def pack(self, *, long_form: bool = False) -> bytes:
        name = b"" if self.name is None else ber.octets(self.name, RESPONSE_NAME)
        parts = _answer(self.code, self.matched_dn, self.message)
        return _message(self.message_id, EXTENDED_RESPONSE, *parts, name, long_form=long_form)


@dataclass(frozen=True, slots=True)
class OtherOperation:
    """Any other operation, kept as it came: unbind, abandon, modify …"""

    message_id: int
    tag: int
    value: bytes


Operation = (
    SearchRequest
    | SearchEntry
    | SearchReference
    | SearchDone
    | BindRequest
    | BindResponse
    | ExtendedRequest
    | ExtendedResponse
    | OtherOperation
)


@dataclass(frozen=True, slots=True)
class Message:
    message_id: int
    op: Operation


def _parts(value: bytes, *tags: int) -> tuple[ber.Tlv, ...]:
    """The elements of an operation, of which the first ones must have these tags."""
    parts = ber.children(value)
    if tuple(part.tag for part in parts[: len(tags)]) != tags:
        raise WireError("LDAP operation with the wrong fields")
    return parts


def _strings(value: bytes) -> tuple[bytes, ...]:
    return tuple(ber.inner(element, ber.OCTET_STRING) for element in ber.children(value))


def _texts(value: bytes) -> tuple[str, ...]:
    return tuple(map(ber.text, _strings(value)))


def _search_request(message_id: int, value: bytes) -> SearchRequest:
    head = (ber.OCTET_STRING, ber.ENUMERATED, ber.ENUMERATED, ber.INTEGER, ber.INTEGER, 0x01)
    parts = _parts(value, *head)
    if len(parts) != 8:
        raise WireError("LDAP search without filter or attribute list")
    return SearchRequest(
        message_id=message_id,
        base=ber.text(parts[0].value),
        scope=ber.number(parts[1].value),
        filter=ldap_filter.unpack(parts[6]),
        attributes=_texts(ber.inner(parts[7], ber.SEQUENCE)),
        time_limit=ber.number(parts[4].value),
    )


def _search_entry(message_id: int, value: bytes) -> SearchEntry:
    dn, rows = _parts(value, ber.OCTET_STRING, ber.SEQUENCE)[:2]
    attributes = []
    for row in ber.children(rows.value):
        name, values = _parts(ber.inner(row, ber.SEQUENCE), ber.OCTET_STRING, ber.SET)[:2]
        attributes.append((ber.text(name.value), _strings(values.value)))
    return SearchEntry(message_id, ber.text(dn.value), tuple(attributes))


def _search_reference(message_id: int, value: bytes) -> SearchReference:
    return SearchReference(message_id, _texts(value))


def _ended(value: bytes) -> tuple[int, str, str, tuple[ber.Tlv, ...]]:
    """An LDAPResult: code, matched DN, message, and what follows. Windows ends the message with a NUL."""
    parts = _parts(value, ber.ENUMERATED, ber.OCTET_STRING, ber.OCTET_STRING)
    code, matched_dn, message = (part.value for part in parts[:3])
    return ber.number(code), ber.text(matched_dn), ber.text(message.rstrip(b"\0")), parts[3:]


def _search_done(message_id: int, value: bytes) -> SearchDone:
    code, matched_dn, message, rest = _ended(value)
    urls = tuple(url for part in rest if part.tag == REFERRAL for url in _texts(part.value))
    return SearchDone(message_id, code, matched_dn, message, urls)


def _bind_request(message_id: int, value: bytes) -> BindRequest:
    parts = _parts(value, ber.INTEGER, ber.OCTET_STRING)
    if len(parts) != 3:
        raise WireError("LDAP bind without credentials")
    mechanism = "simple" if parts[2].tag == 0x80 else "sasl"
    return BindRequest(message_id, ber.number(parts[0].value), ber.text(parts[1].value), mechanism)


def _bind_response(message_id: int, value: bytes) -> BindResponse:
    return BindResponse(message_id, *_ended(value)[:3])


def _extended_request(message_id: int, value: bytes) -> ExtendedRequest:
    parts = _parts(value, 0x80)
    given = next((part.value for part in parts if part.tag == 0x81), None)
    return ExtendedRequest(message_id, ber.text(parts[0].value), given)


def _extended_response(message_id: int, value: bytes) -> ExtendedResponse:
    code, matched_dn, message, rest = _ended(value)
    name = next((ber.text(part.value) for part in rest if part.tag == RESPONSE_NAME), None)
    return ExtendedResponse(message_id, code, matched_dn, message, name)


_OPERATIONS: dict[int, Callable[[int, bytes], Operation]] = {
    SEARCH_REQUEST: _search_request,
    SEARCH_ENTRY: _search_entry,
    SEARCH_REFERENCE: _search_reference,
    SEARCH_DONE: _search_done,
    BIND_REQUEST: _bind_request,
    BIND_RESPONSE: _bind_response,
    EXTENDED_REQUEST: _extended_request,
    EXTENDED_RESPONSE: _extended_response,
}


def _unpack(body: bytes) -> Message:
    parts = _parts(body, ber.INTEGER)
    if len(parts) < 2:
        raise WireError("LDAP message without operation")
    message_id, tag, value = ber.number(parts[0].value), parts[1].tag, parts[1].value
    if tag == EXTENDED_RESPONSE and parts[-1].tag == RESPONSE_NAME:
        # AD's notice of disconnection has its name behind the operation, not in it
        value += ber.tlv(RESPONSE_NAME, parts[-1].value)
    operation = _OPERATIONS.get(tag)
    return Message(message_id, operation(message_id, value) if operation else OtherOperation(message_id, tag, value))


def unpack_message(data: bytes) -> Message:
    return _unpack(ber.whole(data, ber.SEQUENCE))


def unpack_messages(data: bytes) -> tuple[Message, ...]:
    """All messages of a datagram or of a collected stream, one after the other."""
    return tuple(_unpack(ber.inner(element, ber.SEQUENCE)) for element in ber.children(data))


def frame(buffer: bytes, offset: int = 0) -> int | None:
    """Length of the message at `offset` of a stream; None: not known yet."""
    if len(buffer) > offset and buffer[offset] != ber.SEQUENCE:
        raise WireError("not an LDAP message")
    length = ber.frame(buffer, offset)
    if length is not None and length > MAX_MESSAGE:
        raise WireError(f"LDAP message of {length} bytes")
    return length


class AnswerFrame:
    """Length of a whole answer: entries and references up to the message that ends them; None: more is to come.

    To be asked of one growing buffer: it remembers where it was.
    """

    __slots__ = ("_end", "_left", "_next")

    def __init__(self) -> None:
        self._end = 0  # of the messages seen
        self._next: int | None = None  # where the one after them ends
        self._left = ber.MAX_ELEMENTS

    def __call__(self, buffer: bytes) -> int | None:
        while self._left:
            if self._next is None:
                length = frame(buffer, self._end)
                self._next = None if length is None else self._end + length
            if self._next is None or self._next > len(buffer):
                return None
            tag = _operation_tag(bytes(buffer[self._end : self._next]))
            self._end, self._next = self._next, None
            self._left -= 1
            if tag not in (SEARCH_ENTRY, SEARCH_REFERENCE):
                return self._end
            if self._end > MAX_MESSAGE:
                break
        raise WireError("LDAP answer without end")


def _operation_tag(message: bytes) -> int:
    parts = ber.children(ber.whole(message, ber.SEQUENCE), limit=8)
    return parts[1].tag if len(parts) > 1 else 0
