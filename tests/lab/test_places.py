"""Three places behind different firewalls: who is blocked, where, and what is the host's own fault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.faults import drop
from tests.lab.places import BRANCH_GATEWAY, Places, findings, three_places
from tests.lab.world import Lab


@pytest.fixture(scope="module")
def places(lab: Lab) -> Iterator[Places]:
    with three_places(lab) as up:
        yield up


def merged(places: Places, folder: Path) -> dict[str, Any]:
    config = places.lab.forests_toml("alpha", defaults={"profiles": ["mim"]})
    reports = places.ask(folder, config, "--only", "ldap,kerberos,kpasswd,ldap-ping")
    run = places.lab.portcheck("merge", "-f", "json", *map(str, reports), env={"PYTHONUTF8": "1"})
    assert run.code in {0, 1}, run.stderr
    document = json.loads(run.stdout)
    assert isinstance(document, dict)
    return document


@pytest.fixture
def folder(lab: Lab) -> Path:
    path = lab.vantage.home / "reports"
    path.mkdir(exist_ok=True)
    path.chmod(0o755)
    return path


def test_where_nothing_is_broken_no_place_differs(places: Places, folder: Path) -> None:
    document = merged(places, folder)
    assert [v["name"] for v in document["vantages"]] == ["branch", "client", "dmz"]
    assert document["findings"] == []


def test_a_rule_that_one_firewall_drops_is_told_with_that_firewall(places: Places, folder: Path) -> None:
    with drop(places.lab, places.lab.alpha, "464", at=places.walls["branch"]):
        document = merged(places, folder)
    (finding,) = findings(document, "differs-by-vantage")
    assert "works from client, dmz, not from branch" in finding["title"]
    assert BRANCH_GATEWAY in finding["explanation"]
    assert BRANCH_GATEWAY in finding["fix"]
    assert "10.77.4.10" in finding["fix"]
    cells = [c for c in document["cells"] if c["service"] == "kpasswd"]
    assert {c["states"]["branch"] for c in cells} == {"filtered"}
    assert {c["states"][name] for c in cells for name in ("client", "dmz")} == {"ok"}
    assert findings(document, "same-everywhere") == []


def test_what_is_dropped_for_all_is_the_same_everywhere(places: Places, folder: Path) -> None:
    with drop(places.lab, places.lab.alpha, "464"):
        document = merged(places, folder)
    (finding,) = findings(document, "same-everywhere")
    assert "from all 3 places that asked (branch, client, dmz)" in finding["title"]
    assert findings(document, "differs-by-vantage") == []


def test_one_request_is_written_for_the_sources_that_are_blocked(places: Places, folder: Path) -> None:
    with drop(places.lab, places.lab.alpha, "464", at=places.walls["branch"]):
        document = merged(places, folder)
    path = folder.parent / "merged.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    run = places.lab.portcheck("request", str(path), "-f", "json")
    assert run.code == 0, run.stderr
    rules = json.loads(run.stdout)["rules"]
    assert {s for rule in rules for s in rule["sources"]} == {"10.77.4.10"}
    assert {(p["transport"], p["from"]) for rule in rules for p in rule["ports"]} == {("tcp", 464), ("udp", 464)}
