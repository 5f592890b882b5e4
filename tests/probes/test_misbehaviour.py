"""Whatever a server does instead of answering, each probe ends with the state of what was seen."""

from __future__ import annotations

import asyncio
import sys

import pytest
from patience import MUTE, PATIENT, SILENT
from probes.asking import ask, controller

from portcheck.asking import engine
from portcheck.model import State
from portcheck.net.timeouts import Timeouts
from portcheck.server.controller.record import FIXED, Misbehaviour
from portcheck.server.controller.serving import serving

TCP = [*(name for name in FIXED if name.endswith("/tcp")), "rpc-samr/tcp"]
UDP = [name for name in FIXED if name.endswith("/udp")]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="a silent TCP port on loopback needs Linux")
OVER_TCP = {
    Misbehaviour.REFUSED: {State.REFUSED},
    Misbehaviour.MUTE: {State.MUTE},
    Misbehaviour.RESET: {State.RESET},
    Misbehaviour.CLOSED: {State.RESET},
    Misbehaviour.RESET_SOME: {State.OK},
    Misbehaviour.FOREIGN: {State.MISMATCH},
    Misbehaviour.TOO_SLOW: {State.MUTE},
    Misbehaviour.TOO_MUCH: {State.OK},
    # what is odd but has the form of a beginning is waited for, until the peer closes
    Misbehaviour.GARBAGE: {State.MISMATCH, State.RESET},
    Misbehaviour.ENDLESS: {State.MISMATCH},
}
OVER_UDP = {
    Misbehaviour.SILENT: State.FILTERED,
    Misbehaviour.REFUSED: State.REFUSED,
    Misbehaviour.MUTE: State.FILTERED,
    Misbehaviour.FOREIGN: State.MISMATCH,
    Misbehaviour.GARBAGE: State.MISMATCH,
    Misbehaviour.ENDLESS: State.MISMATCH,
    Misbehaviour.TOO_MUCH: State.OK,
}
OTHERWISE = {
    ("winrm/tcp", Misbehaviour.FOREIGN): {State.OK},  # HTTP is what it speaks
    ("adws/tcp", Misbehaviour.TOO_SLOW): {State.OK},  # its answer is a single byte
    ("rpc/tcp", Misbehaviour.TOO_MUCH): {
        State.MISMATCH
    },  # a second question follows, the flood is taken for its answer
}
WAITS = {
    Misbehaviour.MUTE: MUTE,
    Misbehaviour.TOO_SLOW: MUTE,
    Misbehaviour.SILENT: SILENT,
}


@pytest.fixture(autouse=True)
def _little_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "AFTER_RESET_S", (0.0, 0.0, 0.0))


@pytest.mark.parametrize("wrong", OVER_TCP)
@pytest.mark.parametrize("service", TCP)
async def test_every_misbehaviour_over_tcp_has_its_state(service: str, wrong: Misbehaviour) -> None:
    async with serving(controller(misbehave={service: wrong})) as running:
        patience = PATIENT if (service, wrong) in OTHERWISE else WAITS.get(wrong, PATIENT)
        outcome = await ask(running, service, patience=patience)
    assert outcome.state in OTHERWISE.get((service, wrong), OVER_TCP[wrong]), outcome.reason


@LINUX
@pytest.mark.parametrize("service", TCP)
async def test_silence_over_tcp_is_filtered(service: str) -> None:
    async with serving(controller(misbehave={service: Misbehaviour.SILENT})) as running:
        outcome = await ask(running, service, patience=SILENT)
    assert (outcome.state, outcome.answers) == (State.FILTERED, 0), outcome.reason


@pytest.mark.parametrize("wrong", OVER_UDP)
@pytest.mark.parametrize("service", UDP)
async def test_every_misbehaviour_over_udp_has_its_state(service: str, wrong: Misbehaviour) -> None:
    async with serving(controller(misbehave={service: wrong})) as running:
        waits = OVER_UDP[wrong] in {State.FILTERED, State.MISMATCH}
        outcome = await ask(running, service, patience=SILENT if waits else PATIENT)
    assert outcome.state is OVER_UDP[wrong], outcome.reason


@LINUX
@pytest.mark.parametrize(("silent", "state"), [((2,), State.OK), ((1,), State.OK), ((1, 2), State.FILTERED)])
async def test_of_two_ports_of_an_interface_one_is_enough(silent: tuple[int, ...], state: State) -> None:
    wrong = {f"rpc-dynamic-{number}/tcp": Misbehaviour.SILENT for number in silent}
    async with serving(controller(misbehave=wrong)) as running:
        patience = SILENT if state is State.FILTERED else Timeouts(60.0, 60.0, 1)
        outcome = await ask(running, "rpc-samr/tcp", patience=patience)
        second, first = running.candidates("rpc-samr")
    assert (outcome.state, outcome.facts["port_candidates"]) == (state, [second, first])
    assert outcome.facts.get("port") == {(2,): first, (1,): second}.get(silent)


@LINUX
async def test_a_silent_port_of_an_interface_does_not_keep_the_other_waiting() -> None:
    async with serving(controller(misbehave={"rpc-dynamic-2/tcp": Misbehaviour.SILENT})) as running:
        async with asyncio.timeout(60):
            outcome = await ask(running, "rpc-samr/tcp", patience=Timeouts(600.0, 600.0, 1))
    assert (outcome.state, outcome.facts["port"]) == (State.OK, running.candidates("rpc-samr")[1])


async def test_a_quick_port_is_asked_alone() -> None:
    async with serving(controller()) as running:
        outcome = await ask(running, "rpc-samr/tcp", patience=Timeouts(60.0, 60.0, 1))
    assert (outcome.attempts, outcome.facts["port"]) == (1, running.candidates("rpc-samr")[0])


async def test_a_first_reset_is_tried_again_and_counted() -> None:
    async with serving(controller(misbehave={"ldap/tcp": Misbehaviour.RESET})) as running:
        outcome = await ask(running, "ldap/tcp")
    assert (outcome.facts["resets_before_answer"], outcome.attempts) == (3, 4)


async def test_what_is_wrong_with_one_service_leaves_the_others_alone() -> None:
    async with serving(controller(misbehave={"ldap/tcp": Misbehaviour.ENDLESS})) as running:
        await ask(running, "ldap/tcp")
        outcome = await ask(running, "gc/tcp")
    assert outcome.state is State.OK


@pytest.mark.parametrize("service", ["ldap/tcp", "kerberos/udp"])
async def test_a_late_answer_is_an_answer(service: str) -> None:
    async with serving(controller(misbehave={service: Misbehaviour.LATE})) as running:
        outcome = await ask(running, service, patience=Timeouts(60.0, 60.0, 1))
    assert (outcome.state, outcome.latency_ms is not None and outcome.latency_ms > 1000) == (State.OK, True)


async def test_the_scavenger_resets_some_sessions_and_changes_no_state() -> None:
    async with serving(controller(misbehave={"gc/tcp": Misbehaviour.RESET_SOME})) as running:
        outcomes = [await ask(running, "gc/tcp") for _ in range(4)]
    assert {o.state for o in outcomes} == {State.OK}
    assert [o.facts.get("resets_before_answer", 0) for o in outcomes] == [0, 0, 1, 0]
