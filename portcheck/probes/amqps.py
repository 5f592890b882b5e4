"""AMQP over TLS on 5671, as the agents of Microsoft's cloud use it: the protocol header for SASL, and the answer's."""

from __future__ import annotations

from portcheck.model import Check
from portcheck.net.network import Network
from portcheck.probes.probe import Probe, Seen, Subject
from portcheck.probes.secured import issuer, secured
from portcheck.wire import amqp


async def run(check: Check, net: Network, subject: Subject) -> Seen:
    port = check.port
    assert port is not None
    stream, facts = await secured(lambda: net.tcp(port), check, subject)
    with stream:
        await stream.send(amqp.ProtocolHeader().pack(), "AMQP header for SASL")
        answer = amqp.ProtocolHeader.unpack(await stream.read_frame(amqp.frame, "AMQP header"))
    version = ".".join(map(str, answer.version))
    return Seen(facts | {"amqp_version": version}, reason=f"AMQP {version} answered{issuer(facts)}")


PROBE = Probe("amqps", run)
