"""The whole program against real domain controllers: each fault gives the state that it is, on the cells it touches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.lab import faults, services
from tests.lab.domain_controller import DomainController
from tests.lab.program import Cell, Run
from tests.lab.world import Lab

BRAVO = "bdc1.bravo.test"
BY_PORT = {
    "53/tcp": ["dns/tcp"],
    "53/udp": ["dns/udp"],
    "88/tcp": ["kerberos/tcp"],
    "88/udp": ["kerberos/udp"],
    "123/udp": ["time/udp"],
    "137/udp": ["netbios-ns/udp"],
    "139/tcp": ["netbios-ssn/tcp"],
    "389/tcp": ["ldap/tcp"],
    "389/udp": ["ldap-ping/udp"],
    "445/tcp": ["smb/tcp"],
    "464/tcp": ["kpasswd/tcp"],
    "464/udp": ["kpasswd/udp"],
    "636/tcp": ["ldaps/tcp"],
    "3268/tcp": ["gc/tcp"],
    "3269/tcp": ["gc-tls/tcp"],
    "49152/tcp": ["rpc-netlogon/tcp"],
    "49153/tcp": ["rpc-lsarpc/tcp", "rpc-drsuapi/tcp"],
    "49154/tcp": ["rpc-samr/tcp"],
}
BEHIND_THE_MAPPER = {f"rpc-{name}/tcp": "skipped" for name in ("netlogon", "lsarpc", "samr", "drsuapi")}


def cells(state: str, *ports: str, host: str = BRAVO) -> dict[Cell, str]:
    return {(host, service): state for port in ports for service in BY_PORT[port]}


def differs(lab: Lab, *more: str) -> dict[Cell, str]:
    run = lab.check(*more)
    assert "Traceback" not in run.stderr
    return run.differs_from_healthy()


def test_a_healthy_lab_is_all_ok(healthy: Run) -> None:
    assert healthy.code == 0, healthy.stderr
    states = {cell: state for cell, state in healthy.cells.items() if state != "ok"}
    not_offered = {"winrm/tcp": "refused", "adws/tcp": "skipped"}  # Samba has neither
    assert {service for _, service in states} == set(not_offered)
    assert all(states[cell] == not_offered[cell[1]] for cell in states)
    assert {check["verdict"] for check in healthy.checks} == {"pass", "skip"}


def test_the_default_profile_is_all_ok_without_a_file(lab: Lab) -> None:
    run = lab.portcheck("check", "alpha.test", "-f", "json")
    assert (run.code, set(run.cells.values())) == (0, {"ok"})


@pytest.mark.parametrize("port", BY_PORT)
def test_a_silent_drop_is_filtered(lab: Lab, healthy: Run, port: str) -> None:
    with faults.drop(lab, lab.bravo, port):
        assert differs(lab) == cells("filtered", port)


def test_a_silent_mapper_takes_the_interfaces_with_it(lab: Lab, healthy: Run) -> None:
    with faults.drop(lab, lab.bravo, "135/tcp"):
        found = differs(lab)
    assert found.pop((BRAVO, "rpc/tcp")) == "filtered"
    assert found == {(BRAVO, service): state for service, state in BEHIND_THE_MAPPER.items()}


def test_several_silent_ports_are_those_alone(lab: Lab, healthy: Run) -> None:
    ports = ("464/tcp", "464/udp", "3268/tcp", "88/udp")
    with faults.drop(lab, lab.bravo, *ports):
        assert differs(lab) == cells("filtered", *ports)


def test_a_silent_host_is_filtered_throughout_and_touches_nobody_else(lab: Lab, healthy: Run) -> None:
    with faults.drop(lab, lab.bravo):
        run = lab.check("--dc", BRAVO, "--dns", lab.alpha.address, "bravo.test")
    assert {check["state"] for check in run.of("bravo") if check["host"] == BRAVO} == {"unresolved"}
    with faults.drop(lab, lab.bravo):
        run = lab.portcheck("check", lab.bravo.address, "-f", "json")
    assert run.states(lab.bravo.address) == {"filtered", "skipped"}
    assert run.code == 1


REJECTIONS = [
    ("tcp-reset", "host", "refused", None),
    ("port-unreachable", "host", "refused", None),
    ("port-unreachable", "fw2", "rejected", "10.77.100.2"),
    ("admin-prohibited", "fw2", "rejected", "10.77.100.2"),
    ("admin-prohibited", "fw1", "rejected", "10.77.0.1"),
    ("host-prohibited", "fw2", "rejected", "10.77.100.2"),
    ("net-prohibited", "fw2", "rejected", "10.77.100.2"),
    ("host-unreachable", "fw2", "unreachable", "10.77.100.2"),
    ("net-unreachable", "fw1", "unreachable", "10.77.0.1"),
]


@pytest.mark.parametrize(("how", "at", "state", "by"), REJECTIONS)
def test_a_no_tells_who_said_it(lab: Lab, healthy: Run, how: str, at: str, state: str, by: str | None) -> None:
    ports = ("464/tcp", "3268/tcp") if how == "tcp-reset" else ("464/tcp", "464/udp", "123/udp", "3268/tcp")
    node = {"host": lab.bravo.node, "fw1": lab.fw1, "fw2": lab.fw2}[at]
    with faults.reject(lab, lab.bravo, *ports, how=how, at=node):
        run = lab.check()
    assert run.differs_from_healthy() == cells(state, *ports)
    named = {(check["blocked_at"] or {}).get("by") for check in run.of("bravo") if check["state"] == state}
    assert named == {by}


@pytest.mark.parametrize("kind", ["unreachable", "prohibit"])
def test_a_route_that_says_no_is_told_with_its_router(lab: Lab, healthy: Run, kind: str) -> None:
    with faults.misroute(lab, lab.bravo, kind):
        run = lab.portcheck("check", lab.bravo.address, "-f", "json")
    state = {"unreachable": "unreachable", "prohibit": "rejected"}[kind]
    assert run.states(lab.bravo.address) == {state, "skipped"}
    assert {check["blocked_at"]["by"] for check in run.checks if check["state"] == state} == {"10.77.0.1"}


def test_no_route_is_said_to_be_this_machines(lab: Lab, healthy: Run) -> None:
    with faults.no_route(lab, lab.bravo):
        run = lab.portcheck("check", lab.bravo.address, "-f", "json")
    assert run.states(lab.bravo.address) == {"unreachable", "skipped"}
    assert {check["facts"].get("local_fault") for check in run.checks if check["state"] == "unreachable"} == {True}


def test_the_local_firewall_is_said_to_be_this_machines(lab: Lab, healthy: Run) -> None:
    with faults.reject(lab, lab.bravo, "464/tcp", "464/udp", at=lab.client):
        run = lab.check()
    assert run.differs_from_healthy() == cells("error", "464/tcp", "464/udp")
    assert run.verdicts("bravo", "kpasswd") == {"unknown"}


def test_a_dead_host_behind_the_last_router_is_unreachable(lab: Lab, healthy: Run) -> None:
    with faults.dead_host(lab, lab.bravo):
        run = lab.portcheck("check", lab.bravo.address, "-f", "json")
    assert run.states(lab.bravo.address) == {"unreachable", "skipped"}
    assert {c["blocked_at"]["by"] for c in run.checks if c["state"] == "unreachable"} == {"10.77.100.2"}


SERVICES = [
    (services.mute, "mute"),
    (services.reset_after_accept, "reset"),
    (services.close_after_accept, "reset"),
    (services.http_on, "mismatch"),
    (services.garbage_on, "mismatch"),
]


@pytest.mark.parametrize(("fault", "state"), SERVICES)
def test_a_service_that_misbehaves_is_told_by_how(lab: Lab, healthy: Run, fault, state: str) -> None:
    ports = ("389/tcp", "88/tcp", "3268/tcp", "445/tcp")
    with fault(lab.bravo, *ports):
        assert differs(lab, "--answer-timeout", "3s") == cells(state, *ports)


@pytest.mark.parametrize("fault", [services.late])
def test_an_answer_after_three_seconds_is_an_answer(lab: Lab, healthy: Run, fault) -> None:
    with fault(lab.bravo, "389/tcp", "88/tcp", "464/tcp", "3268/tcp"):
        assert differs(lab) == {}


def test_an_extra_port_is_open_silent_or_refused(lab: Lab, healthy: Run) -> None:
    extra = [
        {"name": "ldap-again", "port": 389},
        {"name": "nothing", "port": 5000},
        {"name": "nothing-udp", "port": 5001, "transport": "udp"},
        {"name": "silent", "port": 5002},
        {"name": "silent-udp", "port": 5003, "transport": "udp"},
    ]
    config = lab.forests_toml("bravo", bravo={"extra": extra})
    with faults.drop(lab, lab.bravo, "5002/tcp", "5003/udp"):
        run = lab.check(config=config)
    found = {name: (check["state"], check["verdict"]) for name in ("tcp", "udp") for check in run.of("bravo", name)
             for name in [f"{check['transport']}/{check['port']}"]}  # fmt: skip
    assert found == {
        "tcp/389": ("open", "pass"),
        "tcp/5000": ("refused", "fail"),
        "udp/5001": ("refused", "fail"),
        "tcp/5002": ("filtered", "fail"),
        "udp/5003": ("filtered", "skip"),
    }


def test_a_name_without_address_is_unresolved(lab: Lab, healthy: Run) -> None:
    run = lab.portcheck("check", "bravo.test", "--dc", "nobody.bravo.test", "--dns", lab.bravo.address, "-f", "json")
    assert run.states("bravo", "ldap") == {"unresolved"}
    assert run.code == 1


@contextmanager
def _everywhere(fault, lab: Lab) -> Iterator[None]:
    with ExitStack() as all_of_them:
        for dc in lab.dcs:
            all_of_them.enter_context(fault(dc))
        yield


def _scavenger(dc: DomainController):
    return services.reset_one_in(dc, 12)


def _loop_protection(dc: DomainController):
    return faults.refuse_source_port(dc)


@pytest.mark.parametrize("fault", [_scavenger, _loop_protection])
def test_what_healthy_windows_controllers_do_changes_no_state(lab: Lab, healthy: Run, fault) -> None:
    with _everywhere(fault, lab):
        assert differs(lab) == {}


@pytest.mark.parametrize("run", range(3))
def test_random_loss_changes_no_state(lab: Lab, healthy: Run, run: int) -> None:
    with faults.lose(lab, 10):
        assert differs(lab) == {}


@pytest.mark.parametrize("run", range(2))
def test_a_firewall_that_polices_new_connections_changes_no_state(lab: Lab, healthy: Run, run: int) -> None:
    with faults.police(lab):
        assert differs(lab) == {}


def test_interrupting_keeps_and_prints_what_was_found(lab: Lab, healthy: Run) -> None:
    import signal

    config = lab.forests_toml("alpha", "bravo")
    with faults.drop(lab, lab.bravo, "464/tcp", "3268/tcp"):
        command = (
            "-m",
            "portcheck",
            "check",
            "-c",
            str(config),
            "--timeout",
            "60s",
            "-f",
            "json",
            "--progress",
            "plain",
        )
        with lab.vantage.popen(__import__("sys").executable, *command) as process:
            assert process.stderr is not None
            for line in process.stderr:
                if "rpc-drsuapi" in line and BRAVO in line:
                    break
            process.send_signal(signal.SIGINT)
            stdout, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert '"interrupted": true' in stdout
