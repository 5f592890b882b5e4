"""deploy/prometheus and deploy/grafana: promtool takes them; tests/lab/test_prometheus.py runs them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from .prometheus import DEPLOY

PROMTOOL = shutil.which("promtool")
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
            text.replace("[10m]) == 0", "[4m]) == 0").replace("for: 5m", "for: 0m").replace(">= 2", ">= 1"),
            encoding="utf-8",
        )
    done = subprocess.run(["promtool", "test", "rules", "rules_test.yml"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "one bad round is none" in done.stdout + done.stderr


def test_the_dashboard_names_its_data_source_by_a_variable() -> None:
    board = json.loads((DEPLOY / "grafana" / "portcheck.json").read_text(encoding="utf-8"))
    assert {panel["datasource"]["uid"] for panel in board["panels"]} == {"${datasource}"}
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
