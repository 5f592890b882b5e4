"""Kerberos on 88: an AS-REQ for the controller's own account, without pre-authentication; any KRB-ERROR answers."""

from __future__ import annotations

from portcheck.model import Check, Facts
from portcheck.net.network import Network
from portcheck.net.timeline import Timeline
from portcheck.probes import fragments, proof
from portcheck.probes.as_request import request
from portcheck.probes.beside import beside
from portcheck.probes.clock import skew_s
from portcheck.probes.exchange import one
from portcheck.probes.probe import Exchange, Probe, Question, Seen, Subject
from portcheck.wire import kerberos, watermark
from portcheck.wire.kerberos import AsRepSeen, ErrorCode, KrbError, unpack_reply


async def run(check: Check, net: Network, subject: Subject) -> Seen:
    if check.transport == "udp":
        reply = (await net.udp(check.known_port, lambda _: request(subject).pack(), unpack_reply)).value
    else:
        with await net.tcp(check.known_port) as stream:
            await stream.send(kerberos.tcp(request(subject).pack()), "Kerberos AS-REQ")
            reply = unpack_reply((await stream.read_frame(kerberos.frame, "Kerberos answer"))[4:])
    if isinstance(reply, AsRepSeen):
        return Seen({}, reason="Kerberos answered")  # a ticket for anyone: dropped unseen
    found = watermark.in_text(reply.e_text)
    facts = proof.facts(found) if found else _facts(reply, net.trail) | _foreign(reply, subject)
    if check.transport == "udp":
        facts |= await beside(fragments.lost(check.known_port, net, subject), net.trail, "fragments")
    if found:
        return Seen(facts, reason=proof.REASON)
    return Seen(facts, reason=f"Kerberos answered: {ErrorCode(reply.code).name.lower()}")


def _facts(error: KrbError, trail: Timeline) -> Facts:
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


def _foreign(error: KrbError, subject: Subject) -> Facts:
    """The account asked about is the controller's own, by its ping: its own KDC knows it."""
    unknown = error.code in {ErrorCode.KDC_ERR_C_PRINCIPAL_UNKNOWN, ErrorCode.KDC_ERR_WRONG_REALM}
    return {"knows_controller": False, "wrong_forest": True} if unknown and subject.netbios_host else {}


def datagram(subject: Subject) -> bytes:
    return request(subject).pack()


def exchange(check: Check, subject: Subject) -> Exchange:
    asked = Question("Kerberos AS-REQ without pre-authentication", len(request(subject).pack()))
    if check.transport == "tcp":
        framed = len(kerberos.tcp(request(subject).pack()))
        return one(asked.what, framed)
    large = Question("a large AS-REQ, in fragments", len(request(subject, service="x" * fragments.FRAGMENTED).pack()))
    return Exchange((asked,), aside=(large,))


PROBES = (Probe("kerberos", run, exchange, datagram),)
