"""StartTLS beside LDAP: what it shows, and that LDAP has answered whatever becomes of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from patience import PATIENT
from probes.asking import ask, controller

from portcheck.asking.engine import Engine
from portcheck.diagnose.verdict import Offered, judge
from portcheck.model import Check, Outcome, State, Verdict
from portcheck.probes import start_tls
from portcheck.probes.probe import Subject
from portcheck.server.controller import directory
from portcheck.server.controller.record import Certificate
from portcheck.server.controller.serving import serving
from portcheck.wire import ldap

CUT, MUTE, GARBAGE, NOT_TLS, DECLINED = "cut", "mute", "garbage", "not TLS", "declined"


async def test_it_shows_the_certificate_that_636_shows() -> None:
    async with serving(controller()) as running:
        plain, tls = await ask(running, "ldap/tcp"), await ask(running, "ldaps/tcp")
    assert plain.facts["start_tls_result"] == 0
    for key in ("certificate_key_sha256", "certificate_names", "certificate_name_matches", "tls_version"):
        assert plain.facts[key] == tls.facts[key]


async def test_what_is_measured_and_told_of_ldap_is_ldaps_own() -> None:
    async with serving(controller()) as running:
        outcome = await ask(running, "ldap/tcp")
    sent = [step.detail.split(",")[0] for step in outcome.evidence if step.event == "sent"]
    assert sent == ["LDAP search of the rootDSE"]
    assert (outcome.attempts, outcome.reason) == (1, "LDAP answered as dc1.alpha.test")
    assert [step.detail for step in outcome.evidence if step.event == "StartTLS"] == [
        f"{outcome.facts['tls_version']}, certificate of {outcome.facts['certificate_issuer']}"
    ]


async def test_a_controller_without_a_certificate_says_so() -> None:
    async with serving(controller(certificate=Certificate.NONE)) as running:
        outcome = await ask(running, "ldap/tcp")
    assert (outcome.state, outcome.facts["start_tls_result"], outcome.facts["no_certificate"]) == (State.OK, 52, True)


async def test_an_expired_certificate_is_told_and_leaves_ldap_in_clear_as_it_is() -> None:
    async with serving(controller(certificate=Certificate.EXPIRED)) as running:
        outcome = await ask(running, "ldap/tcp")
    assert outcome.facts["certificate_expired"] is True
    assert judge(outcome, Offered(frozenset({"dc"}))).verdict is Verdict.PASS


async def test_what_is_no_domain_controller_is_not_asked() -> None:
    async with _server(DECLINED, is_controller=False) as (port, connections):
        outcome = await _ask(port)
    assert (outcome.state, connections, "start_tls_result" in outcome.facts) == (State.OK, [1], False)


@pytest.mark.parametrize(
    ("habit", "told"),
    [
        (CUT, {"start_tls_state": "reset"}),
        (MUTE, {"start_tls_state": "mute"}),
        (GARBAGE, {"start_tls_state": "mismatch"}),
        (NOT_TLS, {"start_tls_state": "mismatch"}),
    ],
)
async def test_what_fails_is_tried_once_more_and_told_without_another_state(
    habit: str, told: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start_tls, "LEAST_S", 0.3)
    async with _server(habit) as (port, connections):
        outcome = await _ask(port)
    assert (outcome.state, connections) == (State.OK, [1, 1])
    assert {key: outcome.facts.get(key) for key in told} == told
    assert "start_tls_result" not in outcome.facts


async def test_one_cut_connection_proves_nothing() -> None:
    async with _server(CUT, times=1) as (port, connections):
        outcome = await _ask(port)
    assert (outcome.facts.get("start_tls_state"), outcome.facts["start_tls_result"]) == (None, 52)
    assert connections == [1, 1]


@contextlib.asynccontextmanager
async def _server(habit: str, times: int = 9, *, is_controller: bool = True) -> AsyncIterator[tuple[int, list[int]]]:
    """Answers the rootDSE, and StartTLS by its habit; after so many times it declines. Counts connections."""
    dc = controller(certificate=Certificate.NONE)
    connections: list[int] = []
    talking: list[asyncio.Task[None] | None] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        talking.append(asyncio.current_task())
        with contextlib.closing(writer), contextlib.suppress(OSError):
            while data := await reader.read(65536):
                op = ldap.unpack_message(data).op
                if not isinstance(op, ldap.ExtendedRequest):
                    answer = directory.answer(dc, data)
                    writer.write(answer if is_controller else answer.replace(b".1.4.800", b".1.4.899"))
                elif len(connections) > times:
                    writer.write(ldap.ExtendedResponse(op.message_id, 52).pack())
                elif habit == CUT:
                    break
                elif habit == GARBAGE:
                    writer.write(ldap.SearchDone(op.message_id).pack())
                elif habit == NOT_TLS:
                    writer.write(ldap.ExtendedResponse(op.message_id).pack())
                    await reader.read(65536)
                    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], connections
    await asyncio.gather(*filter(None, talking))  # until the client has left each


async def _ask(port: int) -> Outcome:
    check = Check("alpha.test", "dc1.alpha.test", "127.0.0.1", "ldap", "tcp", port, domain="alpha.test")
    subject = Subject("dc1.alpha.test", "alpha.test", "DC1")
    return await Engine(PATIENT, notify=lambda _: None).run(check, subject)
