"""The closed loop: everything shut, asked for by `request`, opened by its file alone, found open by `check`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.lab.faults import dead_host, drop, reject
from tests.lab.node import Node
from tests.lab.program import Run
from tests.lab.rules import chain
from tests.lab.world import Lab

Opened = tuple[str, str, str, int, int]
TABLE = "table inet portcheck"
PROFILES = ("mim", "domain-join", "entra-connect")


def named_forest(lab: Lab, profile: str, *, six: bool = False) -> Path:
    """Bravo, with everything that a machine behind a closed firewall has to know beforehand."""
    dc = lab.bravo
    both = (dc.address, dc.address6) if six else (dc.address,)
    addresses = [{"host": dc.host, "address": address} for address in both]
    keys = {"domain_controllers": addresses, "discover": False, "profiles": [profile]}
    return lab.forests_toml("bravo", bravo=keys)


@contextmanager
def applied(node: Node, text: str) -> Iterator[None]:
    """The generated file, on the router, as it is."""
    node.nft(text)
    try:
        yield
    finally:
        node.nft(f"delete {TABLE}")


def rules_of(node: Node) -> list[dict[str, Any]]:
    listed = json.loads(node.run("nft", "-j", "list", "table", "inet", "portcheck"))["nftables"]
    return [row["rule"] for row in listed if "rule" in row]


def opened(document: dict[str, Any]) -> set[Opened]:
    return {
        (source, destination, ports["transport"], ports["from"], ports["to"])
        for rule in document["rules"]
        for source in rule["sources"]
        for destination in rule["destinations"]
        for ports in rule["ports"]
    }


def states(run: Run) -> dict[tuple[str, str, str], str]:
    return {(c["address"], c["service"], c["transport"]): c["state"] for c in run.checks}


def request(lab: Lab, *arguments: str, config: Path | None = None) -> Run:
    run = lab.portcheck("request", *arguments, config=config)
    assert run.code == 0, run.stderr
    return run


@pytest.mark.parametrize("profile", PROFILES)
def test_what_request_asks_for_and_nothing_else_makes_check_all_well(lab: Lab, profile: str) -> None:
    config = named_forest(lab, profile, six=True)
    open_path = lab.portcheck("check", "--skip", "cloud", "-f", "json", config=config)
    with chain(lab.fw2, "forward", "policy drop;"):
        shut = lab.portcheck("check", "--skip", "cloud", "-f", "json", "--no-trace", config=config)
    assert shut.code == 1
    assert not {"ok", "open"} & set(states(shut).values())

    file = request(lab, "--all", "-f", "nftables", "--whole-policy", config=config).stdout
    with applied(lab.fw2, file):
        through = lab.portcheck("check", "--skip", "cloud", "-f", "json", config=config)
        assert states(through) == states(open_path)
        assert through.code == 0, through.stderr
        assert "ok" in set(states(through).values())
        found = request(lab, str(saved(lab, through)), "-f", "json")
    assert json.loads(found.stdout)["rules"] == []
    assert "is asked for" in found.stderr


@pytest.mark.parametrize("profile", PROFILES)
def test_each_rule_that_is_taken_out_is_named_again(lab: Lab, profile: str) -> None:
    config = named_forest(lab, profile)
    text = request(lab, "--all", "-f", "nftables", "--whole-policy", config=config).stdout
    everything = opened(json.loads(request(lab, "--all", "-f", "json", config=config).stdout))
    with applied(lab.fw2, text):
        taken_out = rules_of(lab.fw2)[1:]
    assert len(taken_out) > 1
    for number, rule in enumerate(taken_out):
        with applied(lab.fw2, text):
            handle = rules_of(lab.fw2)[number + 1]["handle"]  # the first is `established`
            lab.fw2.nft(f"delete rule inet portcheck forward handle {handle}")
            run = lab.portcheck("check", "--skip", "cloud", "-f", "json", config=config)
            report = str(saved(lab, run))
            missing = opened(json.loads(request(lab, report, "-f", "json").stdout))
            assert {transport for _, _, transport, _, _ in missing} == {transport_of(rule)}
            assert all(any(inside(one, wide) for wide in everything) for one in missing)
            lab.fw2.nft(request(lab, report, "-f", "nftables", "--into", "inet portcheck forward").stdout)
            repaired = lab.portcheck("check", "--skip", "cloud", "-f", "json", config=config)
            bad = [check for check in repaired.of("bravo") if check["verdict"] not in {"pass", "skip"}]
            assert bad == []  # skip: nothing proves that WinRM is offered here
            assert repaired.code == 0


def transport_of(rule: dict[str, Any]) -> str:
    matches = [part["match"]["left"].get("payload", {}) for part in rule["expr"] if "match" in part]
    return next(payload["protocol"] for payload in matches if payload.get("field") == "dport")


def inside(narrow: Opened, wide: Opened) -> bool:
    return narrow[:3] == wide[:3] and wide[3] <= narrow[3] and narrow[4] <= wide[4]


def saved(lab: Lab, run: Run) -> Path:
    path = lab.vantage.home / "run.json"
    path.write_text(run.stdout)
    return path


def test_a_blocked_port_is_asked_for_with_what_was_seen_and_a_refused_one_is_not(lab: Lab) -> None:
    config = lab.forests_toml("bravo", defaults={"profiles": ["mim"]})
    refused = reject(lab, lab.bravo, "445/tcp", how="tcp-reset", at=lab.bravo.node)
    with drop(lab, lab.bravo, "464"), reject(lab, lab.bravo, "636/tcp"), refused:
        run = lab.portcheck("check", "-4", "-f", "json", config=config)
    document = json.loads(request(lab, str(saved(lab, run)), "-f", "json").stdout)
    here, there = "10.77.0.10", lab.bravo.address
    assert opened(document) == {
        (here, there, "tcp", 464, 464),
        (here, there, "udp", 464, 464),
        (here, there, "tcp", 636, 636),
    }
    seen = {flow["from"]: flow["evidence"] for rule in document["rules"] for flow in rule["flows"]}
    assert "filtered" in seen[464]
    assert "10.77.100.2" in seen[464]
    assert "rejected" in seen[636]
    assert any("445/tcp" in words and "refused" in words for words in document["left_out"])


def test_behind_a_blocked_mapper_the_range_is_asked_for_and_behind_an_open_one_the_ports_seen(lab: Lab) -> None:
    config = lab.forests_toml("bravo", defaults={"profiles": ["mim"]})
    with drop(lab, lab.bravo, "135/tcp"):
        mapper = lab.portcheck("check", "-4", "-f", "json", config=config)
    with drop(lab, lab.bravo, "49152-65535/tcp"):
        dynamic = lab.portcheck("check", "-4", "-f", "json", config=config)
    document = json.loads(request(lab, str(saved(lab, mapper)), "-f", "json").stdout)
    assert {ports[3:] for ports in opened(document)} == {(135, 135), (49152, 65535)}
    assert "DCTcpipPort" in document["dynamic_rpc"]
    document = json.loads(request(lab, str(saved(lab, dynamic)), "-f", "json").stdout)
    ports = {check["port"] for check in dynamic.checks if check["service"].startswith("rpc-")}
    asked = {number for _, _, _, low, high in opened(document) for number in range(low, high + 1)}
    assert ports <= asked
    assert len(asked) < 20
    pinned = json.loads(request(lab, str(saved(lab, mapper)), "-f", "json", "--rpc-ports", "50000-50001").stdout)
    assert {ports[3:] for ports in opened(pinned)} == {(135, 135), (50000, 50001)}


def test_a_dead_host_is_a_question_and_a_wholly_silent_one_a_rule_with_a_caveat(lab: Lab) -> None:
    config = lab.forests_toml("bravo", defaults={"profiles": ["mim"]})
    known = named_forest(lab, "mim")
    with dead_host(lab, lab.bravo):
        dead = lab.portcheck("check", "-f", "json", config=known)
    document = json.loads(request(lab, str(saved(lab, dead)), "-f", "json").stdout)
    assert document["rules"] == []
    assert any("Is it up" in question for question in document["questions"])
    with drop(lab, lab.bravo):
        silent = lab.portcheck("check", "-f", "json", config=known)
    document = json.loads(request(lab, str(saved(lab, silent)), "-f", "json").stdout)
    assert {rule["check_first"] is None for rule in document["rules"]} == {False}
    assert config.exists()


def test_pcns_comes_from_the_domain_controllers(lab: Lab) -> None:
    config = named_forest(lab, "pcns")
    document = json.loads(request(lab, "--all", "-f", "json", config=config).stdout)
    assert opened(document) == {
        (lab.bravo.address, "10.77.0.10", "tcp", 135, 135),
        (lab.bravo.address, "10.77.0.10", "tcp", 49152, 65535),
    }


def test_on_a_router_without_state_the_file_brings_its_own_way_back(lab: Lab) -> None:
    config = named_forest(lab, "mim", six=True)
    file = request(lab, "--all", "--stateless", "-f", "nftables", "--whole-policy", config=config).stdout
    assert "ct state" not in file
    assert connects_back(lab, 50001)
    with applied(lab.fw2, file):
        through = lab.portcheck("check", "-f", "json", config=config)
        assert through.code == 0, through.stderr
        assert set(states(through).values()) == {"ok"}
        assert not [check for check in through.checks if check["facts"].get("fragments_lost")]
        assert not connects_back(lab, 50000)  # within the range whose answers pass


def connects_back(lab: Lab, own_port: int) -> bool:
    """Can something on the DC open a connection to the client from a service's port? Only its answers may pass."""
    listen = "import socket; s = socket.create_server(('10.77.0.10', 4711)); print('up', flush=True); s.accept()"
    call = (
        "import socket; s = socket.socket(); s.settimeout(3); "
        f"s.bind(('{lab.bravo.address}', {own_port})); s.connect(('10.77.0.10', 4711))"
    )
    with subprocess.Popen(
        lab.client.argv(sys.executable, "-c", listen), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "up\n"
        tried = subprocess.run(lab.bravo.node.argv(sys.executable, "-c", call), capture_output=True, timeout=30)
        server.kill()
    return tried.returncode == 0


def test_addresses_that_the_file_lacks_are_asked_of_dns_and_that_is_said(lab: Lab) -> None:
    run = request(lab, "--all", "bravo.test", "-4", "--profile", "ldap-app", "-f", "json")
    assert "asking DNS" in run.stderr
    assert {destination for _, destination, _, _, _ in opened(json.loads(run.stdout))} == {lab.bravo.address}
    with drop(lab, lab.bravo, "53", at=lab.fw1):
        silent = lab.portcheck("request", "--all", "bravo.test", "--dns", lab.bravo.address, "-4")
    assert silent.code == 2
    assert "no address of a domain controller is known" in silent.stderr
    assert len(silent.stderr.splitlines()) == 2
