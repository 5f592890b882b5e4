"""`portcheck config check` and `show`: the forests file checked, and what it amounts to."""

from __future__ import annotations

from pathlib import Path

import pytest

from portcheck.catalogue.profiles import built_in
from portcheck.cli.app import run
from portcheck.cli.targets import known_services
from portcheck.commands.config import targets
from portcheck.config import load

EXAMPLE = """
[defaults]
timeout = "3s"
[[forest]]
name = "alpha.test"
dns = ["10.77.1.10", "[2001:db8::1]:5353"]
domain_controllers = ["dc1.alpha.test", { host = "dc2.alpha.test", address = "10.77.1.11" }]
site = "Head-Office"
expect = { smb = "closed" }
ports = { kerberos = 10088 }
[[forest.extra]]
name = "pcns"
port = 5000
transport = "tcp"
[[forest.system]]
role = "sql"
host = "sql1.alpha.test"
port = 14330
"""


@pytest.fixture
def forests(tmp_path: Path) -> str:
    path = tmp_path / "forests.toml"
    path.write_text(EXAMPLE, encoding="utf-8")
    return str(path)


def test_a_good_file_is_good(forests: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "check", "-c", forests]) == 0
    assert capsys.readouterr().out == f"{forests}: good, 1 forest\n"


def test_the_effective_settings_are_shown(forests: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "show", "-c", forests]) == 0
    shown = {" ".join(line.split()) for line in capsys.readouterr().out.splitlines()}
    assert shown >= {
        "timeout 3s",
        "attempts 3",
        "forest alpha.test",
        "controllers dc1.alpha.test, dc2.alpha.test (10.77.1.11)",
        "discovery no",
        "site Head-Office",
        "expect smb closed",
        "ports kerberos 10088",
        "extra pcns 5000/tcp",
        "systems sql sql1.alpha.test:14330",
        "proxy as the environment says (HTTPS_PROXY, NO_PROXY)",
    }


def test_the_defaults_are_shown_without_a_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "find", lambda *_: None)
    assert run(["config", "show"]) == 0
    assert "none (see forests.example.toml)" in capsys.readouterr().out


def test_a_first_forests_file_is_a_good_one_and_overwrites_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["config", "init", "alpha.test", "bravo.test"]) == 0
    read = load(tmp_path / "forests.toml", built_in(), known_services())
    assert [forest.name for forest in read.forests] == ["alpha.test", "bravo.test"]
    assert run(["config", "init"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert run(["config", "init", "10.0.0.1", "-o", "other.toml"]) == 2
