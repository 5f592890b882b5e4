"""Names against small DNS servers of our own: what each kind of answer, and each kind of silence, is called."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from net import servers

from portcheck.net import dns as resolver
from portcheck.net import question
from portcheck.net.dns import Names

Answering = Callable[[dns.message.Message], bytes | None]


def rows(*answers: str, record: str = "SRV") -> Answering:
    def answer(query: dns.message.Message) -> bytes:
        response = dns.message.make_response(query)
        response.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", record, *answers))
        return response.to_wire()

    return answer


def empty(rcode: dns.rcode.Rcode) -> Answering:
    def answer(query: dns.message.Message) -> bytes:
        response = dns.message.make_response(query)
        response.set_rcode(rcode)
        return response.to_wire()

    return answer


def silence(query: dns.message.Message) -> None:
    """Says nothing."""


@contextlib.asynccontextmanager
async def server(over_udp: Answering | None, over_tcp: Answering | None = None) -> AsyncIterator[Names]:
    """A name server on one port of both transports; None: nobody listens there."""
    async with contextlib.AsyncExitStack() as stack:
        with socket.socket() as both:
            both.bind(("127.0.0.1", 0))
            port = both.getsockname()[1]
        if over_tcp is not None:
            await stack.enter_async_context(await asyncio.start_server(_conversation(over_tcp), "127.0.0.1", port))
        if over_udp is not None:
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: servers.Datagrams(lambda data, _: over_udp(dns.message.from_wire(data))),
                local_addr=("127.0.0.1", port),
            )
            stack.callback(transport.close)
        yield Names([("127.0.0.1", port)], patience_s=1.0)


def _conversation(answering: Answering) -> servers.Habit:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = int.from_bytes(await reader.readexactly(2), "big")
        answer = answering(dns.message.from_wire(await reader.readexactly(length)))
        if answer is not None:
            writer.write(len(answer).to_bytes(2, "big") + answer)
        await reader.read()
        writer.close()
        await writer.wait_closed()

    return serve


async def test_srv_records_are_told_as_the_report_spells_them() -> None:
    async with server(rows("0 100 389 DC1.alpha.test.", "10 50 389 dc2.alpha.test.")) as names:
        found = await names.lookup("_ldap._tcp.alpha.test", "SRV")
    assert (found.status, sorted(found.answers)) == ("ok", ["0 100 389 dc1.alpha.test", "10 50 389 dc2.alpha.test"])
    assert found.server == names.label != "system"


@pytest.mark.parametrize(
    ("record", "row", "told"),
    [("A", "10.77.1.10", "10.77.1.10"), ("AAAA", "2001:DB8::10", "2001:db8::10"), ("NS", "DC1.x.test.", "dc1.x.test")],
)
async def test_other_records_too(record: str, row: str, told: str) -> None:
    async with server(rows(row, record=record)) as names:
        assert (await names.lookup("x.test", record)).answers == (told,)


@pytest.mark.parametrize(
    ("answering", "status"),
    [
        (empty(dns.rcode.NXDOMAIN), "nxdomain"),
        (empty(dns.rcode.NOERROR), "nodata"),
        (empty(dns.rcode.REFUSED), "refused"),
        (empty(dns.rcode.NOTIMP), "notimp"),
        (empty(dns.rcode.SERVFAIL), "servfail"),
        (empty(dns.rcode.YXDOMAIN), "yxdomain"),
        (silence, "timeout"),
        (lambda _: b"noise", "timeout"),
        (rows("alpha.test.", record="CNAME"), "malformed"),
    ],
    ids=["nxdomain", "nodata", "refused", "notimp", "servfail", "yxdomain", "silence", "noise", "loop"],
)
async def test_an_answer_without_rows_has_a_word(answering: Answering, status: str) -> None:
    async with server(answering) as names:
        found = await names.lookup("alpha.test", "SRV")
    assert (found.status, found.answers) == (status, ())


async def test_the_word_is_the_server_s_and_not_a_part_of_the_name() -> None:
    async with server(empty(dns.rcode.NOTIMP)) as names:
        assert (await names.lookup("refused.servfail.test", "SRV")).status == "notimp"


async def test_nobody_listening_is_no_refusal_by_a_server() -> None:
    async with server(None) as names:
        over_tcp = question.DnsQuestion("alpha.test", "SRV", names.servers, patience_s=1.0, tries=0, tcp_alone=True)
        assert (await over_tcp.ask()).status == "timeout"  # nothing was sent over UDP, so nothing is known of that


async def test_a_path_that_passes_only_tcp_still_finds_its_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question, "TCP_AFTER_S", 0.05)
    async with server(silence, rows("0 0 389 dc1.alpha.test.")) as names:
        assert (await names.lookup("_ldap._tcp.alpha.test", "SRV")).answers == ("0 0 389 dc1.alpha.test",)


async def test_a_path_that_rejects_udp_still_finds_its_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question, "TCP_AFTER_S", 0.05)
    async with server(None, rows("0 0 389 dc1.alpha.test.")) as names:
        assert (await names.lookup("_ldap._tcp.alpha.test", "SRV")).answers == ("0 0 389 dc1.alpha.test",)


async def test_where_only_tcp_passes_the_next_name_does_not_wait_for_udp(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question, "TCP_AFTER_S", 0.05)
    asked: list[str] = []

    def over_tcp(query: dns.message.Message) -> bytes:
        asked.append(str(query.question[0].name))
        return rows("0 0 389 dc1.alpha.test.")(query)

    async with server(silence, over_tcp) as names:
        first = await names.lookup("_ldap._tcp.alpha.test", "SRV")
        monkeypatch.setattr(question, "TCP_AFTER_S", 60)
        second = await names.lookup("_gc._tcp.alpha.test", "SRV")
    assert (first.status, second.status) == ("ok", "ok")
    assert len(asked) == 2


async def test_a_server_that_answers_late_is_heard_though_tcp_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question, "TCP_AFTER_S", 0.05)
    asked: list[int] = []

    def third_time(query: dns.message.Message) -> bytes | None:
        asked.append(query.id)
        return rows("0 0 389 dc1.alpha.test.")(query) if len(asked) > 1 else None

    async with server(third_time) as names:
        assert (await names.lookup("_ldap._tcp.alpha.test", "SRV")).status == "ok"


async def test_a_truncated_answer_is_asked_for_again_over_tcp() -> None:
    def truncated(query: dns.message.Message) -> bytes:
        response = dns.message.make_response(query)
        response.flags |= dns.flags.TC
        return response.to_wire()

    many = [f"0 0 389 dc{number}.alpha.test." for number in range(200)]
    async with server(truncated, rows(*many)) as names:
        assert len((await names.lookup("_ldap._tcp.alpha.test", "SRV")).answers) == 200


@pytest.mark.parametrize("over_tcp", [None, silence])
async def test_an_answer_that_is_cut_short_and_not_given_over_tcp_is_told_as_that(over_tcp: Answering | None) -> None:
    def truncated(query: dns.message.Message) -> bytes:
        response = dns.message.make_response(query)
        response.flags |= dns.flags.TC
        return response.to_wire()

    async with server(truncated, over_tcp) as names:
        assert (await names.lookup("_LDAP._tcp.alpha.test.", "SRV")).status == "truncated"


@pytest.mark.parametrize("name", ["a" * 64 + ".test", "a..test", ".".join(["label"] * 60)])
async def test_a_name_that_dns_cannot_carry_is_an_error_and_no_exception(name: str) -> None:
    async with server(silence) as names:
        assert (await names.lookup(name, "SRV")).status.startswith("error: ")


async def test_only_the_wanted_families_are_asked_for() -> None:
    asked: list[str] = []

    def answer(query: dns.message.Message) -> bytes:
        asked.append(dns.rdatatype.to_text(query.question[0].rdtype))
        return empty(dns.rcode.NOERROR)(query)

    async with server(answer) as names:
        six = await names.addresses("dc1.alpha.test", ["AAAA"])
        assert asked == ["AAAA"]
        both = await names.addresses("dc1.alpha.test", ["A", "AAAA"])
    assert [lookup.required for lookup in six] == [True]
    assert {lookup.record: lookup.required for lookup in both} == {"A": True, "AAAA": False}


async def test_a_cancelled_question_leaves_nothing_running() -> None:
    heard = asyncio.Event()

    def notice(_: dns.message.Message) -> None:
        heard.set()

    async with server(notice) as names:
        asking = asyncio.create_task(names.lookup("alpha.test", "SRV"))
        await asyncio.wait_for(heard.wait(), 60)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("10.0.0.1", True), ("::1", True), ("fe80::1%eth0", False), ("10.0.0", False), ("dc1", False), ("\0", False)],
)
def test_an_address_is_told_from_a_name(text: str, is_one: bool) -> None:
    assert resolver.is_address(text) is is_one


async def test_what_is_needed_is_asked_again_of_a_server_that_has_answered_something(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(question, "ONE_TRY_S", 0.2)
    late, asked = 2, []

    def answer(query: dns.message.Message) -> bytes | None:
        if query.question[0].rdtype == dns.rdatatype.SRV:
            return rows("0 100 389 dc1.alpha.test.")(query)
        asked.append(query)
        return rows("10.77.1.10", record="A")(query) if len(asked) > late else None

    async with server(answer) as names:
        names.patience_s = 0.3
        assert (await names.lookup("dc1.alpha.test", "A")).status == "timeout"  # nothing heard yet: it may be dead
        asked.clear()
        await names.lookup("_ldap._tcp.alpha.test", "SRV")
        assert (await names.lookup("dc1.alpha.test", "A", required=False)).status == "timeout"
        asked.clear()
        assert (await names.lookup("dc1.alpha.test", "A")).answers == ("10.77.1.10",)


async def test_a_host_with_ipv6_alone_lacks_nothing() -> None:
    def answer(query: dns.message.Message) -> bytes:
        six = query.question[0].rdtype == dns.rdatatype.AAAA
        return (rows("fd77::1", record="AAAA") if six else empty(dns.rcode.NOERROR))(query)  # type: ignore[return-value]

    async with server(answer) as names:
        found = await names.addresses("dc1.alpha.test", ("A", "AAAA"))
    assert [(lookup.record, lookup.status, lookup.required) for lookup in found] == [
        ("A", "nodata", False),
        ("AAAA", "ok", False),
    ]


async def test_a_late_answer_to_the_first_of_several_questions_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server answers the first datagram when the third is there, and no other."""
    monkeypatch.setattr(question, "ONE_TRY_S", 0.05)
    first: list[tuple[dns.message.Message, object]] = []
    seen = 0

    class Late(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, where: object) -> None:
            nonlocal seen
            seen += 1
            first.append((dns.message.from_wire(data), where))
            if seen == 3:
                query, client = first[0]
                told = rows("0 0 389 dc1.alpha.test.")(query)
                assert told is not None
                self.transport.sendto(told, client)

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Late, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    found = await Names([("127.0.0.1", port)], patience_s=10.0).lookup("_ldap._tcp.alpha.test", "SRV")
    transport.close()
    assert (found.status, found.answers) == ("ok", ("0 0 389 dc1.alpha.test",))
    assert seen >= 3  # a busy machine may ask once more before it hears the answer


async def test_who_answered_and_whether_it_is_its_own_word_is_told() -> None:
    def own(query: dns.message.Message) -> bytes:
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        response.answer.append(dns.rrset.from_text(query.question[0].name, 77, "IN", "A", "10.77.1.10"))
        return response.to_wire()

    async with server(own) as names:
        found = await names.lookup("dc1.alpha.test", "A")
    assert (found.answered_from, found.authoritative, found.ttl_s) == ("127.0.0.1", True, 77)
    async with server(empty(dns.rcode.NXDOMAIN)) as names:
        assert (await names.lookup("dc1.alpha.test", "A")).authoritative is False


async def test_the_next_server_is_asked_at_once_where_one_cannot_answer() -> None:
    async with server(empty(dns.rcode.SERVFAIL)) as bad, server(rows("10.77.1.10", record="A")) as good:
        both = Names([*bad.servers, *good.servers], patience_s=5.0)
        assert (await both.lookup("dc1.alpha.test", "A")).answers == ("10.77.1.10",)


async def test_a_silent_forwarder_is_asked_again_and_keeps_room_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """From one port of this machine with one number: to it that is one question, however often it is sent."""
    monkeypatch.setattr(question, "ONE_TRY_S", 0.05)
    heard: list[tuple[Any, int]] = []

    class Silent(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, where: Any) -> None:
            heard.append((where, dns.message.from_wire(data).id))

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Silent, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    told = await Names([("127.0.0.1", port)], patience_s=1.0, over_tcp=False).lookup("_ldap._tcp.alpha.test", "SRV")
    transport.close()
    assert told.status == "timeout"
    assert len(heard) > 1
    assert len(set(heard)) == 1


async def test_a_server_elsewhere_is_asked_from_several_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question, "ONE_TRY_S", 0.05)
    monkeypatch.setattr(question, "is_loopback", lambda _: False)
    heard: list[Any] = []

    class Silent(asyncio.DatagramProtocol):
        def datagram_received(self, _: bytes, where: Any) -> None:
            heard.append(where)

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Silent, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    await Names([("127.0.0.1", port)], patience_s=1.0, over_tcp=False).lookup("_ldap._tcp.alpha.test", "SRV")
    transport.close()
    assert len(heard) > question.PORTS
    assert len(set(heard)) == question.PORTS


@pytest.mark.parametrize(
    ("server_at", "source"),
    [("10.77.2.10", "10.77.0.20"), ("fd77:0:0:12::10", None), ("127.0.0.53", None)],
)
def test_the_source_address_is_used_where_it_leads_to_the_server(server_at: str, source: str | None) -> None:
    asked = question.DnsQuestion("alpha.test", "SRV", ((server_at, 53),), 1.0, source_ip="10.77.0.20")
    assert asked.source((server_at, 53)) == source


@pytest.mark.parametrize("own", ["10.77.0.20", None])
async def test_named_servers_are_asked_from_the_source_address_and_the_systems_are_not(
    monkeypatch: pytest.MonkeyPatch, own: str | None
) -> None:
    asked: list[str | None] = []

    async def ask(asking: question.DnsQuestion) -> question.Reply:
        asked.append(asking.source_ip)
        return question.Reply("nxdomain")

    monkeypatch.setattr(question.DnsQuestion, "ask", ask)
    monkeypatch.setattr(resolver, "system_servers", lambda: (("10.0.0.53", 53),))
    await Names((("10.77.2.10", 53),), source_ip=own).lookup("alpha.test", "SRV")
    await Names(source_ip=own).lookup("alpha.test", "SRV")
    assert asked == [own, None]
