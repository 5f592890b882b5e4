"""Targets in the lab: a port, a URL, a label by the search list, a list, a network with one controller in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.lab import faults
from tests.lab.program import Run
from tests.lab.world import Lab


def asked(run: Run) -> set[tuple[str, str, int, str]]:
    return {(c["host"], c["service"], c["port"], c["verdict"]) for c in run.checks}


@contextmanager
def searching(lab: Lab, *suffixes: str) -> Iterator[None]:
    file = lab.vantage.folder / "resolv.conf"
    before = file.read_text()
    file.write_text(f"{before}search {' '.join(suffixes)}\n")
    try:
        yield
    finally:
        file.write_text(before)


@pytest.mark.parametrize(
    ("target", "service", "port"),
    [("bdc1.bravo.test:636", "ldaps", 636), ("ldap://bravo.test", "ldap", 389), ("gc://bdc1.bravo.test", "gc", 3268)],
)
def test_a_named_port_alone_is_asked_and_decides(lab: Lab, target: str, service: str, port: int) -> None:
    well = lab.portcheck("check", target, "-f", "json")
    assert (asked(well), well.code) == ({("bdc1.bravo.test", service, port, "pass")}, 0)
    with faults.chain(lab.fw2, "forward", f"tcp dport {port} drop"):
        broken = lab.portcheck("check", target, "-f", "json", "--timeout", "2s")
    assert (asked(broken), broken.code) == ({("bdc1.bravo.test", service, port, "fail")}, 1)


def test_with_a_profile_the_port_is_asked_beside_it(lab: Lab) -> None:
    run = lab.portcheck("check", "bdc1.bravo.test:8443", "--profile", "ldap-app", "-f", "json")
    services = {(service, port) for _, service, port, _ in asked(run)}
    assert {("tcp", 8443), ("ldap", 389), ("ldaps", 636)} <= services


def test_a_label_is_completed_by_the_search_list(lab: Lab) -> None:
    with searching(lab, "alpha.test", "bravo.test"):
        for label, name in (("bdc1", "bdc1.bravo.test"), ("bravo", "bravo.test")):
            run = lab.portcheck("check", label, "--only", "ldap", "-f", "json")
            assert {(c["forest"], c["verdict"]) for c in run.checks} == {(name, "pass")}
        nobody = lab.portcheck("check", "nobody")
    assert nobody.code == 2
    assert "nobody.alpha.test, nobody.bravo.test" in nobody.stderr


def test_a_list_in_windows_own_encoding(lab: Lab) -> None:
    path = lab.vantage.home / "targets.txt"
    path.write_text("# mine\nbdc1.bravo.test:636\n", encoding="utf-16")
    run = lab.portcheck("check", f"@{path}", "-f", "json")
    assert asked(run) == {("bdc1.bravo.test", "ldaps", 636, "pass")}


def test_in_a_network_the_controllers_count_and_empty_addresses_accuse_nobody(lab: Lab) -> None:
    run = lab.portcheck("check", "10.77.2.8/30", "--profile", "ldap-app", "-f", "json")
    assert run.code == 0
    assert run.report is not None
    (forest,) = run.report["forests"]
    assert (forest["name"], forest["facts"]["kind"]) == ("10.77.2.8/30", "network")
    assert [dc["address"] for dc in forest["domain_controllers"]] == [lab.bravo.address]
    assert {c["verdict"] for c in run.checks if c["address"] != lab.bravo.address} == {"skip"}
    assert [f["code"] for f in run.report["findings"]] == ["forest-ok"]


def test_a_blocked_port_of_a_controller_in_a_network_is_a_fault(lab: Lab) -> None:
    with faults.chain(lab.fw2, "forward", f"ip daddr {lab.bravo.address} tcp dport 389 drop"):
        run = lab.portcheck("check", "10.77.2.8/30", "--profile", "ldap-app", "-f", "json", "--timeout", "2s")
    failed = {(c["address"], c["service"]) for c in run.checks if c["verdict"] in {"fail", "warn"}}
    assert failed == {(lab.bravo.address, "ldap")}


def test_a_network_without_a_controller_is_no_success(lab: Lab) -> None:
    run = lab.portcheck("check", "10.77.3.0/30", "--profile", "ldap-app")
    assert run.code == 1
    assert "at none of 2 addresses a domain controller answers" in " ".join(run.stdout.split())
