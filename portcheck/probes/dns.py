"""DNS on 53: the SRV question that every client of the domain asks first; any matching answer counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portcheck.model import Check, Facts
from portcheck.net.base import Network
from portcheck.probes import marked
from portcheck.probes.base import Probe, Seen, Subject
from portcheck.wire import WireError, mark

if TYPE_CHECKING:
    from dns.message import Message

PAYLOAD = 1232  # DNS flag day 2020: fits every path


async def run(check: Check, net: Network, subject: Subject) -> Seen:
    assert check.port is not None
    question = _question(subject)
    wire = question.to_wire()
    if check.transport == "udp":
        reply = (await net.udp(check.port, lambda _: wire, lambda data: _accept(question, data))).value
    else:
        with await net.tcp(check.port) as stream:
            await stream.send(len(wire).to_bytes(2, "big") + wire, "DNS question")
            answer = await stream.read_frame(_frame, "DNS answer")
            reply = _accept(question, answer[2:])
    if found := _mark(reply):
        return marked.seen(found)
    return Seen(_facts(reply), reason=f"DNS answered {_rcode(reply)}")


def _question(subject: Subject) -> Message:
    import dns.message  # 100 ms: only where DNS is asked
    import dns.name

    name, record = ("localhost", "A")
    if subject.domain:
        name, record = f"_ldap._tcp.dc._msdcs.{subject.domain}", "SRV"
    return dns.message.make_query(dns.name.from_text(name), record, use_edns=0, payload=PAYLOAD)


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


def _frame(buffer: bytes) -> int | None:
    """RFC 1035, 4.2.2: two bytes of length first."""
    if len(buffer) < 2:
        return None
    length = int.from_bytes(buffer[:2], "big")
    if length < 12:
        raise WireError("not a DNS message")
    return 2 + length


def _mark(reply: Message) -> mark.Mark | None:
    """A TXT record that nobody asked for."""
    import dns.rdatatype

    texts = [row for rows in reply.additional if rows.rdtype == dns.rdatatype.TXT for row in rows]
    found = (mark.in_text(b"".join(row.strings).decode("ascii", "replace")) for row in texts[:4])
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


PROBE = Probe("dns", run)
