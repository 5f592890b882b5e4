"""AD Web Services on 9389: the .NET message framing preamble up to the offer of negotiation (MC-NMF 2.2.3)."""

from __future__ import annotations

from portcheck.model import Check
from portcheck.net.network import Network
from portcheck.probes import proof
from portcheck.probes.exchange import one
from portcheck.probes.probe import Exchange, Probe, Seen, Subject
from portcheck.wire import nmf, watermark


async def run(check: Check, net: Network, subject: Subject) -> Seen:
    with await net.tcp(check.known_port) as stream:
        await stream.send(nmf.preamble(subject.host, check.known_port), "message framing preamble")
        answer = nmf.unpack_reply(await stream.read_frame(nmf.frame, "framing answer"))
    if found := watermark.same(answer.fault_name, watermark.FRAMING):
        return proof.seen(found)
    return Seen({"framing": answer.fault_name or answer.kind}, reason="AD Web Services answered")


def exchange(check: Check, subject: Subject) -> Exchange:
    return one(".NET framing preamble", len(nmf.preamble(subject.host, check.known_port)))


PROBES = (Probe("adws", run, exchange),)
