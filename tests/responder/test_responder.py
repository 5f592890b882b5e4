"""The responder against clients that are not ours, and our probes against the responder in both manners."""

from __future__ import annotations

from pathlib import Path

import dns.asyncquery
import dns.message
import ldap3
import pytest

from portcheck.engine import Engine
from portcheck.model import Check, Outcome, State
from portcheck.net.patience import Patience
from portcheck.probes.base import Subject
from portcheck.responder.controller import SERVICES, Controller, Manner, Misbehaviour
from portcheck.responder.serving import Running, serving

QUICK = Patience(connect_s=0.6, answer_s=0.8, attempts=2)
SERVED = [service for service in SERVICES if service != "rpc-dynamic/tcp"]
TCP_SERVED = [service for service in SERVED if service.endswith("/tcp")]


def controller(manner: Manner = Manner.WINDOWS, **wrong: object) -> Controller:
    return Controller("dc1.alpha.test", "alpha.test", manner=manner, **wrong)  # type: ignore[arg-type]


async def ask(running: Running, service: str) -> Outcome:
    name, transport = service.split("/")
    dc = running.controller
    check = Check(dc.domain, dc.host, dc.address, name, transport, running.ports[service], domain=dc.domain)
    engine = Engine(QUICK, notify=lambda _: None)
    return await engine.run(check, Subject(dc.host, dc.domain, dc.netbios_host, Path(), wanted=("rpc-netlogon",)))


@pytest.mark.parametrize("manner", Manner)
@pytest.mark.parametrize("service", SERVED)
async def test_every_probe_is_answered_in_both_manners(manner: Manner, service: str) -> None:
    if service in {"ldaps/tcp", "gc-tls/tcp"}:
        pytest.skip("asked with a certificate file of its own in the demo's test")
    async with serving(controller(manner)) as running:
        outcome = await ask(running, service)
    assert (outcome.state, outcome.answers > 0) == (State.OK, True), outcome.reason


STATES = {
    Misbehaviour.REFUSED: State.REFUSED,
    Misbehaviour.MUTE: State.MUTE,
    Misbehaviour.RESET: State.RESET,
    Misbehaviour.FOREIGN: State.MISMATCH,
}


@pytest.mark.parametrize("wrong", STATES)
@pytest.mark.parametrize("service", ["ldap/tcp", "kerberos/tcp", "kpasswd/tcp", "rpc/tcp", "smb/tcp", "dns/tcp"])
async def test_every_misbehaviour_over_tcp_has_its_state(service: str, wrong: Misbehaviour) -> None:
    async with serving(controller(misbehave={service: wrong})) as running:
        outcome = await ask(running, service)
    assert outcome.state is STATES[wrong], outcome.reason


@pytest.mark.parametrize("service", ["ldap-ping/udp", "kerberos/udp", "kpasswd/udp", "dns/udp", "time/udp"])
async def test_every_misbehaviour_over_udp_has_its_state(service: str) -> None:
    wanted = {
        Misbehaviour.SILENT: State.FILTERED,
        Misbehaviour.REFUSED: State.REFUSED,
        Misbehaviour.FOREIGN: State.MISMATCH,
    }
    for wrong, state in wanted.items():
        async with serving(controller(misbehave={service: wrong})) as running:
            outcome = await ask(running, service)
        assert outcome.state is state, (wrong, outcome.reason)


async def test_a_first_reset_is_tried_again_and_counted() -> None:
    async with serving(controller(misbehave={"ldap/tcp": Misbehaviour.RESET})) as running:
        outcome = await ask(running, "ldap/tcp")
    assert outcome.facts["resets_before_answer"] == 3
    assert outcome.attempts == 4


async def test_ldap3_reads_our_rootdse() -> None:
    import asyncio

    async with serving(controller()) as running:

        def read() -> object:
            server = ldap3.Server("127.0.0.1", port=running.ports["ldap/tcp"], get_info=ldap3.NONE)
            connection = ldap3.Connection(server, auto_bind=ldap3.AUTO_BIND_NONE)
            connection.open(read_server_info=False)
            try:
                connection.search("", "(objectClass=*)", ldap3.BASE, attributes=["dnsHostName"])
                return connection.response
            finally:
                connection.socket.close()

        response = await asyncio.to_thread(read)
    assert "dc1.alpha.test" in str(response)


async def test_dnspython_reads_our_records() -> None:
    async with serving(controller()) as running:
        question = dns.message.make_query("_ldap._tcp.dc._msdcs.alpha.test", "SRV")
        reply = await dns.asyncquery.udp(question, "127.0.0.1", port=running.ports["dns/udp"], timeout=5)
    assert "dc1.alpha.test." in reply.answer[0].to_text()


async def test_a_clock_that_is_ahead_shows_in_every_source() -> None:
    async with serving(controller(clock_ahead_s=1200.0)) as running:
        for service in ("kerberos/udp", "kpasswd/tcp", "ldap/tcp", "smb/tcp", "time/udp"):
            skew = (await ask(running, service)).facts["clock_skew_s"]
            assert isinstance(skew, float)
            assert 1190 < skew < 1210, service
