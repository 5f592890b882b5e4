"""The collection by real ansible-core over real sshd, from places behind different firewalls to one matrix."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lab.faults import drop
from tests.lab.places import BRANCH_GATEWAY, Places, findings, three_places
from tests.lab.world import Lab, why_not
from tests.lab.world import lab as bring_up

from .ansible import COLLECTION, Controller, controller, sshd

ADDRESSES = {"client": "10.77.0.10", "branch": "10.77.4.10", "dmz": "10.77.5.10"}


def why_no_ansible() -> str | None:
    if importlib.util.find_spec("ansible") is None:
        return "needs ansible-core (pip)"
    missing = [name for name in ("/usr/sbin/sshd", "ssh", "ssh-keygen") if shutil.which(name) is None]
    return f"needs {', '.join(missing)} (Debian: openssh-server, openssh-client)" if missing else why_not()


@pytest.fixture(scope="module")
def places() -> Iterator[Places]:
    if reason := why_no_ansible():
        pytest.skip(reason)
    with bring_up() as lab, three_places(lab) as up:
        yield up


@pytest.fixture
def ansible(places: Places, tmp_path: Path) -> Iterator[Controller]:
    lab: Lab = places.lab
    forests = lab.forests_toml("alpha", defaults={"profiles": ["mim"]})
    nodes = {name: vantage.node for name, vantage in places.vantages.items()}
    with sshd(nodes, tmp_path):
        yield controller(lab.client, tmp_path, ADDRESSES, forests)


def matrix(ansible: Controller) -> dict[str, Any]:
    document = json.loads((ansible.folder / "reports" / "matrix" / "matrix.json").read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def test_a_playbook_makes_the_matrix_and_fails_by_its_verdict(ansible: Controller, places: Places) -> None:
    planned = ansible.play("portcheck.ad.matrix", "--check", "-v", "--limit", "branch")
    assert not (ansible.folder / "on-branch" / "report.json").exists(), planned.stdout

    well = ansible.play("portcheck.ad.matrix", "-e", "portcheck_matrix_fail=true")
    assert well.returncode == 0, well.stdout + well.stderr
    assert [v["name"] for v in matrix(ansible)["vantages"]] == ["branch", "client", "dmz"]
    assert matrix(ansible)["findings"] == []

    with drop(places.lab, places.lab.alpha, "464", at=places.walls["branch"]):
        broken = ansible.play("portcheck.ad.matrix", "--diff")
        failing = ansible.play("portcheck.ad.matrix", "-e", "portcheck_matrix_fail=true")
    assert broken.returncode == 0, broken.stdout + broken.stderr
    assert "-alpha.test/dc1.alpha.test/10.77.1.10/kpasswd/tcp/464: ok, pass" in broken.stdout
    assert "+alpha.test/dc1.alpha.test/10.77.1.10/kpasswd/tcp/464: filtered, fail" in broken.stdout
    assert "changed=0" in broken.stdout.partition("dmz")[2]
    (finding,) = findings(matrix(ansible), "differs-by-vantage")
    assert BRANCH_GATEWAY in finding["explanation"]
    assert "<title>" in (ansible.folder / "reports" / "matrix" / "matrix.html").read_text(encoding="utf-8")
    assert failing.returncode == 2
    assert "not as expected from everywhere" in failing.stdout


def test_every_file_of_the_collection_is_yaml_and_its_variables_are_told() -> None:
    files = sorted(COLLECTION.rglob("*.yml"))
    assert len(files) > 8
    read = {file.name: yaml.safe_load(file.read_text(encoding="utf-8")) for file in files}
    assert all(read.values())
    defaults = yaml.safe_load((COLLECTION / "roles/check/defaults/main.yml").read_text(encoding="utf-8"))
    told = read["argument_specs.yml"]["argument_specs"]["main"]["options"]
    assert set(told) == set(defaults)


@pytest.mark.skipif(importlib.util.find_spec("ansiblelint") is None, reason="needs ansible-lint (pip)")
def test_ansible_lint_has_nothing_to_say(tmp_path: Path) -> None:
    place = tmp_path / "ansible_collections" / "portcheck" / "ad"
    shutil.copytree(COLLECTION, place)
    env = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    env |= {"ANSIBLE_COLLECTIONS_PATH": str(tmp_path), "ANSIBLE_HOME": str(tmp_path / "home"), "NO_COLOR": "1"}
    env["PATH"] = f"{Path(sys.executable).parent}:{env.get('PATH', '/usr/bin:/bin')}"
    lint = (sys.executable, "-m", "ansiblelint", "--offline")
    done = subprocess.run(lint, cwd=place, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (place / "playbooks" / "bad.yml").write_text("- hosts: all\n  tasks:\n    - shell: ls\n", encoding="utf-8")
    assert subprocess.run(lint, cwd=place, env=env, capture_output=True).returncode == 2
