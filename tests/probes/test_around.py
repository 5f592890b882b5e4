"""The probes for the machines around a forest and for the cloud, against servers that speak and that misbehave."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from net.servers import Habit, cut, tcp
from patience import MUTE, PATIENT

from portcheck.asking.engine import Engine
from portcheck.catalogue.services import services
from portcheck.model import Check, Outcome, State
from portcheck.model.target import Route
from portcheck.net.timeouts import Timeouts
from portcheck.net.tls import contexts
from portcheck.probes.probe import Subject
from portcheck.server.certificate import identity
from portcheck.server.controller.record import Certificate
from portcheck.wire import tds
from portcheck.wire.amqp import ProtocolHeader
from portcheck.wire.nmf import NmfReply

HERE, NAME = "127.0.0.1", "relay.alpha.test"
AROUND = ("mim-service", "mim-sts", "https", "http", "amqps", "mssql")
PAGE = b"HTTP/1.1 401 Unauthorized\r\nServer: Microsoft-HTTPAPI/2.0\r\nWWW-Authenticate: Negotiate\r\n\r\n"
OFFER = b"\0\0\0\x1a\x02\x01\0\0\0\x53\x40\xc0\x0b\x01\xe0\x08\x01\xb3\0\0\0\x04MSSB"
"""The SASL mechanisms of a broker, in the short encoding."""

PRELOGIN = tds.PreLogin((15, 0, 2000), 3, reply=True).pack()


async def ask(
    service: str,
    port: int,
    ca: Path | None = None,
    *,
    public: bool = False,
    proxy: bool = False,
    patience: Timeouts = PATIENT,
) -> Outcome:
    route = Route((HERE,), f"proxy.corp:{port}" if proxy else "", port) if public or proxy else None
    subject = Subject(NAME, ca_file=ca, route=route, public=public)
    check = Check("alpha.test", NAME, None if route else HERE, service, "tcp", port)
    return await Engine(patience, notify=lambda _: None).run(check, subject)


def answering(answer: bytes) -> Habit:
    async def habit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.read(4096):
            writer.write(answer)
            await writer.drain()

    return habit


@contextlib.asynccontextmanager
async def over_tls(answer: bytes, protocols: tuple[str, ...] = ()) -> AsyncIterator[tuple[int, bytes]]:
    """A TLS server with a certificate of its own: the port, and what to trust."""
    own = identity(NAME, Certificate.VALID)
    assert own is not None
    if protocols:
        own.context.set_alpn_protocols(list(protocols))
    habit = answering(answer)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ssl.SSLError):
            await habit(reader, writer)
            writer.close()

    async with await asyncio.start_server(serve, HERE, 0, ssl=own.context) as server:
        yield server.sockets[0].getsockname()[1], own.pem


@pytest.mark.parametrize("service", ["mim-service", "mim-sts", "http"])
async def test_any_http_status_proves_the_way(service: str) -> None:
    async with tcp(answering(PAGE)) as port:
        outcome = await ask(service, port)
    assert outcome.state is State.OK
    assert (outcome.facts["http_status"], outcome.facts["http_server"]) == (401, "Microsoft-HTTPAPI/2.0")


@pytest.mark.parametrize("to_http", [b"", b"\x08\x05sorry"], ids=["hangs up", "framing fault"])
async def test_a_mim_service_in_message_framing_is_asked_again_in_it(to_http: bytes) -> None:
    async def wcf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.read(1)
        await reader.read(4096)
        writer.write(NmfReply("fault", "http://x/faults/EndpointNotFound").pack() if first == b"\0" else to_http)

    async with tcp(wcf) as port:
        outcome = await ask("mim-service", port)
    assert (outcome.state, outcome.facts["framing"]) == (State.OK, "EndpointNotFound"), outcome.reason


async def test_sql_server_tells_its_version_before_any_logon() -> None:
    async with tcp(answering(PRELOGIN)) as port:
        outcome = await ask("mssql", port)
    assert (outcome.state, outcome.facts["sql_version"], outcome.facts["sql_encryption"]) == (
        State.OK,
        "15.0.2000",
        "required",
    )


@pytest.mark.parametrize("protocols", [("tds/8.0",), ()], ids=["by ALPN", "by the pre-login inside TLS"])
async def test_a_strict_sql_server_is_asked_inside_tls(protocols: tuple[str, ...]) -> None:
    async with over_tls(PRELOGIN, protocols) as (port, _):
        outcome = await ask("mssql", port)
    assert (outcome.state, outcome.facts["sql_encryption"]) == (State.OK, "strict"), outcome.reason
    assert outcome.facts["tls_version"]


async def test_another_tls_server_is_no_strict_sql_server() -> None:
    async with over_tls(PAGE) as (port, _):
        outcome = await ask("mssql", port)
    assert outcome.state is not State.OK, outcome.reason


@pytest.mark.parametrize(("service", "answer"), [("https", PAGE), ("amqps", ProtocolHeader().pack() + OFFER)])
async def test_a_certificate_is_judged_by_whose_the_endpoint_is(service: str, answer: bytes, tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    async with over_tls(answer) as (port, pem):
        ca.write_bytes(pem)
        named, own = await ask(service, port, ca), await ask(service, port)
        public = await ask(service, port, public=True)
    assert {outcome.state for outcome in (named, own, public)} == {State.OK}
    assert (named.facts["certificate_trusted"], own.facts["certificate_trusted"]) == (True, False)
    assert "tls_intercepted" not in own.facts
    assert (public.facts["tls_intercepted"], public.facts["certificate_issuer"]) == (True, f"CN={NAME}")


async def test_a_machine_without_authorities_calls_nobody_a_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contexts, "knows_authorities", lambda: False)
    async with over_tls(PAGE) as (port, _):
        outcome = await ask("https", port, public=True)
    assert outcome.state is State.OK
    assert not {"tls_intercepted", "certificate_trusted"} & outcome.facts.keys()
    assert "no store of authorities" in str(outcome.facts["certificate_error"])


BY_PROXY = [
    (b"HTTP/1.1 200 OK\r\n\r\n", State.OK, False),
    (b"HTTP/1.1 404 Not Found\r\n\r\n", State.OK, False),
    (b"HTTP/1.1 403 Forbidden\r\n\r\n", State.OK, True),
    (b"HTTP/1.1 503 No\r\n\r\n", State.OK, True),
    (b"HTTP/1.1 407 Auth\r\nProxy-Authenticate: NTLM\r\n\r\n", State.REJECTED, False),
]


@pytest.mark.parametrize(("answer", "state", "unproven"), BY_PROXY, ids=[str(row[0][9:12]) for row in BY_PROXY])
async def test_in_clear_a_proxys_own_answer_is_not_taken_for_the_endpoints(
    answer: bytes, state: State, unproven: bool
) -> None:
    async with tcp(answering(answer)) as port:
        outcome = await ask("http", port, proxy=True)
    assert (outcome.state, outcome.facts.get("unproven") is True) == (state, unproven), outcome.reason


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def resetting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    cut(writer)


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while True:
            writer.write(b"\0" * 65536)
            await writer.drain()


MISBEHAVIOUR: dict[str, tuple[Habit, set[State]]] = {
    "silent": (silent, {State.MUTE}),
    "resetting": (resetting, {State.RESET}),
    "another protocol": (answering(b"SSH-2.0-OpenSSH_9.6\r\n"), {State.MISMATCH}),
    "garbage": (answering(bytes(range(256))), {State.MISMATCH, State.RESET}),
    "endless": (endless, {State.MISMATCH, State.RESET, State.MUTE}),
}


def test_every_service_around_a_forest_has_a_probe() -> None:
    assert set(AROUND) <= set(services())


@pytest.mark.parametrize("kind", MISBEHAVIOUR)
@pytest.mark.parametrize("service", AROUND)
async def test_a_server_that_misbehaves_is_never_ok_and_never_breaks_the_check(service: str, kind: str) -> None:
    habit, states = MISBEHAVIOUR[kind]
    async with tcp(habit) as port:
        outcome = await ask(service, port, patience=MUTE if State.MUTE in states else PATIENT)
    assert outcome.state in states, outcome.reason
    assert outcome.reason.isprintable()


@pytest.mark.parametrize("service", AROUND)
async def test_a_closed_port_is_refused(service: str) -> None:
    async with tcp(silent) as port:
        pass
    assert (await ask(service, port)).state is State.REFUSED
