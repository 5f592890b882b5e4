"""The LDAP ping on 389/udp: is this a controller of the domain, and what can it do (MS-ADTS 6.3.3)?"""

from __future__ import annotations

from portcheck.model import Check, Facts
from portcheck.net.base import Network
from portcheck.probes import marked
from portcheck.probes.base import Probe, Seen, Subject
from portcheck.wire import ldap, mark
from portcheck.wire.netlogon import NetlogonReply, PingAnswer, PingRequest, unpack_ping


async def run(check: Check, net: Network, subject: Subject) -> Seen:
    """Asked about a domain it does not host, a controller answers with nothing; asked about none, with its own."""
    assert check.port is not None
    asked = PingRequest(domain=subject.domain or None).pack()
    answer = (await net.udp(check.port, lambda _: asked, unpack_ping)).value
    if answer.netlogon is not None:
        return _seen(answer.netlogon, hosts_domain=True)
    if not subject.domain:
        return Seen({"ldap_result": answer.code}, reason="LDAP answered over UDP, but told no domain")
    anyone = PingRequest().pack()
    own = (await net.udp(check.port, lambda _: anyone, unpack_ping)).value
    if own.netlogon is None:
        return Seen({"hosts_domain": False}, reason=f"LDAP answers over UDP, but not for {subject.domain}")
    return _seen(own.netlogon, hosts_domain=False)


async def over_tcp(port: int, net: Network, subject: Subject) -> Facts:
    """The same question over TCP, for where UDP is silent: roles and site all the same."""
    with await net.tcp(port) as stream:
        await stream.send(PingRequest(domain=subject.domain or None).pack(), "LDAP ping over TCP")
        answer: PingAnswer = unpack_ping(await stream.read_frame(ldap.AnswerFrame()))
    return _seen(answer.netlogon, hosts_domain=True).facts if answer.netlogon else {}


def _seen(reply: NetlogonReply, *, hosts_domain: bool) -> Seen:
    if found := mark.in_guid(reply.domain_guid or None):
        return marked.seen(found)
    facts: Facts = {
        "opcode": int(reply.opcode),
        "roles": list(reply.roles),
        "forest": reply.forest.lower(),
        "domain": reply.domain.lower(),
        "dns_host_name": reply.host.lower(),
        "netbios_domain": reply.netbios_domain,
        "netbios_host": reply.netbios_host,
        "site": reply.site,
        "client_site": reply.client_site,
        "hosts_domain": hosts_domain,
        "paused": reply.paused,
    }
    return Seen(facts, reason=f"answered as {reply.host.lower() or reply.netbios_host}")


def datagram(subject: Subject) -> bytes:
    return PingRequest(domain=subject.domain or None).pack()


PROBE = Probe("ldap-ping", run)
