"""Which marked answers belong to which service, for `portcheck listen`."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from portcheck.responder import marked
from portcheck.responder.marked import Listener
from portcheck.responder.voice import Voice
from portcheck.responder.voices import dns_frame, with_length, with_size
from portcheck.wire import http, kerberos, ldap, mark, nbt, nmf, rpc, smb, tds

LONGEST = 1 << 14  # bytes of one question
PATIENCE_S = 10.0  # for a whole conversation
DYNAMIC = "rpc-dynamic/tcp"
MOST_TIMES = 3  # RFC 9000, 8.1: to an address that has proven nothing, at most three times what came from it
PLAIN_DNS = 512  # bytes of a datagram without EDNS (RFC 1035, 4.2.1)
HEADERS = 28  # bytes of IPv4 and UDP, which the wire carries for each datagram


def allowance(question: bytes) -> int:
    """Bytes that a datagram may be answered with."""
    return MOST_TIMES * (len(question) + HEADERS) - HEADERS


def voice(
    service: str, own: Listener, addresses: tuple[str, ...], ports: Mapping[str, int], context: ssl.SSLContext | None
) -> Voice:
    """`addresses` and `ports` are what DNS leads to."""
    return replace(_of(service, own, addresses, ports, context), longest=LONGEST, patience_s=PATIENCE_S)


def _of(
    service: str, own: Listener, addresses: tuple[str, ...], ports: Mapping[str, int], context: ssl.SSLContext | None
) -> Voice:
    match service:
        case "dns/udp":
            return Voice(partial(_short_records, own, addresses, ports))
        case "dns/tcp":
            return Voice(with_size(partial(_records, own, addresses, ports)), dns_frame)
        case "ldap/tcp" | "gc/tcp":
            return Voice(partial(marked.directory, own), ldap.frame, upgrade=context, upgrades=marked.starts_tls)
        case "ldaps/tcp" | "gc-tls/tcp":
            return Voice(partial(marked.directory, own), ldap.frame, tls=context)
        case "https/tcp":
            return Voice(marked.web, http.frame, tls=context, ends=_always)
        case "winrm/tcp" | "mim-service/tcp" | "mim-sts/tcp":
            return Voice(marked.web, http.frame, ends=_always)
        case "kerberos/tcp":
            return Voice(with_length(partial(marked.kerberos, own)), kerberos.frame)
        case "kpasswd/tcp":
            return Voice(with_length(partial(marked.password, own)), kerberos.frame)
        case "rpc/tcp":
            return Voice(partial(marked.mapper, own), rpc.frame)
        case "rpc-dynamic/tcp":
            return Voice(partial(marked.interface, own), rpc.frame)
        case "smb/tcp":
            return Voice(partial(marked.share, own), smb.frame)
        case _:
            return _plain(service, own)


def _plain(service: str, own: Listener) -> Voice:
    match service:
        case "ldap-ping/udp":
            return Voice(partial(marked.directory, own))
        case "kerberos/udp":
            return Voice(partial(marked.kerberos, own))
        case "kpasswd/udp":
            return Voice(partial(marked.password, own))
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


def _records(own: Listener, addresses: tuple[str, ...], ports: Mapping[str, int], data: bytes) -> bytes:
    return marked.records(own, addresses, ports, data).to_wire()


def _short_records(own: Listener, addresses: tuple[str, ...], ports: Mapping[str, int], data: bytes) -> bytes:
    """Cut short where it is too long, but for the mark, which fits any question."""
    import dns.flags

    reply = marked.records(own, addresses, ports, data)
    if len(whole := reply.to_wire()) <= min(allowance(data), reply.payload or PLAIN_DNS):
        return whole
    reply.answer.clear()
    reply.authority.clear()
    reply.flags |= dns.flags.TC
    return reply.to_wire()
