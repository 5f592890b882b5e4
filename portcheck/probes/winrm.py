"""WinRM on 5985 and 5986: Identify, which needs no account (MS-WSMV 3.1.4.1.23); any HTTP answer proves the path."""

from __future__ import annotations

from portcheck.model import Check, Facts
from portcheck.net.network import Network
from portcheck.net.tls import contexts
from portcheck.net.tls.certificate import described
from portcheck.probes import proof
from portcheck.probes.exchange import over_tls
from portcheck.probes.probe import Exchange, Probe, Question, Seen, Subject
from portcheck.wire import http, watermark, wsman

TLS_PORT = 5986


async def run(check: Check, net: Network, subject: Subject) -> Seen:
    facts: Facts = {}
    with await net.tcp(check.known_port) as stream:
        if check.port == TLS_PORT:
            facts |= await described(
                await contexts.handshake(stream, contexts.reaching(), subject.host), (subject.host,)
            )
        await stream.send(wsman.identify_request(f"{subject.host}:{check.known_port}"), "WS-Management Identify")
        answer = http.HttpResponse.unpack(await stream.read_frame(http.frame, "HTTP answer"))
    if found := watermark.same(answer.server, watermark.HTTP):
        return proof.seen(found)
    facts |= {"http_status": answer.status, "http_server": answer.server or ""}
    product = wsman.product(answer.body)
    if product:
        facts["product"] = product
    return Seen(facts, reason=f"HTTP {answer.status}" + (" from WinRM" if product else ""))


def exchange(check: Check, subject: Subject) -> Exchange:
    plain = Question("WS-Management Identify", len(wsman.identify_request(f"{subject.host}:{check.known_port}")))
    return over_tls(subject.host, plain, 1) if check.port == TLS_PORT else Exchange((plain,))


PROBES = (Probe("winrm", run, exchange),)
