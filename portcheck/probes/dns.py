"""DNS on 53: the SRV question that every client of the domain asks first; any matching answer counts."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from portcheck.model import Check, Facts
from portcheck.net.errors import NetError
from portcheck.net.network import Network
from portcheck.probes import proof
from portcheck.probes.beside import beside
from portcheck.probes.exchange import one
from portcheck.probes.probe import Exchange, Probe, Question, Seen, Subject
from portcheck.wire import WireError, dns_frame, watermark

if TYPE_CHECKING:
    from dns.message import Message

PAYLOAD = 1232  # DNS flag day 2020: fits every path
SMALL = 512  # what every resolver takes without EDNS (RFC 1035, 4.2.1)
EDNS_SIZE = 11  # bytes of an OPT record without options (RFC 6891, 6.1.2)
ASIDE_S = 1.8


async def run(check: Check, net: Network, subject: Subject) -> Seen:
    if check.transport == "udp":
        return await _datagrams(check.known_port, net, subject)
    question = _question(subject)
    with await net.tcp(check.known_port) as stream:
        await stream.send(dns_frame.tcp(question.to_wire()), "DNS question")
        answer = await stream.read_frame(dns_frame.frame, "DNS answer")
        reply = _accept(question, answer[dns_frame.LENGTH :])
    if found := _mark(reply):
        return proof.seen(found)
    return Seen(_facts(reply), reason=f"DNS answered {_rcode(reply)}")


async def _datagrams(port: int, net: Network, subject: Subject) -> Seen:
    """With EDNS first; every other try without, as old firewalls drop what they do not know."""
    forms = (_question(subject), _question(subject, payload=None))

    def accept(data: bytes) -> tuple[Message, Message]:
        try:
            return forms[0], _accept(forms[0], data)
        except WireError:
            return forms[1], _accept(forms[1], data)

    asked, reply = (await net.udp(port, lambda number: forms[number % 2].to_wire(), accept)).value
    if found := _mark(reply):
        return proof.seen(found)
    facts = _facts(reply)
    if asked is forms[1] and (told := await beside(_edns_trouble(port, net, subject), net.trail, "EDNS")):
        facts |= told
        words = {"dropped": "not with EDNS", "large": "not with answers over 512 bytes"}[str(told["edns_trouble"])]
        return Seen(facts, reason=f"DNS answered {_rcode(reply)}, but {words}")
    return Seen(facts, reason=f"DNS answered {_rcode(reply)}")


async def _edns_trouble(port: int, net: Network, subject: Subject) -> Facts:
    """`dropped`: no question with EDNS is answered; `large`: only those that ask for no more than 512 bytes are.

    Asked from the port that was answered without it.
    """
    aside = net.aside(ASIDE_S, same_port=True)
    if await _answered(port, aside, _question(subject)):
        return {}  # it was merely lost
    small = await _answered(port, aside, _question(subject, payload=SMALL))
    return {"edns_trouble": "large" if small else "dropped"}


async def _answered(port: int, aside: Network, question: Message) -> bool:
    try:
        await aside.udp(port, lambda _: question.to_wire(), lambda data: _accept(question, data))
    except NetError as fault:
        if fault.facts.get("local_fault"):
            raise  # it was not asked
        return False
    return True


def _question(subject: Subject, payload: int | None = PAYLOAD) -> Message:
    import dns.exception
    import dns.message  # 100 ms: only where DNS is asked
    import dns.name

    asked, record = dns.name.from_text("localhost"), "A"
    if subject.domain:
        with contextlib.suppress(dns.exception.DNSException, ValueError):  # so long a name leaves no room for a prefix
            asked, record = dns.name.from_text(f"_ldap._tcp.dc._msdcs.{subject.domain}"), "SRV"
    if payload is None:
        return dns.message.make_query(asked, record)
    return dns.message.make_query(asked, record, use_edns=0, payload=payload)


def _accept(question: Message, data: bytes) -> Message:
    import dns.exception
    import dns.message

    try:
        reply = dns.message.from_wire(data, ignore_trailing=True, one_rr_per_rrset=False)
    except (dns.exception.DNSException, ValueError, IndexError, AssertionError) as error:
        raise WireError(f"not a DNS answer ({error.__class__.__name__})") from None
    if not question.is_response(reply):
        raise WireError("a DNS message, but not the answer to our question")
    return reply


def _mark(reply: Message) -> watermark.Watermark | None:
    """A TXT record that nobody asked for."""
    import dns.rdatatype

    texts = [row for rows in reply.additional if rows.rdtype == dns.rdatatype.TXT for row in rows]
    found = (watermark.in_text(b"".join(row.strings).decode("ascii", "replace")) for row in texts[:4])
    return next((each for each in found if each is not None), None)


def _rcode(reply: Message) -> str:
    import dns.rcode

    return str(dns.rcode.to_text(reply.rcode()))


def _facts(reply: Message) -> Facts:
    import dns.flags

    facts: Facts = {
        "rcode": _rcode(reply),
        "authoritative": bool(reply.flags & dns.flags.AA),
        "truncated": bool(reply.flags & dns.flags.TC),
        "answers": sum(len(rows) for rows in reply.answer),
    }
    if reply.edns >= 0:
        facts["edns_payload"] = reply.payload
    return facts


def datagram(subject: Subject) -> bytes:
    return _question(subject).to_wire()


def exchange(check: Check, subject: Subject) -> Exchange:
    size = len(datagram(subject))
    what = "DNS question for the SRV records" if subject.domain else "DNS question for localhost"
    if check.transport == "tcp":
        return one(what, size + 2)
    asked, plain = Question(what, size), Question(f"{what}, without EDNS", size - EDNS_SIZE)
    return Exchange((asked,), repeated=(asked, plain), doubted=(asked, asked))


PROBES = (Probe("dns", run, exchange, datagram),)
