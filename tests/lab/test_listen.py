"""`portcheck listen` on a machine behind two routers: a check proves each path, and finds each rule that is missing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab import faults
from tests.lab.domain_controller import end_session
from tests.lab.network import CLIENT
from tests.lab.program import PROJECT, Run
from tests.lab.test_states import BY_PORT
from tests.lab.world import Lab

RPC = {
    "49152/tcp": ["rpc-netlogon/tcp"],
    "49153/tcp": ["rpc-lsarpc/tcp"],
    "49154/tcp": ["rpc-samr/tcp"],
    "49155/tcp": ["rpc-drsuapi/tcp"],
}
PROVEN = "path proven, answered by portcheck listen"
QUICK = ("--timeout", "2s", "--answer-timeout", "3s")


@contextmanager
def listening(lab: Lab, *arguments: str) -> Iterator[Path]:
    """In the place of charlie's controller, which must be stopped: its file of what it said, once it is ready."""
    log = lab.folder / "listen.log"
    log.unlink(missing_ok=True)
    run = ("env", f"PYTHONPATH={PROJECT}", "PYTHONDONTWRITEBYTECODE=1", sys.executable, "-m", "portcheck", "listen")
    process = lab.charlie.node.start(*run, *arguments, log=log)
    try:
        _wait_until(log, process, "Who comes")
        yield log
    finally:
        end_session(process)


def _wait_until(log: Path, process: subprocess.Popen[bytes], words: str) -> None:
    """Follow the file as it grows; `tail` ends with the process."""
    follow = ("tail", f"--pid={process.pid}", "-n", "+1", "-s", "0.1", "-f", str(log))
    with subprocess.Popen(follow, stdout=subprocess.PIPE, text=True) as lines:
        assert lines.stdout is not None
        found = any(words in line for line in lines.stdout)
        lines.kill()
    assert found, log.read_text()


@pytest.fixture(scope="module")
def without_charlie(lab: Lab) -> Iterator[Lab]:
    lab.charlie.stop()
    yield lab
    lab.charlie.start()
    lab.charlie.wait_until_ready()


@pytest.fixture(scope="module")
def listener(without_charlie: Lab) -> Iterator[Path]:
    with listening(without_charlie, "--profile", "all") as log:
        yield log


def check(lab: Lab, *arguments: str, config: Path | None = None) -> Run:
    wanted = () if config else ("--profile", "all")
    run = lab.portcheck("check", "-f", "json", *QUICK, *wanted, *arguments, config=config)
    assert "Traceback" not in run.stderr
    return run


def test_of_two_ports_of_a_service_the_one_that_is_missing_is_found(lab: Lab, listener: Path) -> None:
    with faults.drop(lab, lab.charlie, "5986/tcp"):
        run = check(lab, lab.charlie.address, "--only", "winrm")
    assert {c["port"]: c["state"] for c in run.checks} == {5985: "ok", 5986: "filtered"}


def not_proven(run: Run) -> dict[str, tuple[str, str]]:
    return {service: (state, _verdict(run, service)) for (_, service), state in run.cells.items() if state != "ok"}


def _verdict(run: Run, name: str) -> str:
    return next(c["verdict"] for c in run.checks if f"{c['service']}/{c['transport']}" == name)


@pytest.mark.parametrize("address", ["10.77.3.10", "fd77:0:0:13::10"])
def test_every_path_is_proven_by_address_alone(lab: Lab, listener: Path, address: str) -> None:
    run = check(lab, address)
    assert (run.code, not_proven(run)) == (0, {})
    assert len(run.checks) == 23
    assert {c["reason"] for c in run.checks} == {PROVEN}
    assert [finding["code"] for finding in run.report["findings"]] == ["paths-proven"]


def test_so_it_is_by_the_name_of_a_domain_that_dns_does_not_have_yet(lab: Lab, listener: Path) -> None:
    run = check(lab, "contoso.test", "--dc", lab.charlie.address)
    assert (run.code, not_proven(run)) == (0, {})


PORTS = BY_PORT | RPC | {"9389/tcp": ["adws/tcp"]}


@pytest.mark.parametrize("port", PORTS)
def test_each_rule_that_is_missing_is_found(lab: Lab, listener: Path, port: str) -> None:
    with faults.drop(lab, lab.charlie, port):
        found = not_proven(check(lab, lab.charlie.address))
    behind = found and port == "135/tcp"
    blocked = {service: told for service, told in found.items() if not (behind and service.startswith("rpc-"))}
    assert {service: state for service, (state, _) in blocked.items()} == dict.fromkeys(PORTS[port], "filtered")
    assert {verdict for _, verdict in blocked.values()} <= {"fail", "warn"}
    assert {state for service, (state, _) in found.items() if service not in blocked} <= {"skipped"}


def test_several_rules_that_are_missing_are_found_at_once(lab: Lab, listener: Path) -> None:
    ports = ("464/tcp", "464/udp", "3268/tcp", "49154/tcp", "53/udp")
    with faults.drop(lab, lab.charlie, *ports):
        run = check(lab, lab.charlie.address)
    assert set(not_proven(run)) == {service for port in ports for service in PORTS[port]}
    codes = [finding["code"] for finding in run.report["findings"]]
    assert {"kpasswd-blocked", "gc-blocked", "rpc-dynamic-blocked", "dns-blocked", "paths-proven"} == set(codes)


def test_it_shows_who_comes_and_what_address_translation_makes_of_it(lab: Lab, listener: Path) -> None:
    check(lab, lab.charlie.address, "--only", "ldap")
    lab.fw2.nft(
        "table ip behind { chain out { type nat hook postrouting priority 100;"
        f" ip daddr {lab.charlie.address} masquerade; }}\n}}"
    )
    try:
        check(lab, lab.charlie.address, "--only", "ldap")
    finally:
        lab.fw2.nft("delete table ip behind")
    said = [line.split() for line in listener.read_text().splitlines() if " ldap " in line and "→" in line]
    sources = [line[1] for line in said if line[3] == lab.charlie.address]
    assert sources == [CLIENT[0], "10.77.3.1"]


def test_ports_that_need_no_root_are_proven_by_the_overrides_it_names(without_charlie: Lab) -> None:
    lab = without_charlie
    moved = ("--ports-from", "10000", "--rpc-ports", "59152-59153", "--bind", lab.charlie.address)
    with listening(lab, *moved, "--domain", "contoso.test") as log:
        lines = log.read_text().splitlines()
        begin = next(number for number, line in enumerate(lines) if "[[forest]]" in line)
        config = lab.vantage.home / "listen.toml"
        config.write_text("\n".join(lines[begin : begin + 5]))
        whole = check(lab, config=config)
        with faults.drop(lab, lab.charlie, "10464/udp", "13268/tcp", "59153/tcp"):
            broken = check(lab, config=config)
    assert (whole.code, not_proven(whole)) == (0, {})
    assert set(not_proven(broken)) == {"kpasswd/udp", "gc/tcp", "rpc-lsarpc/tcp", "rpc-drsuapi/tcp"}
    assert "root was needed to open the ports only" in "\n".join(lines)


def test_beside_a_controller_it_names_what_is_taken(lab: Lab) -> None:
    run = (sys.executable, "-m", "portcheck", "listen", "--bind", lab.alpha.address, "--for", "1s")
    said = subprocess.run(
        lab.alpha.node.argv("env", f"PYTHONPATH={PROJECT}", *run), capture_output=True, text=True, timeout=60
    )
    assert said.returncode == 1, said.stderr  # nobody came
    words = " ".join(said.stdout.split())
    assert "kerberos 88/tcp 88/udp, kpasswd 464/tcp 464/udp: taken by kdc" in words
    assert "smb 445/tcp: taken by smbd (pid" in words
    assert "open rpc-dynamic 49155/tcp" in words


def test_a_report_of_it_can_be_explained_elsewhere(lab: Lab, listener: Path) -> None:
    saved = lab.vantage.home / "listen.json"
    check(lab, lab.charlie.address, "--save", str(saved))
    assert {f["code"] for f in json.loads(saved.read_text())["findings"]} == {"paths-proven"}
