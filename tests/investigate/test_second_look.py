"""What the second look asks side by side, and what has to wait where packets are lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from factories import check, outcome
from investigate.held import Held, cased

from portcheck import investigate
from portcheck.investigate import confirm, middlebox, policed, second_look
from portcheck.investigate.case import Case
from portcheck.model import Outcome, State


@pytest.mark.parametrize("lossy", [False, True])
async def test_who_else_may_answer_is_asked_beside_the_ports_unless_packets_are_lost(
    monkeypatch: pytest.MonkeyPatch, lossy: bool
) -> None:
    steps: list[str] = []
    asked = asyncio.Event()

    async def ask(silent: Outcome, *_: object, loose: bool = False) -> Outcome:
        if loose:
            steps.append("senders")
            asked.set()
        return silent

    async def by_port(_: Sequence[Case]) -> None:
        if not lossy:
            await asked.wait()  # never, if it were asked only afterwards
        steps.append("ports")

    async def nothing(*_: object) -> None:
        return None

    monkeypatch.setattr(investigate, "_by_port", by_port)
    monkeypatch.setattr(confirm, "_again", nothing)
    monkeypatch.setattr(middlebox, "accepts_everything", nothing)
    here = {"host": "dc1.alpha.test", "address": "127.0.0.1"}
    good = outcome(replace(check("ldap/tcp"), **here), State.OK, facts={"syn_resent": 1} if lossy else {})
    silent = outcome(
        replace(check("kpasswd/udp"), **here), State.FILTERED, facts={"source_ports_unanswered": [1025, 1026]}
    )
    case = cased("dc1.alpha.test", "127.0.0.1", Held(good, silent), ask, payload=lambda _: b"question")
    async with asyncio.timeout(60):
        await second_look([case], lambda _: None)
    assert steps == (["ports", "senders"] if lossy else ["senders", "ports"])


@pytest.mark.parametrize("limited", [False, True])
async def test_no_ports_are_compared_while_a_limit_lets_few_connections_pass(
    monkeypatch: pytest.MonkeyPatch, *, limited: bool
) -> None:
    """It would spend what passes, and leave what is asked alone meanwhile without an answer."""
    compared: list[Case] = []

    async def by_port(cases: Sequence[Case]) -> None:
        compared.extend(cases)

    async def nothing(*_: object) -> list[Case]:
        return []

    async def ways(cases: Sequence[Case], _: object) -> list[policed.Way]:
        return [policed.Way(cases, burst_lost=limited, pause_s=policed.SLOW_S)]

    monkeypatch.setattr(investigate, "_by_port", by_port)
    monkeypatch.setattr(investigate, "_looks", nothing)
    monkeypatch.setattr(policed, "ways", ways)
    case = cased("dc1.alpha.test", "10.77.1.1", Held(outcome("ldap/tcp")), nothing)
    await second_look([case], lambda _: None)
    assert compared == ([] if limited else [case])
