"""Whole runs of the program against real controllers behind two firewalls, diagnosed again from their files.

Recorded in the lab; left out of the files are the findings of the day and the timelines of checks that passed.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from portcheck.diagnose import diagnose
from portcheck.report import to_json

RUNS = Path(__file__).parent / "runs"
WELL = ["forest-ok"]

EXPECTED = {
    "healthy": {"alpha": WELL, "bravo": WELL, "charlie": WELL},
    "founding": {
        "alpha": WELL,
        "bravo": ["kpasswd-blocked"],
        "charlie": ["kpasswd-blocked", "gc-blocked", "gc-tls-blocked"],
    },
    "dead-host": {"alpha": WELL, "bravo": ["host-unreachable"]},
    "tcp-lost": {"alpha": WELL, "bravo": ["one-way-path"], "charlie": WELL},
    "silent-389-udp": {"alpha": WELL, "bravo": ["dc-locator-blocked"], "charlie": WELL},
    "rejected-464": {"alpha": WELL, "bravo": ["kpasswd-blocked", "explicit-reject"], "charlie": WELL},
    "dynamic-rpc": {"alpha": WELL, "bravo": ["rpc-dynamic-blocked"], "charlie": WELL},
    "stopped-kdc": {"alpha": WELL, "bravo": ["service-down"], "charlie": WELL},
    "translated-to-another-forest": {"alpha": WELL, "bravo": ["wrong-forest"], "charlie": WELL},
}


def test_each_recorded_run_is_expected_to_say_something() -> None:
    assert {path.stem for path in RUNS.glob("*.json")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_recorded_run_gives_its_findings_again(name: str) -> None:
    report = to_json.load(RUNS / f"{name}.json")
    told: dict[str, list[str]] = {}
    for finding in diagnose(report):
        told.setdefault(finding.forest.removesuffix(".test"), []).append(finding.code)
    assert told == EXPECTED[name]


def test_the_founding_run_says_what_to_ask_for() -> None:
    findings = diagnose(to_json.load(RUNS / "founding.json"))
    bravo = next(finding for finding in findings if finding.forest == "bravo.test")
    assert bravo.errors == ("kerberos-no-logon-server",)
    assert bravo.fix == "Ask the firewall team: allow tcp+udp 464 from 10.77.0.10 to 10.77.2.10 (bdc1.bravo.test)."
    assert "last heard: 10.77.100.2 (hop 2); 10.77.100.2 itself or something up to the host" in bravo.evidence
