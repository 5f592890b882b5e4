"""Which answers belong to which service: how its stream is cut into questions, and whether TLS is spoken."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from portcheck.responder import calls, clock, directory, shares, tickets, web
from portcheck.responder.controller import OVER_TLS, Controller
from portcheck.wire import WireError, http, kerberos, ldap, nbt, nmf, rpc, smb

Answer = Callable[[bytes], bytes]
Frame = Callable[[bytes], int | None]


def _never(_: bytes) -> bool:
    return False


def _datagram(_: bytes) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Voice:
    """How one service speaks. `tls` from the first byte on; `upgrade` after a question that `upgrades`."""

    answer: Answer  # WireError where a real server stays silent or hangs up
    frame: Frame = _datagram
    tls: ssl.SSLContext | None = None
    upgrade: ssl.SSLContext | None = None
    upgrades: Callable[[bytes], bool] = _never


def voice(service: str, zone: Sequence[Controller], ports: Mapping[str, int], context: ssl.SSLContext | None) -> Voice:
    """The voice of the zone's first controller; `context` is None where it has no certificate."""
    dc = zone[0]
    dynamic = ports.get("rpc-dynamic/tcp", 0)
    match service:
        case "ldap/tcp" | "gc/tcp":
            ask_tls = partial(directory.starts_tls, dc)
            return Voice(partial(directory.answer, dc), ldap.frame, upgrade=context, upgrades=ask_tls)
        case _ if service in OVER_TLS:
            return Voice(partial(directory.answer, dc), ldap.frame, tls=context)
        case "ldap-ping/udp":
            return Voice(partial(directory.ping_answer, dc))
        case "kerberos/tcp":
            return Voice(_with_length(partial(tickets.kerberos_answer, dc)), kerberos.frame)
        case "kerberos/udp":
            return Voice(partial(tickets.kerberos_datagram, dc))
        case "kpasswd/tcp":
            return Voice(_with_length(partial(tickets.kpasswd_answer, dc)), kerberos.frame)
        case "kpasswd/udp":
            return Voice(partial(tickets.kpasswd_answer, dc))
        case "time/udp":
            return Voice(partial(clock.ntp_answer, dc))
        case "rpc/tcp":
            return Voice(partial(calls.mapper_answer, dc, port=dynamic), rpc.frame)
        case "rpc-dynamic/tcp":
            return Voice(partial(calls.interface_answer, dc, port=dynamic), rpc.frame)
        case _:
            return _other(service, zone, ports)


def _other(service: str, zone: Sequence[Controller], ports: Mapping[str, int]) -> Voice:
    match service:
        case "smb/tcp":
            return Voice(partial(shares.smb_answer, zone[0]), smb.frame)
        case "netbios-ns/udp":
            return Voice(partial(shares.names_answer, zone[0]))
        case "netbios-ssn/tcp":
            return Voice(shares.session_answer, nbt.frame)
        case "winrm/tcp":
            return Voice(web.winrm_answer, http.frame)
        case "adws/tcp":
            return Voice(web.adws_answer, nmf.frame_preamble)
        case _:
            answer = _records_of(zone, ports)
            return Voice(answer) if service == "dns/udp" else Voice(_with_size(answer), _dns_frame)


def _records_of(zone: Sequence[Controller], ports: Mapping[str, int]) -> Answer:
    from portcheck.responder.zone import answer  # 100 ms: dnspython, only where DNS is served

    return partial(answer, zone, ports)


def _with_length(answer: Answer) -> Answer:
    """RFC 4120, 7.2.2: four bytes of length before each message."""
    return lambda data: kerberos.tcp(answer(kerberos.payload(data)))


def _with_size(answer: Answer) -> Answer:
    """RFC 1035, 4.2.2: two bytes of length before each message."""

    def over_tcp(data: bytes) -> bytes:
        reply = answer(data[2:])
        return len(reply).to_bytes(2, "big") + reply

    return over_tcp


def _dns_frame(buffer: bytes) -> int | None:
    if len(buffer) < 2:
        return None
    if (length := int.from_bytes(buffer[:2], "big")) < 12:
        raise WireError("not a DNS message")
    return 2 + length
