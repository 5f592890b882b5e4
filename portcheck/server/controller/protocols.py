"""Which answers belong to which service of a controller."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from portcheck.catalogue.services import services
from portcheck.server.controller import calls, clock, directory, placement, shares, tickets, web
from portcheck.server.controller.record import OVER_TLS, Controller
from portcheck.server.protocol import Answering, ProtocolHandler
from portcheck.wire import WireError, http, kerberos, ldap, nbt, nmf, rpc, smb

KDC_PATIENCE_S = 10.0  # DOCUMENTED (KB837361): of a session without a question


def voice(
    service: str, zone: Sequence[Controller], ports: Mapping[str, int], context: ssl.SSLContext | None
) -> ProtocolHandler:
    """The voice of the zone's first controller; `context` is None where it has no certificate."""
    dc = zone[0]
    living = placement.living_at(dc.placement, service)
    if living:
        interfaces = frozenset(services()[name].interface or "" for name in living)
        answer = partial(calls.interface_answer, dc, port=ports.get(service, 0), interfaces=interfaces)
        return ProtocolHandler(answer, rpc.frame, ends=calls.hangs_up)
    match service:
        case "ldap/tcp" | "gc/tcp":
            return replace(_ldap(dc), upgrade=context, upgrades=partial(directory.starts_tls, dc))
        case _ if service in OVER_TLS:
            return replace(_ldap(dc), tls=context)
        case "ldap-ping/udp":
            return ProtocolHandler(partial(directory.ping_answer, dc))
        case "kerberos/tcp":
            return _kdc(dc, partial(tickets.kerberos_answer, dc))
        case "kpasswd/tcp":
            return _kdc(dc, partial(tickets.kpasswd_answer, dc))
        case "kerberos/udp":
            return ProtocolHandler(partial(tickets.kerberos_datagram, dc), deaf_to=_deaf_to(dc))
        case "kpasswd/udp":
            return ProtocolHandler(partial(tickets.kpasswd_answer, dc), deaf_to=_deaf_to(dc))
        case "time/udp":
            return ProtocolHandler(partial(clock.ntp_answer, dc))
        case "rpc/tcp":
            return ProtocolHandler(partial(calls.mapper_answer, dc, ports=ports), rpc.frame, ends=calls.hangs_up)
        case _:
            return _other(service, zone, ports)


def _other(service: str, zone: Sequence[Controller], ports: Mapping[str, int]) -> ProtocolHandler:
    match service:
        case "smb/tcp":
            return ProtocolHandler(partial(shares.smb_answer, zone[0]), smb.frame, once=shares.asks_smb2)
        case "netbios-ns/udp":
            return ProtocolHandler(partial(shares.names_answer, zone[0]))
        case "netbios-ssn/tcp":
            return ProtocolHandler(partial(shares.session_answer, zone[0]), nbt.frame)
        case "winrm/tcp":
            return ProtocolHandler(web.winrm_answer, http.frame)
        case "adws/tcp":
            return ProtocolHandler(partial(web.adws_answer, zone[0]), nmf.frame_preamble)
        case "dns/udp":
            from portcheck.server.controller.zone import datagram  # 100 ms: dnspython, only where DNS is served

            return ProtocolHandler(partial(datagram, zone, ports))
        case "dns/tcp":
            from portcheck.server.controller.zone import answer

            return ProtocolHandler(with_size(partial(answer, zone, ports)), dns_frame)
        case _:
            raise ValueError(f"nobody here speaks {service}")


def _ldap(dc: Controller) -> ProtocolHandler:
    return ProtocolHandler(partial(directory.answer, dc), ldap.frame, longest=directory.LARGEST[dc.windows])


def _kdc(dc: Controller, answer: Answering) -> ProtocolHandler:
    return ProtocolHandler(with_length(answer), kerberos.frame, deaf_to=_deaf_to(dc), patience_s=KDC_PATIENCE_S)


def _deaf_to(dc: Controller) -> frozenset[int]:
    return tickets.DEAF_TO if dc.windows else frozenset()


def with_length(answer: Answering) -> Answering:
    """RFC 4120, 7.2.2: four bytes of length before each message."""
    return lambda data: kerberos.tcp(answer(kerberos.payload(data)))


def with_size(answer: Answering) -> Answering:
    """RFC 1035, 4.2.2: two bytes of length before each message."""

    def over_tcp(data: bytes) -> bytes:
        reply = answer(data[2:])
        return len(reply).to_bytes(2, "big") + reply

    return over_tcp


def dns_frame(buffer: bytes) -> int | None:
    if len(buffer) < 2:
        return None
    if (length := int.from_bytes(buffer[:2], "big")) < 12:
        raise WireError("not a DNS message")
    return 2 + length
