"""AMQP over TLS on 5671, as the agents of Microsoft's cloud use it: the protocol header for SASL, and the answer's."""

from __future__ import annotations

from portcheck.model import Check, Facts, State
from portcheck.net.network import Network
from portcheck.net.stream import Stream
from portcheck.probes.beside import beside
from portcheck.probes.exchange import over_tls
from portcheck.probes.probe import Exchange, Probe, Question, Seen, Subject
from portcheck.probes.secured import issuer, secured
from portcheck.wire import amqp


async def run(check: Check, net: Network, subject: Subject) -> Seen:
    port = check.known_port
    stream, facts = await secured(lambda: net.tcp(port), check, subject)
    with stream:
        await stream.send(amqp.ProtocolHeader().pack(), "AMQP header for SASL")
        answer = amqp.ProtocolHeader.unpack(await stream.read_frame(amqp.frame, "AMQP header"))
        proven = answer != amqp.ProtocolHeader() or await beside(_offers(stream), net.trail, "SASL mechanisms")
    version = ".".join(map(str, answer.version))
    facts |= {"amqp_version": version}
    if not proven:
        return Seen(facts, State.OPEN, "the AMQP header came back as it was sent, and nothing after it: maybe an echo")
    return Seen(facts, reason=f"AMQP {version} answered{issuer(facts)}")


async def _offers(stream: Stream) -> Facts:
    """The server's header is the same as the client's; what tells it from an echo is the offer that follows."""
    await stream.read_frame(amqp.mechanisms_frame, "SASL mechanisms")
    return {"offered": True}


def exchange(check: Check, subject: Subject) -> Exchange:  # noqa: ARG001
    return over_tls(subject.host, Question("AMQP header for SASL", len(amqp.ProtocolHeader().pack())), 2)


PROBES = (Probe("amqps", run, exchange),)
