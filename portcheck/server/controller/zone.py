"""DNS' answers: the records that a domain's controllers register, as dnspython writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from portcheck.server.controller.record import Controller
from portcheck.wire import WireError
from portcheck.wire.netlogon import NetlogonFlags

TTL = 600
WINDOWS_PAYLOAD = 1221  # bytes: what ADV200013 recommends, DOCUMENTED
PLAIN = 512  # bytes of a datagram without EDNS (RFC 1035, 4.2.1)
LONGEST = 65535  # bytes over TCP; dnspython itself would keep to what the question says of datagrams
Records = dict[tuple[str, str], list[str]]


def answer(controllers: Sequence[Controller], ports: Mapping[str, int], data: bytes) -> bytes:
    """From the first controller's server, which knows the zones of all."""
    return reply_to(question_in(data), controllers, ports).to_wire(max_size=LONGEST)


def datagram(controllers: Sequence[Controller], ports: Mapping[str, int], data: bytes) -> bytes:
    """DOCUMENTED: Windows keeps to the asker's size and to its own, and sets TC beyond; Samba never does (measured)."""
    question = question_in(data)
    reply = reply_to(question, controllers, ports)
    if not controllers[0].windows:
        return reply.to_wire(max_size=LONGEST)
    return fitted(reply, min(question.payload, WINDOWS_PAYLOAD) if question.edns >= 0 else PLAIN)


def question_in(data: bytes) -> dns.message.Message:
    try:
        question = dns.message.from_wire(data)
    except (dns.exception.DNSException, ValueError) as error:
        raise WireError("not a DNS question") from error
    if question.flags & dns.flags.QR or len(question.question) != 1:
        raise WireError("not a DNS question")
    return question


def fitted(reply: dns.message.Message, limit: int) -> bytes:
    """Cut short with TC set where it is longer than `limit` bytes (RFC 2181, 9)."""
    whole = reply.to_wire(max_size=LONGEST)
    if len(whole) <= limit:
        return whole
    for section in (reply.answer, reply.authority, reply.additional):
        section.clear()
    reply.flags |= dns.flags.TC
    return reply.to_wire()


def reply_to(
    question: dns.message.Message, controllers: Sequence[Controller], ports: Mapping[str, int]
) -> dns.message.Message:
    reply = dns.message.make_response(question, our_payload=WINDOWS_PAYLOAD)
    if not controllers[0].windows:
        reply.use_edns(False)  # measured: Samba's own server has no EDNS
    if reply.question[0].rdclass != dns.rdataclass.IN:
        # VERIFIED: Windows has no such thing as version.bind, and says so with SERVFAIL; Samba says NXDOMAIN (measured)
        reply.set_rcode(dns.rcode.SERVFAIL if controllers[0].windows else dns.rcode.NXDOMAIN)
    elif reply.question[0].rdtype in {dns.rdatatype.AXFR, dns.rdatatype.IXFR}:
        # DOCUMENTED: zone transfers are refused; Samba's own server answers with nothing (measured)
        reply.set_rcode(dns.rcode.REFUSED if controllers[0].windows else dns.rcode.NOERROR)
    else:
        _fill(reply, controllers, ports)
    return reply


def _fill(reply: dns.message.Message, controllers: Sequence[Controller], ports: Mapping[str, int]) -> None:
    asked = reply.question[0]
    name = asked.name.to_text(omit_final_dot=True).lower()
    zone = next((dc.domain for dc in controllers if f".{name}".endswith(f".{dc.domain}")), None)
    if zone is None:
        reply.set_rcode(dns.rcode.REFUSED)
        return
    reply.flags |= dns.flags.AA
    records = _records([dc for dc in controllers if dc.domain == zone], zone, ports)
    rows = records.get((name, dns.rdatatype.to_text(asked.rdtype)), [])
    if rows:
        reply.answer.append(dns.rrset.from_text_list(asked.name, TTL, "IN", asked.rdtype, rows))
    elif not any(f".{known}".endswith(f".{name}") for known, _ in records):
        reply.set_rcode(dns.rcode.NXDOMAIN)


def _records(controllers: Sequence[Controller], zone: str, ports: Mapping[str, int]) -> Records:
    found: Records = {(zone, "SOA"): [f"{controllers[0].host}. hostmaster.{zone}. 1 900 600 86400 3600"]}
    for dc in controllers:
        for address in dc.addresses:
            record = "AAAA" if ":" in address else "A"
            found.setdefault((dc.host, record), []).append(address)
            found.setdefault((zone, record), []).append(address)
        found.setdefault((zone, "NS"), []).append(f"{dc.host}.")
        for name, service in _advertised(dc):
            row = f"0 100 {ports.get(service, 0)} {dc.host}."
            found.setdefault((f"{name}.{zone}".lower(), "SRV"), []).append(row)
    return found


def _advertised(dc: Controller) -> Iterator[tuple[str, str]]:
    """What Netlogon registers of a controller (MS-ADTS 6.3.2.3), as far as anybody asks for it here."""
    yield "_ldap._tcp", "ldap/tcp"
    for kind in ("dc", "pdc") if NetlogonFlags.PDC in dc.announced else ("dc",):
        yield f"_ldap._tcp.{kind}._msdcs", "ldap/tcp"
    yield f"_ldap._tcp.{dc.site}._sites.dc._msdcs", "ldap/tcp"
    if NetlogonFlags.GC in dc.announced:
        yield "_ldap._tcp.gc._msdcs", "gc/tcp"
        if dc.forest == dc.domain:  # registered under the forest's root only
            yield "_gc._tcp", "gc/tcp"
    for service in ("kerberos", "kpasswd"):
        for transport in ("tcp", "udp"):
            yield f"_{service}._{transport}", f"{service}/{transport}"
    yield "_kerberos._tcp.dc._msdcs", "kerberos/tcp"
