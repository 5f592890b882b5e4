"""The LDAP ping (MS-ADTS 6.3.3): an LDAP search for `NetLogon` whose value is the blob of `netlogon_reply`."""

from __future__ import annotations

from portcheck.frozen import dataclass
from portcheck.wire import WireError, ber, ldap
from portcheck.wire.ldap import SearchDone, SearchEntry, SearchRequest
from portcheck.wire.ldap_answer import SearchAnswer
from portcheck.wire.ldap_filter import And, Equals, Filter
from portcheck.wire.netlogon_reply import NetlogonFlags, NetlogonReply, Opcode

__all__ = ["NetlogonFlags", "NetlogonReply", "Opcode", "PingAnswer", "PingRequest", "pack_ping", "unpack_ping"]

ATTRIBUTE = "NetLogon"
NT_VERSION = 0x0E  # 5 | 5EX | 5EX_WITH_IP: the answer with DNS names, sites and the address it knows of itself


@dataclass(frozen=True, slots=True)
class PingRequest:
    """`domain` None asks the DC for the domain it hosts by default."""

    domain: str | None = None
    nt_version: int = NT_VERSION
    message_id: int = 1
    host: str = ""
    user: str = ""
    domain_sid: bytes = b""  # Samba answers only for its own; of Windows it is not known (MS-ADTS 6.3.3.2)

    def pack(self, *, long_form: bool = False) -> bytes:
        named = (("DnsDomain", self.domain or ""), ("Host", self.host), ("User", self.user))
        terms: list[Filter] = [Equals(name, value.encode()) for name, value in named if value]
        if self.domain_sid:
            terms.append(Equals("DomainSid", self.domain_sid))
        # MS-ADTS 6.3.3.1: an octet string, little endian
        terms.append(Equals("NtVer", self.nt_version.to_bytes(4, "little")))
        search = SearchRequest(self.message_id, filter=And(tuple(terms)), attributes=(ATTRIBUTE,))
        return search.pack(long_form=long_form)

    @classmethod
    def unpack(cls, data: bytes) -> PingRequest:
        search = ldap.unpack_message(data).op
        if not isinstance(search, SearchRequest):
            raise WireError("not an LDAP search")
        return cls.from_search(search)

    @classmethod
    def from_search(cls, search: SearchRequest) -> PingRequest:
        if search.base or ATTRIBUTE.lower() not in (name.lower() for name in search.attributes):
            raise WireError("not an LDAP ping")
        given = dict(_terms(search.filter))
        return cls(
            domain=ber.text(given.get("dnsdomain", b"")).rstrip(".") or None,
            nt_version=int.from_bytes(given.get("ntver", b"")[:4], "little"),
            message_id=search.message_id,
            host=ber.text(given.get("host", b"")),
            user=ber.text(given.get("user", b"")),
            domain_sid=given.get("domainsid", b""),
        )


def _terms(filter_: Filter) -> tuple[tuple[str, bytes], ...]:
    parts = filter_.parts if isinstance(filter_, And) else (filter_,)
    return tuple((part.attribute.lower(), part.value) for part in parts if isinstance(part, Equals))


@dataclass(frozen=True, slots=True)
class PingAnswer:
    """Success without `netlogon` (MS-ADTS 6.3.3.3): the DC hears us, but does not host the domain asked for."""

    entry_present: bool
    code: int
    netlogon: NetlogonReply | None
    message_id: int = 1


def unpack_ping(data: bytes, number: int | None = None) -> PingAnswer:
    """The answer to ping `number`; one datagram, or the collected stream: an entry or none, then what ends the search.

    WireError for the answer to another question, and for what is no answer at all.
    """
    answer = SearchAnswer.unpack(data, number)
    blob = answer.entry.first_bytes(ATTRIBUTE) if answer.entry else None
    reply = NetlogonReply.unpack(blob) if blob else None
    return PingAnswer(answer.entry is not None, answer.end.code, reply, answer.end.message_id)


def pack_ping(message_id: int, reply: NetlogonReply | None, *, long_form: bool = False) -> bytes:
    """The whole answer; without a reply: nothing found, which is a success too."""
    entry = b""
    if reply is not None:
        attributes = ((ATTRIBUTE, (reply.pack(),)),)
        entry = SearchEntry(message_id, attributes=attributes).pack(long_form=long_form)
    return entry + SearchDone(message_id).pack(long_form=long_form)
