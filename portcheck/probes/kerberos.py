"""Kerberos on 88: an AS-REQ for the controller's own account, without pre-authentication; any KRB-ERROR answers."""

from __future__ import annotations

import secrets

from portcheck.model import Check, Facts
from portcheck.net.base import Network
from portcheck.net.trail import Trail
from portcheck.probes.base import Probe, Seen, Subject
from portcheck.probes.clock import skew_s
from portcheck.wire import kerberos
from portcheck.wire.kerberos import AsRepSeen, AsRequest, ErrorCode, KrbError, unpack_reply


async def run(check: Check, net: Network, subject: Subject) -> Seen:
    assert check.port is not None
    if check.transport == "udp":
        reply = (await net.udp(check.port, lambda _: request(subject).pack(), unpack_reply)).value
    else:
        with await net.tcp(check.port) as stream:
            await stream.send(kerberos.tcp(request(subject).pack()), "Kerberos AS-REQ")
            reply = unpack_reply((await stream.read_frame(kerberos.frame, "Kerberos answer"))[4:])
    if isinstance(reply, AsRepSeen):
        return Seen({}, reason="Kerberos answered")  # a ticket for anyone: dropped unseen
    return Seen(_facts(reply, net.trail), reason=f"Kerberos answered: {ErrorCode(reply.code).name.lower()}")


def request(subject: Subject, padding: int = 0) -> AsRequest:
    """An AS-REQ that can lock nobody out and gets nobody's ticket."""
    realm = subject.realm or "PORTCHECK.INVALID"
    return AsRequest(realm=realm, cname=account(subject), nonce=secrets.randbits(31), padding=padding)


def account(subject: Subject) -> str:
    """The controller's own account, which needs pre-authentication and shows the realm in its salt; else nobody's."""
    return f"{subject.netbios_host}$" if subject.netbios_host else "portcheck"


def _facts(error: KrbError, trail: Trail) -> Facts:
    facts: Facts = {
        "kerberos_error": int(error.code),
        "kerberos_error_name": ErrorCode(error.code).name,
        "clock_skew_s": skew_s(error.stime, trail),
    }
    hint = kerberos.preauth(error.e_data) if error.e_data else None
    if hint is not None:
        facts["etypes"] = list(hint.etypes)
        if hint.salt and "host" in hint.salt:
            facts["realm_proven"] = hint.salt.partition("host")[0]
    return {key: value for key, value in facts.items() if value is not None}


def datagram(subject: Subject) -> bytes:
    return request(subject).pack()


PROBE = Probe("kerberos", run)
