"""A KDC proxy on 443: the AS-REQ of port 88 inside an HTTPS POST (MS-KKDCP); a KRB-ERROR comes from a KDC behind it."""

from __future__ import annotations

from portcheck.model import Check, State
from portcheck.net.errors import NetError
from portcheck.net.network import Network
from portcheck.probes import proof
from portcheck.probes.as_request import request
from portcheck.probes.clock import skew_s
from portcheck.probes.exchange import over_tls
from portcheck.probes.probe import Exchange, Probe, Question, Seen, Subject
from portcheck.probes.secured import issuer, secured
from portcheck.wire import http, watermark
from portcheck.wire.kerberos import AsRepSeen, ErrorCode, unpack_reply
from portcheck.wire.kkdcp import HEADERS, PATH, KdcProxyMessage

HTTPS_PORT = 443
OK, NOT_FOUND, SERVER_ERRORS = 200, 404, 500


def question(check: Check, subject: Subject) -> bytes:
    """The whole HTTP request."""
    name = f"[{subject.host}]" if ":" in subject.host else subject.host
    host = name if check.port == HTTPS_PORT else f"{name}:{check.known_port}"
    body = KdcProxyMessage(request(subject).pack(), subject.realm).pack()
    return http.request("POST", host, PATH, HEADERS, body)


async def run(check: Check, net: Network, subject: Subject) -> Seen:
    port = check.known_port
    stream, facts = await secured(lambda: net.tcp(port), check, subject)
    with stream:
        await stream.send(question(check, subject), f"POST {PATH} with a Kerberos AS-REQ for {subject.realm}")
        answer = http.HttpResponse.unpack(await stream.read_frame(http.frame, "HTTP answer"))
    if found := watermark.same(answer.server or "", watermark.HTTP):
        return proof.seen(found)
    facts |= {"http_status": answer.status, "http_server": answer.server}
    if answer.status != OK:
        raise _refusal(answer.status, subject, facts)
    reply = unpack_reply(KdcProxyMessage.unpack(answer.body).message)
    if isinstance(reply, AsRepSeen):
        return Seen(facts, reason="a KDC answered through the proxy")  # a ticket for anyone: dropped unseen
    name = ErrorCode(reply.code).name
    told = {
        "kerberos_error": int(reply.code),
        "kerberos_error_name": name,
        "clock_skew_s": skew_s(reply.stime, net.trail),
    }
    reason = f"a KDC answered through the proxy: {name.lower()}{issuer(facts)}"
    return Seen(facts | {key: value for key, value in told.items() if value is not None}, reason=reason)


def _refusal(status: int, subject: Subject, facts: dict[str, object]) -> NetError:
    """Something speaks HTTP there. An error of the server's own is what a proxy says that reaches no KDC."""
    if status >= SERVER_ERRORS:
        reason = f"HTTP {status}: no KDC of {subject.realm or 'the realm'} answered the proxy"
        return NetError(State.MUTE, reason, facts={**facts, "kdc_unreached": True})
    what = f"nothing is served under {PATH}" if status == NOT_FOUND else f"{PATH} is refused"
    return NetError(State.MISMATCH, f"HTTP {status}: {what}", facts=facts)


def exchange(check: Check, subject: Subject) -> Exchange:
    asked = Question("AS-REQ in an HTTPS POST to /KdcProxy", len(question(check, subject)))
    return over_tls(subject.host, asked, 2)


PROBES = (Probe("kdc-proxy", run, exchange),)
