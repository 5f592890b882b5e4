"""What each probe sends when everything answers, in the sizes of the real packers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from portcheck.catalogue.services import services
from portcheck.model import Check
from portcheck.net import http
from portcheck.net.stream import OF_RECORD, USUAL_SEGMENT
from portcheck.net.tls import contexts
from portcheck.plan.line import Question
from portcheck.probes import dns as dns_probe
from portcheck.probes import fragments, kdc_proxy, kpasswd
from portcheck.probes.as_request import request
from portcheck.probes.mim import RESOURCE
from portcheck.probes.probe import Subject
from portcheck.probes.rpc import EPM, EPM_VERSION, TOWERS
from portcheck.probes.web import host_header
from portcheck.probes.winrm import TLS_PORT
from portcheck.wire import amqp, epm, kerberos, nbt, nmf, rpc, smb, tds, wsman
from portcheck.wire.ldap import ExtendedRequest
from portcheck.wire.netlogon import PingRequest
from portcheck.wire.ntp import NtpRequest
from portcheck.wire.rootdse import rootdse_request

# TLS 1.3 with AES-256-GCM: the change-cipher-spec record, no certificate, Finished (RFC 8446, 4.4: 48 of SHA-384).
RECORD = 5 + 1 + 16  # what TLS 1.3 adds to a question
NO_CERTIFICATE = RECORD + 4 + 4  # domain controllers ask for a client's; an empty list says that there is none
FINISHED = 6 + NO_CERTIFICATE + RECORD + 4 + 48
COOKIE = b"\x01" * 8


@dataclass(frozen=True, slots=True)
class Exchange:
    """One conversation: the questions in their order, and how many connections a probe may make of it."""

    questions: tuple[Question, ...]
    connections: int = 1  # TCP: at most; over TLS a second one where the certificate does not please
    repeated: tuple[Question, ...] = ()  # UDP: what the tries after the first carry, where that differs
    aside: tuple[Question, ...] = ()  # asked once the first is answered
    doubted: tuple[Question, ...] = ()  # UDP: asked where only a later try was answered


Maker = Callable[[Check, Subject], Exchange]


def exchange(check: Check, subject: Subject, wanted: tuple[str, ...] = ()) -> Exchange:
    """`wanted`: the interfaces that the endpoint mapper is asked for."""
    return MAKERS.get(check.service, _nothing)(check, replace(subject, wanted=wanted))


def _one(what: str, size: int) -> Exchange:
    return Exchange((Question(what, size),))


def _nothing(check: Check, subject: Subject) -> Exchange:  # noqa: ARG001 - a port without a protocol of its own
    return Exchange(()) if check.transport == "tcp" else _one("one zero byte", 1)


def _dns(check: Check, subject: Subject) -> Exchange:
    size = len(dns_probe.datagram(subject))
    what = "DNS question for the SRV records" if subject.domain else "DNS question for localhost"
    if check.transport == "tcp":
        return _one(what, size + 2)
    asked, plain = Question(what, size), Question(f"{what}, without EDNS", size - dns_probe.EDNS_SIZE)
    return Exchange((asked,), repeated=(asked, plain), doubted=(asked, asked))


def _kerberos(check: Check, subject: Subject) -> Exchange:
    asked = Question("Kerberos AS-REQ without pre-authentication", len(request(subject).pack()))
    if check.transport == "tcp":
        framed = len(kerberos.tcp(request(subject).pack()))
        return _one(asked.what, framed)
    large = Question("a large AS-REQ, in fragments", len(request(subject, service="x" * fragments.FRAGMENTED).pack()))
    return Exchange((asked,), aside=(large,))


def _kpasswd(check: Check, subject: Subject) -> Exchange:
    what = "password change that no key opens"
    sizes = [len(kpasswd.request(subject, number)) for number in range(3)]
    if check.transport == "tcp":
        return _one(what, sizes[0] + 4)
    return Exchange((Question(what, sizes[0]),), repeated=tuple(Question(what, size) for size in sizes))


def _time(check: Check, subject: Subject) -> Exchange:  # noqa: ARG001 - the same for everybody, here and below
    return _one("NTP client request", len(NtpRequest(COOKIE).pack()))


def _ping(check: Check, subject: Subject) -> Exchange:  # noqa: ARG001
    return _one("LDAP ping (netlogon of the rootDSE)", len(PingRequest(domain=subject.domain or None).pack()))


def _mapper(check: Check, subject: Subject) -> Exchange:  # noqa: ARG001
    asked = [Question("RPC bind of the endpoint mapper", len(rpc.Bind(1, EPM, EPM_VERSION).pack()))]
    for call, name in enumerate(subject.wanted, start=2):
        service = services()[name]
        size = len(epm.map_request(service.interface or "", service.version or 0, call, TOWERS))
        asked.append(Question(f"where is {name}?", size))
    return Exchange(tuple(asked))


def _interface(check: Check, subject: Subject) -> Exchange:  # noqa: ARG001
    service = services()[check.service]
    size = len(rpc.Bind(1, service.interface or EPM, service.version or 0).pack())
    return Exchange((Question("RPC bind of the interface", size),), connections=TOWERS)


def _names(check: Check, subject: Subject) -> Exchange:  # noqa: ARG001
    return _one("NetBIOS node status of *", len(nbt.nbstat_request(0)))


def _session(check: Check, subject: Subject) -> Exchange:  # noqa: ARG001
    return _one("NetBIOS session request", len(nbt.session_request()))


def _smb(check: Check, subject: Subject) -> Exchange:  # noqa: ARG001
    return _one("SMB2 NEGOTIATE", len(smb.negotiate_request(bytes(16), bytes(32))))


def _ldap(check: Check, subject: Subject) -> Exchange:  # noqa: ARG001
    plain, large = _rootdse(), _rootdse(TWO_SEGMENTS)
    if not subject.start_tls:
        return Exchange((large,))
    upgrade = Question("StartTLS", len(ExtendedRequest().pack()))
    inside = _over_tls(subject.host or None, plain, 1).questions
    return Exchange((large,), aside=(upgrade, *inside))


def _gc(check: Check, subject: Subject) -> Exchange:  # noqa: ARG001
    return Exchange((_rootdse(),))


def _rootdse(size: int = 0) -> Question:
    filled = ", with names of no attribute to fill two packets" if size else ""
    return Question(f"LDAP search of the rootDSE, no bind{filled}", len(rootdse_request(size=size).pack()))


def _over_tls(name: str | None, plain: Question, connections: int) -> Exchange:
    hello = Question("TLS ClientHello", contexts.hello_size(contexts.trusting(None), name))
    finished = Question("TLS Finished, no client certificate", FINISHED)
    return Exchange((hello, finished, replace(plain, size=plain.size + RECORD)), connections)


def _ldaps(check: Check, subject: Subject) -> Exchange:
    return _over_tls(subject.host or None, _rootdse(TWO_SEGMENTS - OF_RECORD if check.service == "ldaps" else 0), 2)


def _adws(check: Check, subject: Subject) -> Exchange:
    return _one(".NET framing preamble", len(nmf.preamble(subject.host, check.port or 0)))


def _winrm(check: Check, subject: Subject) -> Exchange:
    plain = Question("WS-Management Identify", len(wsman.identify_request(f"{subject.host}:{check.port}")))
    return _over_tls(subject.host, plain, 1) if check.port == TLS_PORT else Exchange((plain,))


def _mim(check: Check, subject: Subject) -> Exchange:
    """Where HTTP is not understood, a second connection asks in message framing."""
    asked = http.pack("GET", "/", f"{subject.host}:{check.port}")
    framed = nmf.Preamble(f"net.tcp://{subject.host}:{check.port}/{RESOURCE}").pack()
    return Exchange((Question("HTTP GET /, or .NET framing preamble", max(len(asked), len(framed))),), connections=2)


def _http(check: Check, subject: Subject) -> Exchange:
    return _one("HTTP GET /", len(http.pack("GET", "/", host_header(check, subject))))


def _https(check: Check, subject: Subject) -> Exchange:
    return _over_tls(subject.host, _http(check, subject).questions[0], 2)


def _kdc_proxy(check: Check, subject: Subject) -> Exchange:
    asked = Question("AS-REQ in an HTTPS POST to /KdcProxy", len(kdc_proxy.question(check, subject)))
    return _over_tls(subject.host, asked, 2)


def _amqps(check: Check, subject: Subject) -> Exchange:  # noqa: ARG001
    return _over_tls(subject.host, Question("AMQP header for SASL", len(amqp.ProtocolHeader().pack())), 2)


def _mssql(check: Check, subject: Subject) -> Exchange:  # noqa: ARG001
    """A server that hangs up on it is asked once more, inside TLS."""
    return Exchange((Question("TDS pre-login", len(tds.PreLogin().pack())),), connections=2)


TWO_SEGMENTS = 2 * USUAL_SEGMENT


MAKERS: Mapping[str, Maker] = {
    "dns": _dns,
    "kerberos": _kerberos,
    "kpasswd": _kpasswd,
    "time": _time,
    "ldap-ping": _ping,
    "rpc": _mapper,
    **{name: _interface for name, service in services().items() if service.dynamic},
    "netbios-ns": _names,
    "netbios-ssn": _session,
    "smb": _smb,
    "ldap": _ldap,
    "gc": _gc,
    "ldaps": _ldaps,
    "gc-tls": _ldaps,
    "adws": _adws,
    "winrm": _winrm,
    "mim-service": _mim,
    "mim-sts": _mim,
    "https": _https,
    "kdc-proxy": _kdc_proxy,
    "http": _http,
    "amqps": _amqps,
    "mssql": _mssql,
    "tcp": _nothing,
    "udp": _nothing,
}
"""By the probe's name, one for each of `PROBES`."""
