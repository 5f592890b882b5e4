"""deploy/prometheus and deploy/grafana: promtool takes them, and a real Prometheus calls when a path is blocked."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from factories import check, outcome, report

from portcheck.model import Vantage
from portcheck.report import to_json
from tests.lab.node import Node, address, link, run
from tests.lab.rules import chain
from tests.lab.world import why_not

from .prometheus import DEPLOY, Prometheus, running, short

PROMTOOL = shutil.which("promtool")
FOREST = "alpha.test"
HOST = "10.78.1.2"
PORT = 5000
needs_prometheus = pytest.mark.skipif(PROMTOOL is None, reason="needs Prometheus (Debian: prometheus)")


@needs_prometheus
def test_promtool_takes_the_configuration_and_the_rules_do_what_they_say() -> None:
    folder = DEPLOY / "prometheus"
    for words in (
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "rules.yml"),
        ("test", "rules", "rules_test.yml"),
    ):
        done = subprocess.run(["promtool", *words], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@needs_prometheus
def test_a_rule_that_is_loosened_is_noticed(tmp_path: Path) -> None:
    for name in ("rules.yml", "rules_test.yml"):
        text = (DEPLOY / "prometheus" / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(
            text.replace("[10m]) == 0", "[4m]) == 0").replace("for: 5m", "for: 0m"), encoding="utf-8"
        )
    done = subprocess.run(["promtool", "test", "rules", "rules_test.yml"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "one bad round is none" in done.stdout + done.stderr


@dataclass(frozen=True, slots=True)
class Site:
    """Who asks, with Prometheus beside it, and the host that is asked."""

    here: Node
    there: Node
    folder: Path


@contextmanager
def two_machines(folder: Path) -> Iterator[Site]:
    token = secrets.token_hex(3)
    here, there = (
        Node(name, f"pcprom-{token}-{name}", hook) for name, hook in (("here", "output"), ("there", "input"))
    )
    try:
        for node in (here, there):
            node.create()
        link(here, "eth0", there, "eth0")
        address(here, "eth0", "10.78.1.1/24")
        address(there, "eth0", f"{HOST}/24")
        yield Site(here, there, folder)
    finally:
        for node in (here, there):
            run("ip", "netns", "del", node.netns)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    if reason := why_not():
        pytest.skip(reason)
    (tmp_path / "forests.toml").write_text(
        '[profiles.bare]\n[[profiles.bare.check]]\nservice = "ldap"\ntransport = "tcp"\nneed = "optional"\n'
        'operation = "sync"\nwhy = "test"\nsource = "own"\n'
        f'[defaults]\nprofiles = ["bare"]\ntimeout = "1s"\nattempts = 1\n'
        f'[[forest]]\nname = "{FOREST}"\ndiscover = false\n'
        f'domain_controllers = [{{ host = "dc1.{FOREST}", address = "{HOST}" }}]\n'
        f'[[forest.extra]]\nname = "pcns"\nport = {PORT}\ntransport = "tcp"\npurpose = "PCNS"\n',
        encoding="utf-8",
    )
    (tmp_path / "reports").mkdir()
    told = (
        outcome(check("ldaps/tcp"), facts={"certificate_not_after": "2031-01-01T00:00:00Z"}),
        outcome(check("kerberos/tcp"), facts={"clock_skew_s": 0.4}),
    )
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    branch = report(*told, vantage=Vantage("branch", "linux", ("10.78.9.9",)), started=now)
    to_json.save(tmp_path / "reports" / "branch.json", branch)
    with two_machines(tmp_path) as up:
        listening = f"import socket\ns = socket.create_server(('{HOST}', {PORT}))\nheld = []\n"
        listening += "while True: held.append(s.accept())"
        exporter = (
            "-m",
            "portcheck",
            "serve",
            "-c",
            str(tmp_path / "forests.toml"),
            "--reports",
            str(tmp_path / "reports"),
        )
        programs = [
            up.there.start(sys.executable, "-c", listening, log=tmp_path / "listening.log"),
            up.here.start(sys.executable, *exporter, log=tmp_path / "serve.log"),
        ]
        try:
            _wait_for_word(programs[1], tmp_path / "serve.log")
            yield up
        finally:
            for one in programs:
                one.terminate()
                one.wait(30)


def _wait_for_word(program: subprocess.Popen[bytes], log: Path) -> None:
    while "serving" not in log.read_text(encoding="utf-8"):
        with suppress(subprocess.TimeoutExpired):
            program.wait(0.2)
            raise AssertionError(log.read_text(encoding="utf-8"))


def grafana_queries() -> list[str]:
    board = json.loads((DEPLOY / "grafana" / "portcheck.json").read_text(encoding="utf-8"))
    found = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    return [
        short(q.replace("$forest", ".*").replace("$__rate_interval", "60s")).replace("[60s]", "[30s]") for q in found
    ]


@needs_prometheus
def test_prometheus_calls_when_a_path_is_blocked_and_every_panel_has_something_to_show(site: Site) -> None:
    with running(site.here, site.folder) as prometheus:
        success = f'portcheck_check_success{{forest="{FOREST}",port="{PORT}"}}'
        prometheus.until(lambda: [row["value"][1] for row in prometheus.query(success)] == ["1"])
        assert "PortcheckPathBlocked" not in prometheus.firing()
        with chain(site.there, "input", f"tcp dport {PORT} drop"):
            prometheus.until(lambda: "PortcheckPathBlocked" in prometheus.firing())
            assert "PortcheckForestNotAsExpected" in prometheus.firing()
            (row,) = prometheus.query('ALERTS{alertname="PortcheckPathBlocked"}')
            assert (row["metric"]["host"], row["metric"]["port"]) == (f"dc1.{FOREST}", str(PORT))
            empty = _without_an_answer(prometheus)
            assert empty == []
        prometheus.until(lambda: "PortcheckPathBlocked" not in prometheus.firing())
        assert not {"PortcheckExporterGone", "PortcheckConfigBroken"} & prometheus.firing()


def _without_an_answer(prometheus: Prometheus) -> list[str]:
    """Queries of the dashboard that show nothing over the last minute."""
    return [query for query in grafana_queries() if not prometheus.query(f"last_over_time(({query})[60s:1s])")]


def test_the_dashboard_names_its_data_source_by_a_variable() -> None:
    board = json.loads((DEPLOY / "grafana" / "portcheck.json").read_text(encoding="utf-8"))
    assert {panel["datasource"]["uid"] for panel in board["panels"]} == {"${datasource}"}
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
