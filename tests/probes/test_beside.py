"""A look beside the check's own question: whatever comes of it, what was answered stands."""

from __future__ import annotations

import asyncio
import socket

import pytest
from net.servers import Habit, tcp, udp
from patience import PATIENT

from portcheck.asking.engine import Engine
from portcheck.model import Check, Outcome, State
from portcheck.net.errors import NetError
from portcheck.net.timeline import Timeline
from portcheck.net.timeouts import Timeouts
from portcheck.probes import fragments, start_tls
from portcheck.probes.beside import beside
from portcheck.probes.probe import Subject
from portcheck.wire import WireError, kerberos, ldap, netlogon
from portcheck.wire.netlogon import PingRequest
from portcheck.wire.rootdse import ACTIVE_DIRECTORY

HERE, NAME = "127.0.0.1", "dc1.alpha.test"
ONE_ANSWER = Timeouts(connect_s=1.0, answer_s=1.0, attempts=1)  # the second is not given
ROOT = (
    ldap.SearchEntry(
        1, attributes=(("dnsHostName", (NAME.encode(),)), ("supportedCapabilities", (ACTIVE_DIRECTORY.encode(),)))
    ).pack()
    + ldap.SearchDone(1).pack()
)
TROUBLE = [
    NetError(State.MUTE, "silent"), WireError("odd"), RuntimeError("a fault of ours"), UnicodeError("idna"),
    ValueError("a name"), AssertionError(), OSError(9, "closed"), socket.gaierror(-2, "unknown"), RecursionError(),
]  # fmt: skip


async def ask(service: str, transport: str, port: int, patience: Timeouts = PATIENT, **more: str) -> Outcome:
    check = Check("alpha.test", NAME, HERE, service, transport, port)
    return await Engine(patience, notify=lambda _: None).run(check, Subject(NAME, "alpha.test", **more))


def once(answer: bytes) -> Habit:
    """Answers the first question and none after it."""

    async def habit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        writer.write(answer)
        await writer.drain()
        while await reader.read(4096):
            pass

    return habit


@pytest.mark.parametrize("trouble", TROUBLE, ids=lambda error: type(error).__name__)
async def test_trouble_beside_is_a_step_and_nothing_else(trouble: Exception) -> None:
    async def look() -> dict[str, object]:
        raise trouble

    trail = Timeline()
    assert await beside(look(), trail, "StartTLS") == {}
    assert trail.steps[-1].detail.startswith("StartTLS: ")


async def test_who_gives_up_is_not_kept() -> None:
    async def look() -> dict[str, object]:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await beside(look(), Timeline(), "StartTLS")


@pytest.mark.parametrize("trouble", TROUBLE, ids=lambda error: type(error).__name__)
async def test_ldap_stays_ok_whatever_becomes_of_start_tls(trouble: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    async def look(*_: object) -> dict[str, object]:
        raise trouble

    monkeypatch.setattr(start_tls, "look", look)
    async with tcp(once(ROOT)) as port:
        outcome = await ask("ldap", "tcp", port)
    assert (outcome.state, outcome.facts["dns_host_name"]) == (State.OK, NAME), outcome.reason


async def test_ldap_stays_ok_where_the_question_for_the_sid_is_not_answered() -> None:
    async with tcp(once(ROOT)) as port:
        outcome = await ask("gc", "tcp", port, ONE_ANSWER, domain_sid="S-1-5-21-1-2-3")
    assert (outcome.state, outcome.facts["domain_sid_told"]) == (State.OK, "not told"), outcome.reason


async def test_kerberos_stays_ok_whatever_becomes_of_the_fragments(monkeypatch: pytest.MonkeyPatch) -> None:
    async def lost(*_: object) -> dict[str, object]:
        raise RuntimeError

    monkeypatch.setattr(fragments, "lost", lost)
    error = kerberos.KrbError(kerberos.ErrorCode(6), realm="ALPHA.TEST", sname="krbtgt/ALPHA.TEST").pack()
    async with udp(lambda *_: error) as (port, _):
        assert (await ask("kerberos", "udp", port)).state is State.OK


async def test_a_ping_that_is_answered_once_was_answered() -> None:
    """Not of the domain asked about; whose it is, it does not say any more."""

    def answer(data: bytes, _: int) -> bytes | None:
        request = PingRequest.unpack(data)
        return netlogon.pack_ping(request.message_id, None) if request.domain else None

    async with udp(answer) as (port, _):
        outcome = await ask("ldap-ping", "udp", port, ONE_ANSWER)
    assert (outcome.state, outcome.facts["hosts_domain"]) == (State.OK, False), outcome.reason
