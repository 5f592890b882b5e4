"""SQL Server on 1433: the pre-login (MS-TDS 2.2.6.5), which comes before any logon; a server set to "strict" (TDS 8.0)
hangs up on it and is asked again inside TLS (MS-TDS 1.3)."""

from __future__ import annotations

from portcheck.model import Check, Facts, State
from portcheck.net.errors import NetError
from portcheck.net.network import Network
from portcheck.net.stream import Stream
from portcheck.net.tls import contexts
from portcheck.net.tls.certificate import describe
from portcheck.probes import proof
from portcheck.probes.probe import Exchange, Probe, Question, Seen, Subject
from portcheck.wire import WireError, tds, watermark

STRICT = "tds/8.0"


async def run(check: Check, net: Network, subject: Subject) -> Seen:
    try:
        with await net.tcp(check.known_port) as stream:
            answer = await _prelogin(stream)
    except NetError as fault:
        if fault.state is not State.RESET or not stream_was_made(fault):
            raise
        return await _strict(check.known_port, net, subject, fault)
    if found := watermark.same(answer.version, watermark.TDS):
        return proof.seen(found)
    facts = _facts(answer) | {"sql_encryption": answer.encryption_name}
    return Seen(facts, reason=f"SQL Server {facts['sql_version']}, encryption {answer.encryption_name}")


def stream_was_made(fault: NetError) -> bool:
    return fault.stage is not None and fault.stage != "connect"


async def _strict(port: int, net: Network, subject: Subject, before: NetError) -> Seen:
    """TLS first. If that fails too, it was no strict server: what was seen at first stands."""
    net.trail.note("again", "hung up on the pre-login; trying TLS first, as TDS 8.0 wants it")
    try:
        with await net.tcp(port) as stream:
            shown = await contexts.handshake(stream, contexts.speaking(STRICT), subject.host)
            facts: Facts = {"sql_encryption": "strict", **describe(shown, (subject.host,))}
            if shown.selected_alpn_protocol() != STRICT:
                facts |= _facts(await _prelogin(stream))
    except (NetError, WireError):
        raise before from None
    return Seen(facts, reason="SQL Server, strict encryption (TDS 8.0)")


async def _prelogin(stream: Stream) -> tds.PreLogin:
    await stream.send(tds.PreLogin().pack(), "TDS pre-login")
    return tds.PreLogin.unpack_reply(await stream.read_frame(tds.frame, "TDS pre-login answer"))


def _facts(answer: tds.PreLogin) -> Facts:
    return {"sql_version": ".".join(map(str, answer.version))}


def exchange(check: Check, subject: Subject) -> Exchange:  # noqa: ARG001
    """A server that hangs up on it is asked once more, inside TLS."""
    return Exchange((Question("TDS pre-login", len(tds.PreLogin().pack())),), connections=2)


PROBES = (Probe("mssql", run, exchange),)
