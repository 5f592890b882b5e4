"""A server that gives back what it was sent is no server of any protocol: no probe takes an echo for an answer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import pytest
from net.servers import Habit, tcp, udp

from portcheck.asking import engine
from portcheck.asking.engine import Engine
from portcheck.catalogue.services import GENERIC, services
from portcheck.model import Check, Outcome, State
from portcheck.net.timeouts import Timeouts
from portcheck.probes.probe import Subject
from portcheck.probes.registry import PROBES
from portcheck.server.certificate import identity
from portcheck.server.controller.record import Certificate

HERE, NAME = "127.0.0.1", "dc1.alpha.test"
QUICK = Timeouts(connect_s=0.3, answer_s=0.3, attempts=1)
Change = Callable[[list[bytes]], bytes]
"""Everything that came in, a part each, to what is given back now."""

CHANGES: dict[str, Change] = {
    "whole": lambda seen: seen[-1],
    "the first half": lambda seen: seen[-1][: len(seen[-1]) // 2],
    "twice": lambda seen: seen[-1] * 2,
    "the question before": lambda seen: seen[-2] if len(seen) > 1 else seen[-1],
    "all of it, again and again": lambda seen: b"".join(seen),
    "without its first byte": lambda seen: seen[-1][1:],
}
OVER = {name: {"tcp", "udp"} if name in {"dns", "kerberos", "kpasswd"} else set() for name in PROBES}
OVER |= {name: {"udp"} for name in ("time", "ldap-ping", "netbios-ns", "udp")}
CELLS = [(name, transport) for name, known in OVER.items() for transport in sorted(known or {"tcp"})]


@pytest.fixture(autouse=True)
def _little_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "AFTER_RESET_S", (0.0, 0.0, 0.0))


async def ask(name: str, transport: str, port: int) -> Outcome:
    row = services().get(name)
    subject = Subject(
        NAME,
        "alpha.test",
        "DC1",
        domain_sid="S-1-5-21-1-2-3",
        interface=(row.interface if row else "") or "",
        version=(row.version if row else 0) or 0,
        ports=(port,),
        wanted=("rpc-netlogon",),
    )
    check = Check("alpha.test", NAME, HERE, name, transport, port, domain="alpha.test")
    return await Engine(QUICK, notify=lambda _: None).run(check, subject)


def echo(change: Change) -> Habit:
    async def habit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen: list[bytes] = []
        with contextlib.suppress(OSError):
            while part := await reader.read(65536):
                seen.append(part)
                writer.write(change(seen))
                await writer.drain()

    return habit


def test_every_probe_is_asked_here() -> None:
    assert {name for name, _ in CELLS} == set(PROBES)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(("name", "transport"), CELLS)
async def test_an_echo_is_no_answer(name: str, transport: str, change: str) -> None:
    if transport == "tcp":
        async with tcp(echo(CHANGES[change])) as port:
            outcome = await ask(name, transport, port)
    else:
        seen: list[bytes] = []
        async with udp(lambda data, _: (seen.append(data), CHANGES[change](seen))[1]) as (port, _):
            outcome = await ask(name, transport, port)
    allowed = {State.MISMATCH, State.RESET, State.MUTE, State.FILTERED, *([State.OPEN] if name in GENERIC else [])}
    assert outcome.state in allowed, (outcome.state, outcome.reason, outcome.facts)
    assert "portcheck itself failed" not in outcome.reason


INSIDE_TLS = ("ldaps", "gc-tls", "https", "amqps")


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", INSIDE_TLS)
async def test_an_echo_inside_tls_is_none_either(name: str, change: str) -> None:
    own = identity(NAME, Certificate.VALID)
    assert own is not None
    async with tcp(echo(CHANGES[change]), own.context) as port:
        outcome = await ask(name, "tcp", port)
    assert outcome.state is not State.OK, (outcome.reason, outcome.facts)
