"""Password change on 464 (RFC 3244): a well-formed request that no key opens; any KRB-ERROR answers."""

from __future__ import annotations

import secrets

from portcheck.model import Check, Facts
from portcheck.net.network import Network
from portcheck.net.timeline import Timeline
from portcheck.probes import proof
from portcheck.probes.clock import skew_s
from portcheck.probes.exchange import one
from portcheck.probes.probe import Exchange, Probe, Question, Seen, Subject
from portcheck.wire import kerberos, kpasswd, watermark
from portcheck.wire.kpasswd import KpasswdReply
from portcheck.wire.told_names import dns_name

CHANGE, SET = 1, 0xFF80
NO_REALM = "PORTCHECK.INVALID"


def request(subject: Subject, number: int) -> bytes:
    """The forms in the order in which servers are known to answer them: Windows the first two, MIT and Samba all.

    The last one is for datagrams: over TCP it would pass where a device cuts every request of the usual size.
    """
    realm = subject.realm or NO_REALM
    match number % 3:
        case 0:
            return kpasswd.request(realm, secrets.token_bytes(512), CHANGE)
        case 1:
            return kpasswd.request(realm, secrets.token_bytes(512), SET)
        case _:
            return kpasswd.minimal_request()


async def run(check: Check, net: Network, subject: Subject) -> Seen:
    if check.transport == "udp":
        reply = (await net.udp(check.known_port, lambda number: request(subject, number), kpasswd.unpack_reply)).value
        return _seen(reply, net.trail, subject)
    earlier = net.trail.facts.get("resets_before_answer")
    with await net.tcp(check.known_port) as stream:
        data = request(subject, earlier % 2 if isinstance(earlier, int) else 0)
        await stream.send(kerberos.tcp(data), "kpasswd request")
        answer = await stream.read_frame(kerberos.frame, "kpasswd answer")
    return _seen(kpasswd.unpack_reply(answer[4:]), net.trail, subject)


def _seen(reply: KpasswdReply, trail: Timeline, subject: Subject) -> Seen:
    if found := watermark.in_text(reply.error.e_text if reply.error else None):
        return proof.seen(found)
    facts: Facts = {"framed": reply.framed}
    if reply.error is not None:
        facts["kerberos_error"] = int(reply.error.code)
        facts["clock_skew_s"] = _skew_s(reply.error.stime, trail)
        facts |= _realm(reply.error.realm, subject)
    if reply.result_code is not None:
        facts["kpasswd_result"] = reply.result_code
    return Seen({key: value for key, value in facts.items() if value is not None}, reason="kpasswd answered")


def _realm(told: str | None, subject: Subject) -> Facts:
    """Samba and MIT answer in their own realm, whatever the question's; a mere echo of it proves nothing.

    Nor does a word that is no realm: Samba's read-only controllers fill the field with one when nobody writable hears
    them (measured, 4.17).
    """
    if not told or dns_name(told) is None or told.upper() in {subject.realm, NO_REALM}:
        return {}
    # The controller's ping said that it hosts the domain: what answers here for another one is not that controller.
    return {"realm_answered": told, **({"wrong_forest": True} if subject.netbios_host else {})}


def _skew_s(server: float | None, trail: Timeline) -> float | None:
    whole_seconds = server is not None and server == int(server)  # MIT's kadmind tells no microseconds
    return skew_s(server, trail, 1.0 if whole_seconds else 0.0)


def datagram(subject: Subject) -> bytes:
    return request(subject, 0)


def exchange(check: Check, subject: Subject) -> Exchange:
    what = "password change that no key opens"
    sizes = [len(request(subject, number)) for number in range(3)]
    if check.transport == "tcp":
        return one(what, sizes[0] + 4)
    return Exchange((Question(what, sizes[0]),), repeated=tuple(Question(what, size) for size in sizes))


PROBES = (Probe("kpasswd", run, exchange, datagram),)
