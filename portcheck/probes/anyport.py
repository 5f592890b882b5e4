"""A port with no protocol of its own here: TCP that connects is open; UDP that stays silent proves nothing."""

from __future__ import annotations

from portcheck.model import Check, Facts, State
from portcheck.net.errors import NetError
from portcheck.net.network import Network
from portcheck.net.proxy import Reach
from portcheck.net.stream import Stream
from portcheck.probes import proof
from portcheck.probes.exchange import nothing
from portcheck.probes.probe import Probe, Seen, Subject
from portcheck.wire import fingerprint, watermark

GREETING_S = 0.4


async def tcp(check: Check, net: Network, subject: Subject) -> Seen:  # noqa: ARG001 - nothing is asked
    with await net.tcp(check.known_port) as stream:
        facts = await _greeting(stream)
    if found := watermark.in_text(str(facts.get("banner", ""))):
        return proof.seen(found)
    if not facts and isinstance(net, Reach) and await net.grants_unseen():
        words = "the SOCKS proxy grants whatever it is asked for: that there is a connection is not proven"
        return Seen({"unproven": True}, State.OPEN, words)
    return Seen(facts, State.OPEN, "connected; there is no question to ask here")


async def _greeting(stream: Stream) -> Facts:
    """What some servers say unasked; a cut at once is a reset, not an open port."""
    said = await stream.unasked(GREETING_S)
    if said is None:
        return {}
    if not said:
        raise NetError(State.RESET, "connected, then closed at once by the peer")
    facts: Facts = {"banner": said[:80].decode("ascii", "backslashreplace")}
    looks = fingerprint.name(said)
    return facts | ({"peer_protocol": looks} if looks else {})


async def udp(check: Check, net: Network, subject: Subject) -> Seen:  # noqa: ARG001 - nothing is asked
    answer = await net.udp(check.known_port, lambda _: b"\0", bytes)
    if found := watermark.in_text(answer.value[:80].decode("ascii", "replace")):
        return proof.seen(found)
    looks = fingerprint.name(answer.value)
    facts: Facts = {"unproven": True} | ({"peer_protocol": looks} if looks else {})
    return Seen(facts, State.OPEN, "something answered, in a protocol that is not known here")


PROBES = (Probe("tcp", tcp, nothing), Probe("udp", udp, nothing))
