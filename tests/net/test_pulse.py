"""Where the other answers of a host come at once, its silence shows sooner; else the whole patience is waited."""

from __future__ import annotations

import asyncio
import sys

import pytest
from net import servers
from net.test_stream import full_backlog

from portcheck.model import State
from portcheck.net import connect, tries, udp
from portcheck.net.errors import NetError
from portcheck.net.network import Net
from portcheck.net.pacing import Pacer
from portcheck.net.pulse import QUICK_S, Pulse
from portcheck.net.timeouts import Timeouts

ENDLESS = Timeouts(connect_s=3600.0, answer_s=10.0, attempts=3)
SHORT = Timeouts(connect_s=0.4, answer_s=10.0, attempts=3)


def quick() -> Pulse:
    pulse = Pulse()
    for _ in range(pulse.enough):
        pulse.heard(0.01, repeated=False)
    return pulse


def slow() -> Pulse:
    pulse = quick()
    pulse.heard(QUICK_S * 2, repeated=False)
    return pulse


def lossy() -> Pulse:
    pulse = quick()
    pulse.heard(0.01, repeated=True)
    return pulse


def hardly_known() -> Pulse:
    pulse = Pulse()
    pulse.heard(0.01, repeated=False)
    return pulse


NOT_QUICK = [Pulse, slow, lossy, hardly_known]


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "SOON_S", 0.02)
    monkeypatch.setattr(udp, "SOON_AGAIN_S", 0.02)
    for module in (connect, udp):
        monkeypatch.setattr(module, "LISTENED_S", 0.05)
    for module in (tries, udp):
        monkeypatch.setattr(module, "GLANCE_S", 0.02)


def test_it_takes_several_answers_all_of_them_quick_and_to_the_first_try() -> None:
    assert quick().quick
    assert [make().quick for make in NOT_QUICK] == [False] * len(NOT_QUICK)


async def silent_port(net: Net) -> str:
    with full_backlog() as port, pytest.raises(NetError) as caught:
        await net.tcp(port)
    assert caught.value.state is State.FILTERED
    return caught.value.reason


async def silent_datagrams(net: Net) -> str:
    async with servers.udp(lambda *_: None) as (port, _):
        with pytest.raises(NetError) as caught:
            await net.udp(port, lambda _: b"question", bytes)
    assert caught.value.state is State.FILTERED
    return caught.value.reason


@pytest.mark.skipif(sys.platform != "linux", reason="a full backlog is silent only on Linux")
async def test_a_port_is_silent_after_all_tries_without_the_whole_patience() -> None:
    net = Net("127.0.0.1", ENDLESS, tcp_pulse=quick())
    assert not (await silent_port(net)).endswith("in 3600.0 s")
    assert net.trail.attempts == ENDLESS.attempts


@pytest.mark.skipif(sys.platform != "linux", reason="a full backlog is silent only on Linux")
@pytest.mark.parametrize("make", NOT_QUICK)
async def test_a_port_of_a_host_that_is_not_known_to_be_quick_is_waited_for(make: type[Pulse]) -> None:
    net = Net("127.0.0.1", SHORT, tcp_pulse=make(), udp_pulse=quick())
    assert (await silent_port(net)).endswith("in 0.4 s")


async def test_datagrams_are_silent_after_all_tries_without_the_whole_patience() -> None:
    net = Net("127.0.0.1", ENDLESS, udp_pulse=quick())
    assert not (await silent_datagrams(net)).endswith("in 3600.0 s")
    assert net.trail.attempts == 2 * ENDLESS.attempts


@pytest.mark.parametrize("make", NOT_QUICK)
async def test_datagrams_to_a_host_that_is_not_known_to_be_quick_are_waited_for(make: type[Pulse]) -> None:
    net = Net("127.0.0.1", SHORT, tcp_pulse=quick(), udp_pulse=make())
    assert (await silent_datagrams(net)).endswith("in 0.4 s")


async def test_an_answer_to_the_last_datagram_is_an_answer_where_silence_shows_sooner() -> None:
    last = 2 * ENDLESS.attempts - 1
    async with servers.udp(lambda data, before: data if before == last else None) as (port, _):
        answer = await Net("127.0.0.1", ENDLESS, udp_pulse=quick()).udp(port, lambda _: b"question", bytes)
    assert answer.value == b"question"


@pytest.mark.skipif(sys.platform != "linux", reason="a full backlog is silent only on Linux")
async def test_one_late_answer_of_the_host_meanwhile_gives_back_the_whole_patience() -> None:
    pulse = quick()

    class LastTurn(Pacer):
        async def turn(self) -> None:
            if net.trail.attempts == SHORT.attempts - 1:
                pulse.heard(QUICK_S * 2, repeated=False)

    net = Net("127.0.0.1", SHORT, LastTurn(20.0), tcp_pulse=pulse)
    assert (await silent_port(net)).endswith("in 0.4 s")
    assert net.trail.attempts == SHORT.attempts


async def test_what_is_connected_tells_the_pulse() -> None:
    pulse, met = Pulse(enough=1), asyncio.Event()

    async def habit(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        met.set()
        await reader.read()

    async with servers.tcp(habit) as port:
        with await Net("127.0.0.1", ENDLESS, tcp_pulse=pulse).tcp(port):
            await met.wait()
    assert (pulse.answers, pulse.repeated) == (1, False)


async def test_a_datagram_that_was_answered_only_the_second_time_tells_of_loss() -> None:
    pulse = Pulse(enough=1)
    async with servers.udp(lambda data, before: data if before else None) as (port, _):
        await Net("127.0.0.1", ENDLESS, udp_pulse=pulse).udp(port, lambda _: b"question", bytes)
    assert (pulse.answers, pulse.repeated, pulse.quick) == (1, True, False)
