"""Which marked answers belong to which service, for `portcheck listen`."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from portcheck.responder import marked
from portcheck.responder.marked import Listener
from portcheck.responder.voice import Voice
from portcheck.responder.voices import dns_frame, with_length, with_size
from portcheck.wire import http, kerberos, ldap, mark, nbt, nmf, rpc, smb, tds

if TYPE_CHECKING:
    from dns.message import Message

LONGEST = 1 << 14  # bytes of one question
PATIENCE_S = 10.0  # for a whole conversation
WINRM_TLS = 5986  # WinRM over HTTPS (MS-WSMV 2.1)
IN_CLEAR = frozenset({"http/tcp", "winrm/tcp", "mim-service/tcp", "mim-sts/tcp"})
DYNAMIC = "rpc-dynamic/tcp"
MOST_TIMES = 3  # RFC 9000, 8.1: to an address that has proven nothing, at most three times what came from it
PLAIN_DNS = 512  # bytes of a datagram without EDNS (RFC 1035, 4.2.1)
HEADERS = 28  # bytes of IPv4 and UDP, which the wire carries for each datagram


def allowance(question: bytes) -> int:
    """Bytes that a datagram may be answered with."""
    return MOST_TIMES * (len(question) + HEADERS) - HEADERS


@dataclass(frozen=True, slots=True)
class Part:
    """What is played at one address; `addresses` and `ports` are where DNS leads to."""

    own: Listener
    addresses: tuple[str, ...] = ()
    ports: Mapping[str, int] = field(default_factory=dict)
    context: ssl.SSLContext | None = None


def voice(service: str, port: int, part: Part) -> Voice:
    spoken = _web(service, port, part.context) or _directory(service, part) or _of(service, part)
    return replace(spoken, longest=LONGEST, patience_s=PATIENCE_S)


def _web(service: str, port: int, context: ssl.SSLContext | None) -> Voice | None:
    if service == "https/tcp" or (service, port) == ("winrm/tcp", WINRM_TLS):
        return Voice(marked.web, http.frame, tls=context, ends=_always)
    return Voice(marked.web, http.frame, ends=_always) if service in IN_CLEAR else None


def _directory(service: str, part: Part) -> Voice | None:
    answer = partial(marked.directory, part.own)
    match service:
        case "ldap/tcp" | "gc/tcp":
            return Voice(answer, ldap.frame, upgrade=part.context, upgrades=marked.starts_tls)
        case "ldaps/tcp" | "gc-tls/tcp":
            return Voice(answer, ldap.frame, tls=part.context)
        case "ldap-ping/udp":
            return Voice(answer)
    return None


def _of(service: str, part: Part) -> Voice:
    own = part.own
    match service:
        case "dns/udp":
            return Voice(partial(_short_records, part))
        case "dns/tcp":
            return Voice(with_size(lambda data: _records(part, data).to_wire()), dns_frame)
        case "kerberos/tcp":
            return Voice(with_length(partial(marked.kerberos, own)), kerberos.frame)
        case "kerberos/udp":
            return Voice(partial(marked.kerberos, own))
        case "kpasswd/tcp":
            return Voice(with_length(partial(marked.password, own)), kerberos.frame)
        case "kpasswd/udp":
            return Voice(partial(marked.password, own))
        case "rpc/tcp":
            return Voice(partial(marked.mapper, own), rpc.frame)
        case "rpc-dynamic/tcp":
            return Voice(partial(marked.interface, own), rpc.frame)
        case "smb/tcp":
            return Voice(partial(marked.share, own), smb.frame)
        case _:
            return _plain(service)


def _plain(service: str) -> Voice:
    match service:
        case "time/udp":
            return Voice(marked.clock)
        case "netbios-ns/udp":
            return Voice(marked.names)
        case "netbios-ssn/tcp":
            return Voice(marked.session, nbt.frame, ends=_always)
        case "adws/tcp":
            return Voice(marked.framing, nmf.frame_preamble, ends=_always)
        case "mssql/tcp":
            return Voice(marked.database, tds.frame, ends=_always)
        case "udp/udp":
            return Voice(marked.anything)
        case _:  # no protocol of its own here: it says who it is, and listens
            return Voice(marked.anything, greeting=f"{mark.NAME}\r\n".encode())


def _always(_: bytes) -> bool:
    return True


def _records(part: Part, data: bytes) -> Message:
    return marked.records(part.own, part.addresses, part.ports, data)


def _short_records(part: Part, data: bytes) -> bytes:
    """Cut short where it is too long, but for the mark, which fits any question."""
    import dns.flags

    reply = _records(part, data)
    if len(whole := reply.to_wire()) <= min(allowance(data), reply.payload or PLAIN_DNS):
        return whole
    reply.answer.clear()
    reply.authority.clear()
    reply.flags |= dns.flags.TC
    return reply.to_wire()
