"""A real Prometheus scrapes a real forest through `portcheck serve`, calls when a path is blocked, feeds Grafana."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from factories import check, outcome, report

from portcheck.model import Report, Vantage
from portcheck.report import to_json
from tests.deploy.prometheus import DEPLOY, Prometheus, running, short
from tests.lab.faults import drop
from tests.lab.world import Lab

pytestmark = pytest.mark.skipif(shutil.which("promtool") is None, reason="needs Prometheus (Debian: prometheus)")
FOREST = "alpha.test"
PATHS = {("dc1.alpha.test", "464", "tcp"), ("dc1.alpha.test", "464", "udp")}


@pytest.fixture
def folder(lab: Lab, tmp_path: Path) -> Iterator[Path]:
    """Where Prometheus keeps its files, while the exporter serves the forest and one report of another place."""
    reports = lab.vantage.home / "other-places"
    reports.mkdir()
    to_json.save(reports / "branch.json", branch())
    quick = {"profiles": ["mim"], "timeout": "1s", "answer_timeout": "1s", "attempts": 1, "trace": False}
    config = lab.forests_toml("alpha", defaults=quick)
    log = tmp_path / "serve.log"
    serve = ("-m", "portcheck", "serve", "-c", str(config), "--reports", str(reports))
    exporter = lab.client.start(str(lab.vantage.enter), sys.executable, *serve, log=log)
    try:
        until_it_serves(exporter, log)
        yield tmp_path
    finally:
        exporter.terminate()
        exporter.wait(30)
        shutil.rmtree(reports)


def branch() -> Report:
    """What another place said just now."""
    told = (
        outcome(check("ldaps/tcp"), facts={"certificate_not_after": "2031-01-01T00:00:00Z"}),
        outcome(check("kerberos/tcp"), facts={"clock_skew_s": 0.4}),
    )
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return report(*told, vantage=Vantage("branch", "linux", ("10.78.9.9",)), started=now)


def until_it_serves(exporter: subprocess.Popen[bytes], log: Path) -> None:
    while "serving" not in log.read_text(encoding="utf-8"):
        with suppress(subprocess.TimeoutExpired):
            exporter.wait(0.2)
            raise AssertionError(log.read_text(encoding="utf-8"))


def test_prometheus_calls_when_a_path_is_blocked_and_every_panel_has_something_to_show(lab: Lab, folder: Path) -> None:
    with running(lab.client, folder) as prometheus:
        success = f'portcheck_check_success{{forest="{FOREST}",port="464"}}'
        prometheus.until(lambda: [row["value"][1] for row in prometheus.query(success)] == ["1", "1"])
        assert "PortcheckPathBlocked" not in prometheus.firing()
        with drop(lab, lab.alpha, "464"):
            prometheus.until(lambda: blocked(prometheus) == PATHS)
            assert "PortcheckForestNotAsExpected" in prometheus.firing()
            assert without_an_answer(prometheus) == []
        prometheus.until(lambda: "PortcheckPathBlocked" not in prometheus.firing())
        assert not {"PortcheckExporterGone", "PortcheckConfigBroken"} & prometheus.firing()


def blocked(prometheus: Prometheus) -> set[tuple[str, str, str]]:
    rows = prometheus.query('ALERTS{alertname="PortcheckPathBlocked",alertstate="firing"}')
    return {(row["metric"]["host"], row["metric"]["port"], row["metric"]["transport"]) for row in rows}


def without_an_answer(prometheus: Prometheus) -> list[str]:
    """Queries of the dashboard that show nothing over the last minute."""
    return [query for query in grafana_queries() if not prometheus.query(f"last_over_time(({query})[60s:1s])")]


def grafana_queries() -> list[str]:
    board = json.loads((DEPLOY / "grafana" / "portcheck.json").read_text(encoding="utf-8"))
    found = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    return [
        short(q.replace("$forest", ".*").replace("$__rate_interval", "60s")).replace("[60s]", "[30s]") for q in found
    ]
