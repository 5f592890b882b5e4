"""A whole run over the machines around a forest: what is asked of whom, and what is left alone."""

from __future__ import annotations

import asyncio

import pytest
from net.servers import tcp
from probes.asking import controller

from portcheck.catalogue.profiles import built_in
from portcheck.cli.targets import known_services
from portcheck.config import DcSpec, ForestSpec, Settings, SystemSpec
from portcheck.model import Outcome, Report, Severity, State, Verdict
from portcheck.model.target import Selection
from portcheck.run.runner import Order, run
from portcheck.server.controller.serving import serving

HERE = "127.0.0.1"
QUICK = Settings(timeout_s=0.6, answer_timeout_s=1.0, attempts=1, trace=False)
NOT_DC = Selection(skip=frozenset({"dc"}))


async def carried_out(forest: ForestSpec, profile: str, selection: Selection = NOT_DC) -> Report:
    order = Order(((forest, (built_in()[profile],)),), QUICK, selection)
    return await run(order, lambda _: None)


def told(report: Report) -> dict[str, Outcome]:
    return {outcome.check.name: outcome for outcome in report.outcomes}


async def greeting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def test_the_sync_server_of_pcns_is_asked_at_its_mapper_and_at_the_port_that_is_pinned() -> None:
    async with serving(controller()) as running, tcp(greeting) as pinned:
        sync = SystemSpec("sync", HERE, HERE, pinned)
        ports = {"rpc": running.ports["rpc/tcp"]}
        dcs = (DcSpec("dc1.alpha.test", "127.0.0.9"),)
        forest = ForestSpec("alpha.test", domain_controllers=dcs, discover=False, ports=ports, systems=(sync,))
        report = await carried_out(forest, "pcns", Selection())
    outcomes = told(report)
    assert (outcomes["rpc/tcp"].state, outcomes["tcp/tcp"].state) == (State.OK, State.OPEN)
    assert outcomes["tcp/tcp"].check.port == pinned
    assert [dc.host for dc in report.forests[0].domain_controllers] == ["dc1.alpha.test"]
    assert "reverse-direction" in {finding.code for finding in report.findings}


async def test_without_a_pinned_port_the_dynamic_one_is_not_guessed() -> None:
    async with serving(controller()) as running:
        forest = ForestSpec(
            "alpha.test", ports={"rpc": running.ports["rpc/tcp"]}, systems=(SystemSpec("sync", HERE, HERE),)
        )
        outcomes = told(await carried_out(forest, "pcns"))
    assert (outcomes["rpc/tcp"].state, outcomes["tcp/tcp"].state) == (State.OK, State.SKIPPED)
    assert outcomes["tcp/tcp"].verdict is Verdict.SKIP


def at(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if loopback were a network, and this machine had this address in it."""
    monkeypatch.setattr("portcheck.asking.asker.is_loopback", lambda _: False)
    monkeypatch.setattr("portcheck.asking.asker.is_here", lambda asked: asked == address)


FIRST, SECOND, THIRD = "127.0.7.1", "127.0.7.2", "127.0.7.3"  # where nobody listens


@pytest.mark.parametrize(("own", "asked"), [(FIRST, True), (THIRD, False)])
async def test_what_controllers_open_is_asked_by_a_controller_and_by_nobody_else(
    own: str, asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(own, monkeypatch)
    dcs = (DcSpec("dc1.alpha.test", FIRST),)
    sync = SystemSpec("sync", "sync1.alpha.test", SECOND)
    forest = ForestSpec("alpha.test", domain_controllers=dcs, discover=False, systems=(sync,))
    report = await carried_out(forest, "pcns", Selection())
    outcomes = told(report)
    for name in ("rpc/tcp", "kerberos/tcp", "kerberos/udp"):
        assert (outcomes[name].state is not State.SKIPPED) is asked, name
        assert ("opened_elsewhere" in outcomes[name].facts) is not asked, name
    found = {finding.code: finding.severity for finding in report.findings}
    assert (found.get("reverse-direction") is Severity.WARNING) is not asked
    assert report.exit_code == 1  # where nothing was asked, nothing is known to be as expected
    assert not found.keys() & {"forest-ok"}


@pytest.mark.parametrize(("own", "asked"), [(THIRD, True), (SECOND, False)])
async def test_the_mim_service_is_asked_by_its_clients_and_not_by_itself(
    own: str, asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(own, monkeypatch)
    forest = ForestSpec("alpha.test", systems=(SystemSpec("mim", "mim1.alpha.test", SECOND),))
    report = await carried_out(forest, "mim-service", Selection(only=frozenset({"mim-service"})))
    (outcome,) = report.outcomes
    assert (outcome.state is not State.SKIPPED) is asked
    assert ("the portals" in outcome.reason) is not asked
    told_of = [finding.severity for finding in report.findings if finding.code == "reverse-direction"]
    assert told_of == ([] if asked else [Severity.INFO])


async def test_machines_that_nobody_named_are_told_and_prove_nothing() -> None:
    report = await carried_out(ForestSpec("alpha.test"), "mim-service", Selection(skip=frozenset({"dc", "cloud"})))
    assert {outcome.state for outcome in report.outcomes} == {State.SKIPPED}
    assert [finding.code for finding in report.findings] == ["system-not-named"]
    assert report.exit_code == 1  # nothing was asked, so nothing is known to be as expected
    assert "mim" in report.findings[0].fix
    assert "sql" in report.findings[0].fix


async def test_a_run_for_controllers_alone_asks_nobody_else() -> None:
    others = frozenset({"mim", "sql", "sync", "mail", "cloud"})
    forest = ForestSpec("alpha.test", systems=(SystemSpec("mim", HERE, HERE),), discover=False)
    report = await carried_out(forest, "mim-service", Selection(skip=others))
    assert [forest.name for forest in report.forests] == ["alpha.test"]
    assert report.outcomes == ()


async def test_a_controller_that_is_a_machine_around_the_forest_too_is_asked_once_and_judged_as_both() -> None:
    async with serving(controller()) as running:
        systems = (SystemSpec("sync", HERE, HERE), SystemSpec("sql", HERE, HERE, 9))
        ports = {name.partition("/")[0]: port for name, port in running.ports.items() if name.endswith("/tcp")}
        ports["ldap-ping"] = running.ports["ldap-ping/udp"]
        ports = {name: port for name, port in ports.items() if name in known_services()}
        dcs = (DcSpec(HERE, HERE),)
        forest = ForestSpec("alpha.test", domain_controllers=dcs, discover=False, ports=ports, systems=systems)
        report = await carried_out(forest, "mim-service", Selection(skip=frozenset({"cloud", "dns", "kerberos/udp"})))
    assert len({outcome.check.id for outcome in report.outcomes}) == len(report.outcomes)
    outcomes = told(report)
    assert outcomes["rpc/tcp"].state is State.OK
    assert (outcomes["ldap/tcp"].state, outcomes["ldap-ping/udp"].state) == (State.OK, State.OK)
    assert (outcomes["mssql/tcp"].state, outcomes["mssql/tcp"].verdict) == (State.REFUSED, Verdict.FAIL)
