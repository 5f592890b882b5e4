"""The demo runs the real job on embedded forests, and finds in each what was put there."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="a silent TCP port on loopback needs Linux")


def demo(*more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "portcheck", "demo", *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@LINUX
def test_each_forest_of_the_demo_shows_its_fault_and_nothing_else() -> None:
    run = demo("-f", "json", "-q")
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    codes: dict[str, list[str]] = {}
    for finding in report["findings"]:
        if finding["severity"] != "info":
            codes.setdefault(finding["forest"], []).append(finding["code"])
    assert codes == {
        "passwords.example": ["kpasswd-blocked", "gc-blocked"],
        "clock.example": ["rpc-dynamic-blocked", "time-skew"],
    }
    states = {c["state"] for c in report["checks"] if c["forest"] == "healthy.example"}
    assert states == {"ok"}


@LINUX
def test_the_demo_says_how_to_go_on() -> None:
    run = demo("--no-color")
    assert "portcheck check contoso.com" in run.stdout
    assert "Traceback" not in run.stderr
