"""Which marked answers belong to which service, for `portcheck listen`."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING

from portcheck.frozen import dataclass
from portcheck.server.controller.protocols import dns_frame, with_length, with_size
from portcheck.server.listener import watermarked
from portcheck.server.listener.watermarked import Listener
from portcheck.server.protocol import ProtocolHandler
from portcheck.wire import http, kerberos, ldap, nbt, nmf, rpc, smb, tds, watermark

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


def voice(service: str, port: int, part: Part) -> ProtocolHandler:
    spoken = _web(service, port, part.context) or _directory(service, part) or _of(service, part)
    return replace(spoken, longest=LONGEST, patience_s=PATIENCE_S)


def _web(service: str, port: int, context: ssl.SSLContext | None) -> ProtocolHandler | None:
    if service in {"https/tcp", "kdc-proxy/tcp"} or (service, port) == ("winrm/tcp", WINRM_TLS):
        return ProtocolHandler(watermarked.web, http.frame, tls=context, ends=_always)
    return ProtocolHandler(watermarked.web, http.frame, ends=_always) if service in IN_CLEAR else None


def _directory(service: str, part: Part) -> ProtocolHandler | None:
    answer = partial(watermarked.directory, part.own)
    match service:
        case "ldap/tcp" | "gc/tcp":
            return ProtocolHandler(answer, ldap.frame, upgrade=part.context, upgrades=watermarked.starts_tls)
        case "ldaps/tcp" | "gc-tls/tcp":
            return ProtocolHandler(answer, ldap.frame, tls=part.context)
        case "ldap-ping/udp":
            return ProtocolHandler(answer)
    return None


def _of(service: str, part: Part) -> ProtocolHandler:
    own = part.own
    match service:
        case "dns/udp":
            return ProtocolHandler(partial(_short_records, part))
        case "dns/tcp":
            return ProtocolHandler(with_size(lambda data: _records(part, data).to_wire()), dns_frame)
        case "kerberos/tcp":
            return ProtocolHandler(with_length(partial(watermarked.kerberos, own)), kerberos.frame)
        case "kerberos/udp":
            return ProtocolHandler(partial(watermarked.kerberos, own))
        case "kpasswd/tcp":
            return ProtocolHandler(with_length(partial(watermarked.password, own)), kerberos.frame)
        case "kpasswd/udp":
            return ProtocolHandler(partial(watermarked.password, own))
        case "rpc/tcp":
            return ProtocolHandler(partial(watermarked.mapper, own), rpc.frame)
        case "rpc-dynamic/tcp":
            return ProtocolHandler(partial(watermarked.interface, own), rpc.frame)
        case "smb/tcp":
            return ProtocolHandler(partial(watermarked.share, own), smb.frame)
        case _:
            return _plain(service)


def _plain(service: str) -> ProtocolHandler:
    match service:
        case "time/udp":
            return ProtocolHandler(watermarked.clock)
        case "netbios-ns/udp":
            return ProtocolHandler(watermarked.names)
        case "netbios-ssn/tcp":
            return ProtocolHandler(watermarked.session, nbt.frame, ends=_always)
        case "adws/tcp":
            return ProtocolHandler(watermarked.framing, nmf.frame_preamble, ends=_always)
        case "mssql/tcp":
            return ProtocolHandler(watermarked.database, tds.frame, ends=_always)
        case "udp/udp":
            return ProtocolHandler(watermarked.anything)
        case _:  # no protocol of its own here: it says who it is, and listens
            return ProtocolHandler(watermarked.anything, greeting=f"{watermark.NAME}\r\n".encode())


def _always(_: bytes) -> bool:
    return True


def _records(part: Part, data: bytes) -> Message:
    return watermarked.records(part.own, part.addresses, part.ports, data)


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
