"""One run against real domain controllers with a fault, written in every format and read back by its tool."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from junitparser import JUnitXml

from portcheck.render import FORMATS
from tests.lab import faults
from tests.lab.world import Lab


def test_every_format_tells_the_same_fault(lab: Lab) -> None:
    files = {name: lab.vantage.home / f"run.{name}" for name in FORMATS}
    pairs = [word for name, path in files.items() for word in ("-f", name, "-o", str(path))]
    with faults.drop(lab, lab.bravo, "464/tcp", "464/udp"):
        run = lab.check(*pairs, config=lab.forests_toml("alpha", "bravo", defaults={"profiles": ["mim"]}))
    assert run.code == 1
    told = {name: path.read_text(encoding="utf-8") for name, path in files.items()}
    failed = {check["id"] for check in json.loads(told["json"])["checks"] if check["verdict"] == "fail"}
    assert failed == {f"bravo.test/bdc1.bravo.test/{lab.bravo.address}/kpasswd/{way}/464" for way in ("tcp", "udp")}
    assert {row["id"] for row in csv.DictReader(told["csv"].splitlines()) if row["verdict"] == "fail"} == failed
    assert {suite.name: suite.failures for suite in JUnitXml.fromstring(told["junit"].encode())} == {
        "alpha.test": 0,
        "bravo.test": 2,
    }
    assert told["prometheus"].count('verdict="fail"} 1\n') == 2
    assert told["nagios"].startswith("PORTCHECK CRITICAL - bravo.test bdc1: 464 tcp+udp blocked")
    assert f"10.77.0.10 → {lab.bravo.address} tcp+udp 464" in _one_line(told["table"])
    for name in ("markdown", "html", "nagios", "junit"):
        assert f"allow tcp+udp 464 from 10.77.0.10 to {lab.bravo.address}" in _one_line(told[name])
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed: all but the metrics was read back")
    checked = subprocess.run(["promtool", "check", "metrics"], input=told["prometheus"], text=True, check=False)
    assert checked.returncode == 0


def _one_line(text: str) -> str:
    return " ".join(text.split())


def test_the_files_can_be_read_by_others(lab: Lab) -> None:
    """A node exporter runs as another user: the umask decides, not a temporary file's mode."""
    path = lab.vantage.home / "modes.prom"
    lab.check("-f", "prometheus", "-o", str(path), config=lab.forests_toml("alpha"))
    assert Path(path).stat().st_mode & 0o777 == 0o644
