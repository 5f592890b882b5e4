"""The demo runs the real job on embedded forests, and finds in each what was put there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="a silent TCP port on loopback needs Linux")


def demo(*more: str, where: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "portcheck", "demo", *more]
    surroundings = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, cwd=where, env=surroundings
    )


def faults(run: subprocess.CompletedProcess[str]) -> dict[str, list[str]]:
    """The codes of each forest's findings, but for those that only inform."""
    assert run.returncode == 0, run.stderr
    codes: dict[str, list[str]] = {}
    for finding in json.loads(run.stdout)["findings"]:
        if finding["severity"] != "info":
            codes.setdefault(finding["forest"], []).append(finding["code"])
    return codes


MEANT = {
    "passwords.example": ["kpasswd-blocked", "gc-blocked"],
    "clock.example": ["rpc-dynamic-blocked", "time-skew"],
}


@LINUX
def test_each_forest_of_the_demo_shows_its_fault_and_nothing_else() -> None:
    run = demo("-f", "json", "-q")
    assert faults(run) == MEANT
    report = json.loads(run.stdout)
    assert {c["state"] for c in report["checks"] if c["forest"] == "healthy.example"} == {"ok"}
    for c in report["checks"]:  # the port of every try, with the one that was answered
        assert len(set(c["facts"]["source_ports"])) == len(c["facts"]["source_ports"]) > 0, c["id"]
        assert c["state"] == "filtered" or c["facts"]["local_port"] in c["facts"]["source_ports"], c["id"]
    assert report["summary"]["exit_code"] == 1  # what a check of them would end with; the demo itself: 0
    assert "certificate-untrusted" not in {finding["code"] for finding in report["findings"]}


@LINUX
def test_two_demos_at_once_in_a_folder_with_a_broken_configuration(tmp_path: Path) -> None:
    (tmp_path / "forests.toml").write_text("this is no TOML", encoding="utf-8")
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: demo("-f", "json", where=tmp_path), range(2)))
    assert [faults(run) for run in both] == [MEANT, MEANT]


@LINUX
def test_the_demo_says_how_to_go_on() -> None:
    run = demo("--no-color")
    assert run.returncode == 0
    assert "portcheck check contoso.com" in run.stdout
    assert max(map(len, run.stdout.splitlines())) <= 80
    assert "Traceback" not in run.stderr
    assert "Exception" not in run.stderr


@LINUX
def test_the_end_of_the_screen_says_what_is_wrong_what_to_ask_for_and_what_the_ports_stand_for() -> None:
    words = " ".join(demo("--no-color").stdout.split())
    blocked = r"✖ passwords\.example dc1: ([0-9,+ a-z]+) blocked – passwords, Global Catalog(.*)"
    found = re.search(blocked, words)
    assert found, words
    some, end = found.groups()
    assert sorted(re.findall("[a-z+]+", some)) == ["tcp", "tcp+udp"]  # other ports than the usual where these are taken
    assert "✔ healthy.example all well" in end
    kpasswd, gc = (re.search(rf"([0-9]+) {each}(?:,|$)", some) for each in (r"tcp\+udp", "tcp"))
    assert kpasswd
    assert gc
    asked = r"ask 127\.0\.0\.1 → 127\.[0-9.]+ tcp ([0-9]+),([0-9]+) udp ([0-9]+); → 127\.[0-9.]+ tcp [0-9]+,[0-9]+"
    told = re.search(asked, end)
    assert told, end
    assert ({told[1], told[2]}, told[3]) == ({kpasswd[1], gc[1]}, kpasswd[1])
    assert "next" not in end.partition("These forests")[0]  # the run is not kept, and nothing of it can be watched
    assert "10464 stands for 464 (kpasswd), 13268 for 3268 (the Global Catalog)" in end
