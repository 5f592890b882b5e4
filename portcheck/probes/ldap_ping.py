"""The LDAP ping on 389/udp: is this a controller of the domain, and what can it do (MS-ADTS 6.3.3)?"""

from __future__ import annotations

from portcheck.model import Check, Facts
from portcheck.net.errors import NetError
from portcheck.net.network import Network
from portcheck.probes import names, proof
from portcheck.probes.exchange import one
from portcheck.probes.probe import Exchange, Probe, Seen, Subject
from portcheck.wire import ldap, watermark
from portcheck.wire.netlogon import NetlogonReply, PingAnswer, PingRequest, unpack_ping

FIRST, SECOND = 1, 2  # a late answer to the first question is none to the second


async def run(check: Check, net: Network, subject: Subject) -> Seen:
    """Asked about a domain it does not host, a controller answers with nothing; asked about none, with its own."""
    asked = PingRequest(domain=subject.domain or None, message_id=FIRST).pack()
    answer = (await net.udp(check.known_port, lambda _: asked, lambda data: unpack_ping(data, FIRST))).value
    if answer.netlogon is not None:
        return _seen(answer.netlogon, hosts_domain=True)
    if not subject.domain:
        return Seen({"ldap_result": answer.code}, reason="LDAP answered over UDP, but told no domain")
    anyone = PingRequest(message_id=SECOND).pack()
    nobody = Seen({"hosts_domain": False}, reason=f"LDAP answers over UDP, but not for {subject.domain}")
    try:
        own = (await net.udp(check.known_port, lambda _: anyone, lambda data: unpack_ping(data, SECOND))).value
    except NetError:
        return nobody  # the question itself was answered
    return _seen(own.netlogon, hosts_domain=False) if own.netlogon is not None else nobody


async def over_tcp(port: int, net: Network, subject: Subject) -> Facts:
    """The same question over TCP, for where UDP is silent: roles and site all the same."""
    with await net.tcp(port) as stream:
        await stream.send(PingRequest(domain=subject.domain or None, message_id=FIRST).pack(), "LDAP ping over TCP")
        answer: PingAnswer = unpack_ping(await stream.read_frame(ldap.AnswerFrame()), FIRST)
    return _seen(answer.netlogon, hosts_domain=True).facts if answer.netlogon else {}


def _seen(reply: NetlogonReply, *, hosts_domain: bool) -> Seen:
    if found := watermark.in_guid(reply.domain_guid or None):
        return proof.seen(found)
    facts: Facts = {
        "opcode": int(reply.opcode),
        "roles": list(reply.roles),
        **names.facts({"forest": reply.forest, "domain": reply.domain, "dns_host_name": reply.host}),
        **({"domain_guid": reply.domain_guid} if reply.domain_guid else {}),  # the older forms of the answer have none
        "netbios_domain": reply.netbios_domain,
        "netbios_host": reply.netbios_host,
        "site": reply.site,
        "client_site": reply.client_site,
        "hosts_domain": hosts_domain,
        "paused": reply.paused,
    }
    if reply.address:
        facts["own_address"] = reply.address
    name = facts.get("dns_host_name") or reply.netbios_host
    return Seen(facts, reason=f"answered as {name}" if name else "answered, and gives itself no name")


def datagram(subject: Subject) -> bytes:
    return PingRequest(domain=subject.domain or None, message_id=FIRST).pack()


def exchange(check: Check, subject: Subject) -> Exchange:  # noqa: ARG001
    return one("LDAP ping (netlogon of the rootDSE)", len(datagram(subject)))


PROBES = (Probe("ldap-ping", run, exchange, datagram),)
