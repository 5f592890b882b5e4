"""Time on 123/udp: does the domain's clock answer, and how far is ours from it?"""

from __future__ import annotations

import secrets
import time

from portcheck.model import Check
from portcheck.net.network import Network
from portcheck.probes import proof
from portcheck.probes.clock import certain
from portcheck.probes.exchange import one
from portcheck.probes.probe import Exchange, Probe, Seen, Subject
from portcheck.wire import WireError, watermark
from portcheck.wire.ntp import NtpReply, NtpRequest


async def run(check: Check, net: Network, subject: Subject) -> Seen:  # noqa: ARG001 - the clock is the same for everybody
    sent: dict[bytes, float] = {}

    def request(_: int) -> bytes:
        cookie = secrets.token_bytes(7) + b"\x01"
        sent[cookie] = time.time()
        return NtpRequest(cookie).pack()

    def accept(data: bytes) -> NtpReply:
        reply = NtpReply.unpack(data)
        if reply.origin not in sent:
            raise WireError("an NTP answer, but not to our question")
        return reply

    reply = (await net.udp(check.known_port, request, accept)).value
    if found := watermark.same(reply.reference_id, watermark.NTP):
        return proof.seen(found)
    arrived = net.trail.answered_at or time.time()
    skew = None
    if reply.received is not None and reply.transmitted is not None:
        # RFC 5905, 8: offset = ((T2 - T1) + (T3 - T4)) / 2
        skew = certain(((reply.received - sent[reply.origin]) + (reply.transmitted - arrived)) / 2, net.trail)
    facts = {
        "version": reply.version,
        "stratum": reply.stratum,
        "leap": reply.leap,
        "reference_id": reply.reference_id,
        "synchronized": reply.synchronized,
        "root_dispersion_s": reply.root_dispersion_s,
        "clock_skew_s": skew if reply.synchronized else None,
    }
    reason = "answered" if reply.synchronized else "answered, but its clock is not synchronised"
    return Seen({key: value for key, value in facts.items() if value is not None}, reason=reason)


def datagram(_: Subject) -> bytes:
    return NtpRequest(secrets.token_bytes(7) + b"\x01").pack()


def exchange(check: Check, subject: Subject) -> Exchange:  # noqa: ARG001 - the same for everybody, here and below
    return one("NTP client request", len(datagram(subject)))


PROBES = (Probe("time", run, exchange, datagram),)
