"""The MIM Service on 5725 and its token service on 5726: HTTP first, else .NET message framing (MC-NMF).

Whatever either protocol says, be it "not found" or a fault, comes from the service's own host.
"""

from __future__ import annotations

from portcheck.model import Check, State
from portcheck.net import http
from portcheck.net.errors import NetError
from portcheck.net.network import Network
from portcheck.probes import proof
from portcheck.probes.probe import Exchange, Probe, Question, Seen, Subject
from portcheck.probes.web import told
from portcheck.wire import nmf, watermark

RESOURCE = "ResourceManagementService"
ANOTHER_PROTOCOL = frozenset({State.MUTE, State.RESET, State.MISMATCH})


async def run(check: Check, net: Network, subject: Subject) -> Seen:
    try:
        with await net.tcp(check.known_port) as stream:
            answer = await http.ask(stream, "GET", "/", f"{subject.host}:{check.known_port}")
    except NetError as fault:
        if fault.state not in ANOTHER_PROTOCOL:
            raise
        return await _framed(check.known_port, net, subject, fault)
    server = answer.first("Server")
    if found := watermark.same(server, watermark.HTTP):
        return proof.seen(found)
    return Seen(told(answer), reason=f"HTTP {answer.status}" + (f" from {server}" if server else ""))


async def _framed(port: int, net: Network, subject: Subject, before: NetError) -> Seen:
    net.trail.note("again", f"{before.reason}; asking in message framing")
    via = f"net.tcp://{subject.host}:{port}/{RESOURCE}"
    with await net.tcp(port) as stream:
        await stream.send(nmf.Preamble(via).pack(), "message framing preamble")
        answer = nmf.unpack_reply(await stream.read_frame(nmf.frame, "framing answer"))
    said = answer.fault_name or answer.kind
    return Seen({"framing": said}, reason=f"answered in message framing ({said})")


def _mim(check: Check, subject: Subject) -> Exchange:
    """Where HTTP is not understood, a second connection asks in message framing."""
    asked = http.pack("GET", "/", f"{subject.host}:{check.known_port}")
    framed = nmf.Preamble(f"net.tcp://{subject.host}:{check.known_port}/{RESOURCE}").pack()
    return Exchange((Question("HTTP GET /, or .NET framing preamble", max(len(asked), len(framed))),), connections=2)


PROBES = (Probe("mim-service", run, _mim), Probe("mim-sts", run, _mim))
