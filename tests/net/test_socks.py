"""SOCKS 5: the bytes, and what each answer of a proxy says of the port behind it."""

from __future__ import annotations

import asyncio

import pytest
from factories import check
from hypothesis import given, settings
from hypothesis import strategies as st
from net.servers import tcp
from net.socks_server import Proxy, socks
from patience import PATIENT

from portcheck.asking.engine import once
from portcheck.model import Check, Outcome, State
from portcheck.model.target import Route
from portcheck.net import socks as codec
from portcheck.net.network import Net
from portcheck.net.proxy import Reach
from portcheck.net.timeouts import Timeouts
from portcheck.probes.anyport import PROBES
from portcheck.probes.probe import Subject

QUICK = Timeouts(connect_s=1.5, answer_s=1.5, attempts=1)  # for a proxy from which nothing comes


def way(proxy: Proxy, *, scheme: str = "socks5", credentials: str = "", far: str = "127.0.0.1") -> Reach:
    told = f"127.0.0.1:{proxy.port}"
    patience = QUICK if proxy.mute or proxy.reply == 0 else PATIENT
    route = Route(("127.0.0.1",), told, proxy.port, credentials, scheme, far)
    return Reach("dc1.far.test", route, Net("", patience))


def asking(port: int) -> Check:
    return check("tcp/tcp", port=port)


async def seen(proxy: Proxy, port: int = 9, **how: str) -> Outcome:
    async with socks(proxy):
        reach = way(proxy, **how)  # type: ignore[arg-type]
        return await once(PROBES[0], asking(port), reach, Subject("dc1.far.test", route=reach.route))


def test_the_bytes_are_those_of_the_rfc() -> None:
    assert codec.greeting("") == b"\x05\x01\x00"
    assert codec.greeting("u:p") == b"\x05\x02\x00\x02"
    assert codec.password("anna:geheim") == b"\x01\x04anna\x06geheim"
    assert codec.request("10.0.0.1", 389) == b"\x05\x01\x00\x01\x0a\x00\x00\x01\x01\x85"
    assert codec.request("fd77::1", 88) == b"\x05\x01\x00\x04" + bytes.fromhex("fd77" + "0" * 27 + "1") + b"\x00\x58"
    assert codec.request("dc1.far.test", 88) == b"\x05\x01\x00\x03\x0cdc1.far.test\x00\x58"


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_a_reply_of_any_bytes_has_a_length_or_is_not_whole(data: bytes) -> None:
    length = codec.reply(data)
    assert length is None or 1 <= length <= 262


async def test_what_is_behind_it_answers_through_it() -> None:
    async def greets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.far.test\r\n")
        await reader.read()

    async with tcp(greets) as port:
        for scheme, far in (("socks5", "127.0.0.1"), ("socks5h", "dc1.far.test")):
            proxy = Proxy()
            outcome = await seen(proxy, port, scheme=scheme, far=far)
            assert (outcome.state, outcome.facts["banner"]) == (State.OPEN, "220 mail.far.test\r\n")
            assert "unproven" not in outcome.facts
            assert proxy.asked == [(far, port)]


async def test_a_port_that_says_nothing_is_open_only_if_the_proxy_can_say_no() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del writer
        await reader.read()

    async with tcp(silent) as port:
        honest = await seen(Proxy(), port)
    assert (honest.state, honest.facts.get("unproven")) == (State.OPEN, None)
    dishonest = await seen(Proxy(reply=0))
    assert (dishonest.state, dishonest.facts.get("unproven")) == (State.OPEN, True)


@pytest.mark.parametrize(
    ("proxy", "state", "words"),
    [
        (Proxy(reply=5), State.REFUSED, "connection refused"),
        (Proxy(reply=4), State.UNREACHABLE, "host unreachable"),
        (Proxy(reply=2), State.REJECTED, "not allowed"),
        (Proxy(reply=1), State.UNREACHABLE, "general failure"),
        (Proxy(reply=99), State.UNREACHABLE, "reply 99"),
        (Proxy(hang_up=True), State.UNREACHABLE, "refused or cannot be reached"),
        (Proxy(mute=True), State.FILTERED, "nothing came through"),
        (Proxy(user="a:b"), State.ERROR, "asks for credentials"),
    ],
)
async def test_each_no_has_its_state(proxy: Proxy, state: State, words: str) -> None:
    outcome = await seen(proxy)
    assert (outcome.state, words in outcome.reason) == (state, True), outcome.reason
    assert outcome.facts.get("local_fault", False) == (state is State.ERROR)


async def test_a_password_is_given_and_a_wrong_one_is_the_proxy_s_matter() -> None:
    right = await seen(Proxy(user="anna:geheim", reply=5), credentials="anna:geheim")
    assert right.state is State.REFUSED
    wrong = await seen(Proxy(user="anna:geheim", reply=5), credentials="anna:falsch")
    assert (wrong.state, wrong.facts["local_fault"]) == (State.ERROR, True)
    assert "falsch" not in str(wrong)


async def test_what_is_no_proxy_or_not_there_says_nothing_of_the_port() -> None:
    async def ssh(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        await reader.read()

    async with tcp(ssh) as port:
        reach = way(Proxy(port=port))
        foreign = await once(PROBES[0], asking(9), reach, Subject("x", route=reach.route))
    reach = way(Proxy(port=port))
    gone = await once(PROBES[0], asking(9), reach, Subject("x", route=reach.route))
    for outcome in (foreign, gone):
        assert (outcome.state, outcome.facts["local_fault"]) == (State.ERROR, True)
