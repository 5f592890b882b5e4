"""An endpoint known by its name: its addresses in turn, and every answer a proxy can give to CONNECT."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest
from net.servers import Habit, cut, tcp
from patience import MUTE, PATIENT

from portcheck.model import State
from portcheck.model.target import Route
from portcheck.net import http
from portcheck.net.errors import NetError
from portcheck.net.network import Net
from portcheck.net.proxy import Reach
from portcheck.net.timeouts import Timeouts

HERE, NOBODY = "127.0.0.1", "127.0.0.9"
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\nVia: lab\r\n\r\n"


def reach(*addresses: str, proxy_port: int = 0, credentials: str = "", patience: Timeouts = PATIENT) -> Reach:
    proxy = f"proxy.corp:{proxy_port}" if proxy_port else ""
    return Reach("graph.microsoft.com", Route(addresses, proxy, proxy_port, credentials), Net("", patience))


def saying(answer: bytes, heard: list[bytes] | None = None) -> Habit:
    async def habit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        if heard is not None:
            heard.append(request)
        writer.write(answer)
        await writer.drain()

    return habit


async def fault(way: Reach, port: int = 443) -> NetError:
    with pytest.raises(NetError) as caught, await way.tcp(port):
        pass
    return caught.value


async def test_the_second_address_is_tried_where_the_first_refuses_and_kept_for_later() -> None:
    async with tcp(saying(b"")) as port:
        way = reach(NOBODY, HERE)
        for _ in range(2):
            with await way.tcp(port):
                pass
    assert way.trail.facts["peer_address"] == HERE
    assert way.trail.facts["addresses_failed"] == [NOBODY]
    assert [step.event for step in way.trail.steps].count("address") == 1


async def test_what_the_first_address_said_counts_where_none_takes_the_connection() -> None:
    async with tcp(saying(b"")) as port:
        pass
    error = await fault(reach(HERE, NOBODY), port)
    assert (error.state, error.facts["peer_address"]) == (State.REFUSED, HERE)


async def test_no_address_is_unresolved_by_whichever_name_is_missing() -> None:
    straight, proxied = await fault(reach()), await fault(reach(proxy_port=3128))
    assert (straight.state, straight.reason) == (State.UNRESOLVED, "graph.microsoft.com has no address")
    assert (proxied.state, proxied.facts["proxy_reached"]) == (State.UNRESOLVED, False)
    assert proxied.reason == "the proxy proxy.corp:3128: its name has no address"


async def test_connect_names_the_endpoint_and_carries_credentials_only_where_given() -> None:
    for credentials, told in (("", False), ("svc:secret", True)):
        heard: list[bytes] = []
        async with tcp(saying(ESTABLISHED, heard)) as port:
            way = reach(HERE, proxy_port=port, credentials=credentials)
            with await way.tcp(443):
                pass
        assert heard[0].startswith(b"CONNECT graph.microsoft.com:443 HTTP/1.1\r\n")
        assert (b"Proxy-Authorization: Basic c3ZjOnNlY3JldA==" in heard[0]) is told
        assert way.trail.facts["proxy_status"] == 200
        assert "secret" not in str(way.trail.steps) + str(way.trail.facts) + repr(way)


ANSWERS: list[tuple[bytes, State, dict[str, Any]]] = [
    (b"HTTP/1.1 403 Forbidden\r\n\r\n", State.REJECTED, {"proxy_status": 403}),
    (b"HTTP/1.0 403 Filtered\r\nContent-Type: text/html\r\n\r\n<html>", State.REJECTED, {"proxy_status": 403}),
    (
        b"HTTP/1.1 407 Auth\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: Basic realm=x\r\n\r\n",
        State.REJECTED,
        {"proxy_status": 407, "proxy_authentication": ["Negotiate", "Basic"]},
    ),
    (b"HTTP/1.1 504 Gateway Timeout\r\n\r\n", State.UNREACHABLE, {"proxy_status": 504}),
    (b"HTTP/1.1 302 Found\r\nLocation: http://portal/\r\n\r\n", State.REJECTED, {"proxy_status": 302}),
    (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 405 No\r\n\r\n", State.REJECTED, {"proxy_status": 405}),
    (b"\x16\x03\x01\x00\x05hello\r\n\r\n", State.MISMATCH, {}),
    (b"HTTP/1.1 200\x00OK\r\n\r\n", State.MISMATCH, {}),
    (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000, State.MISMATCH, {}),
    (b"HTTP/1.1 100 Continue\r\n\r\n" * 20, State.MISMATCH, {}),
    (b"", State.RESET, {}),
    (b"HTTP/1.1 200 Conn", State.RESET, {}),
]


@pytest.mark.parametrize(("answer", "state", "facts"), ANSWERS, ids=[repr(row[0][:28]) for row in ANSWERS])
async def test_each_answer_of_a_proxy_has_its_state(answer: bytes, state: State, facts: dict[str, Any]) -> None:
    async with tcp(saying(answer)) as port:
        way = reach(HERE, proxy_port=port)
        error = await fault(way)
    assert error.state is state, error.reason
    assert f"proxy.corp:{port}" in error.reason
    told = way.trail.facts | error.facts
    assert {key: told.get(key) for key in facts} == facts
    assert error.reason.isprintable()


async def test_a_proxy_that_says_nothing_is_mute_and_one_that_cuts_is_a_reset() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def cutting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        cut(writer)

    for habit, state, patience in ((silent, State.MUTE, MUTE), (cutting, State.RESET, PATIENT)):
        async with tcp(habit) as port:
            assert (await fault(reach(HERE, proxy_port=port, patience=patience))).state is state


async def test_an_answer_is_made_printable_and_bounded() -> None:
    head = b"HTTP/1.1 404 Not\xe9 \xffFound\r\nServer: " + b"x" * 5000 + b"\r\nContent-Length: 0\r\n\r\n"
    async with tcp(saying(head)) as port:
        with await reach(HERE).tcp(port) as stream:
            answer = await http.ask(stream, "GET", "/", "graph.microsoft.com")
    assert (answer.status, len(answer.first("Server")) <= http.LONGEST) == (404, True)
    assert answer.reason.isprintable()


@pytest.mark.parametrize("said", ["Basic {word}", "no such user with {password}", "{word}" * 20])
@pytest.mark.parametrize("header", [False, True])
async def test_a_proxy_that_says_the_password_back_puts_it_into_no_report(said: str, header: bool) -> None:
    password = "s3cret:of mine"
    word = base64.b64encode(f"svc:{password}".encode()).decode()
    told = said.format(word=word, password=password)
    answer = f"HTTP/1.1 407 {'no' if header else told}\r\nProxy-Authenticate: {told if header else 'Basic'}\r\n\r\n"
    async with tcp(saying(answer.encode())) as port:
        error = await fault(reach(HERE, proxy_port=port, credentials=f"svc:{password}"))
    assert error.state is State.REJECTED
    for secret in (word, password, word[:24]):
        assert secret not in f"{error.reason} {error.facts}"


async def test_what_a_proxy_says_else_is_told_as_it_is() -> None:
    async with tcp(saying(b"HTTP/1.1 403 not for svc\r\n\r\n")) as port:
        error = await fault(reach(HERE, proxy_port=port, credentials="svc:s3cret"))
    assert "HTTP 403 not for svc" in error.reason
