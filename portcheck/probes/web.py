"""HTTP and HTTPS: any answer in HTTP proves the way, directly or through the proxy that the machine uses."""

from __future__ import annotations

from portcheck.model import Check, Facts
from portcheck.net import http
from portcheck.net.http import HttpAnswer
from portcheck.net.network import Network
from portcheck.net.proxy import NEEDS_CREDENTIALS, Reach
from portcheck.probes import proof
from portcheck.probes.exchange import one, over_tls
from portcheck.probes.probe import Exchange, Probe, Seen, Subject
from portcheck.probes.secured import issuer, secured
from portcheck.wire import watermark

USUAL = {"http": 80, "https": 443}
FORBIDDEN = 403


async def https(check: Check, net: Network, subject: Subject) -> Seen:
    port = check.known_port
    stream, facts = await secured(lambda: net.tcp(port), check, subject)
    with stream:
        answer = await http.ask(stream, "GET", "/", host_header(check, subject))
    if found := watermark.same(answer.first("Server"), watermark.HTTP):
        return proof.seen(found)
    return Seen(facts | told(answer), reason=f"HTTP {answer.status}{issuer(facts)}")


async def plain(check: Check, net: Network, subject: Subject) -> Seen:
    if isinstance(net, Reach) and not net.route.direct and not net.route.socks:
        return await _by_proxy(check, net, subject)
    with await net.tcp(check.known_port) as stream:
        answer = await http.ask(stream, "GET", "/", host_header(check, subject))
    if found := watermark.same(answer.first("Server"), watermark.HTTP):
        return proof.seen(found)
    return Seen(told(answer), reason=f"HTTP {answer.status}")


async def _by_proxy(check: Check, net: Reach, subject: Subject) -> Seen:
    """The proxy is asked for the whole address; what it answers itself looks like an answer from beyond it."""
    host = host_header(check, subject)
    with await net.to_proxy() as stream:
        answer = await http.ask(stream, "GET", f"http://{host}/", host, net.credentials())
    if answer.status == NEEDS_CREDENTIALS:
        raise net.refusal(answer)
    facts = told(answer)
    if answer.status == FORBIDDEN or answer.status >= 500:
        words = f"HTTP {answer.status}, from the proxy itself or from beyond it: it does not say which"
        return Seen(facts | {"unproven": True}, reason=words)
    return Seen(facts, reason=f"HTTP {answer.status} through the proxy {net.route.proxy}")


def told(answer: HttpAnswer) -> Facts:
    return {"http_status": answer.status, "http_server": answer.first("Server")}


def host_header(check: Check, subject: Subject) -> str:
    """The name as a client writes it into the Host header."""
    name = f"[{subject.host}]" if ":" in subject.host else subject.host
    return name if check.port == USUAL[check.service] else f"{name}:{check.known_port}"


def _http(check: Check, subject: Subject) -> Exchange:
    return one("HTTP GET /", len(http.pack("GET", "/", host_header(check, subject))))


def _https(check: Check, subject: Subject) -> Exchange:
    return over_tls(subject.host, _http(check, subject).questions[0], 2)


PROBES = (Probe("https", https, _https), Probe("http", plain, _http))
