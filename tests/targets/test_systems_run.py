"""A whole run over the machines around a forest: what is asked of whom, and what is left alone."""

from __future__ import annotations

import asyncio

from net.servers import tcp
from probes.asking import controller

from portcheck.catalogue.profiles import built_in
from portcheck.cli.targets import known_services
from portcheck.config import DcSpec, ForestSpec, Settings, SystemSpec
from portcheck.model import Outcome, Report, State, Verdict
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


async def test_machines_that_nobody_named_are_told_and_fail_nothing() -> None:
    report = await carried_out(ForestSpec("alpha.test"), "mim-service", Selection(skip=frozenset({"dc", "cloud"})))
    assert {outcome.state for outcome in report.outcomes} == {State.SKIPPED}
    assert [finding.code for finding in report.findings] == ["system-not-named"]
    assert report.exit_code == 0
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
