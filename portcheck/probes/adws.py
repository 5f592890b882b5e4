"""AD Web Services on 9389: the .NET message framing preamble up to the offer of negotiation (MC-NMF 2.2.3)."""

from __future__ import annotations

from portcheck.model import Check
from portcheck.net.base import Network
from portcheck.probes import marked
from portcheck.probes.base import Probe, Seen, Subject
from portcheck.wire import mark, nmf


async def run(check: Check, net: Network, subject: Subject) -> Seen:
    assert check.port is not None
    with await net.tcp(check.port) as stream:
        await stream.send(nmf.preamble(subject.host, check.port), "message framing preamble")
        answer = nmf.unpack_reply(await stream.read_frame(nmf.frame, "framing answer"))
    if found := mark.same(answer.fault_name, mark.FRAMING):
        return marked.seen(found)
    return Seen({"framing": answer.fault_name or answer.kind}, reason="AD Web Services answered")


PROBE = Probe("adws", run)
