"""The entry points: a quick version, and the forests file checked and shown."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from portcheck import __version__
from portcheck.cli.app import run
from portcheck.commands.config import targets

BAD = sorted((Path(__file__).parents[1] / "config" / "bad").glob("*.toml"))
HEAVY = {"typer", "rich", "dns", "asyncio", "cryptography", "ldap3", "portcheck.cli", "portcheck.catalogue"}
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


def program(*arguments: str, flags: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *flags, "-m", "portcheck", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)


def test_the_version_is_told_without_importing_anything_heavy() -> None:
    told = program("--version", flags=("-X", "importtime"))
    assert told.stdout == f"portcheck {__version__}\n"
    imported = {line.rsplit("|", 1)[-1].strip() for line in told.stderr.splitlines()}
    assert "portcheck" in imported
    assert imported & HEAVY == set()


@pytest.mark.parametrize("bad", BAD[:: max(1, len(BAD) // 8)], ids=lambda path: path.stem)
def test_a_bad_file_is_one_line_of_the_real_program_too(bad: Path) -> None:
    told = program("check", "-c", str(bad))
    assert (told.returncode, told.stdout) == (2, "")
    assert len(told.stderr.splitlines()) == 1
    assert told.stderr.startswith("portcheck: ")


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


@pytest.mark.parametrize("bad", BAD, ids=lambda path: path.stem)
def test_config_check_finds_what_check_finds(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "-c", str(bad)]) == 2
    said = capsys.readouterr().err
    assert run(["config", "check", "-c", str(bad)]) == 2
    assert capsys.readouterr().err == said


def test_a_bad_file_sends_nothing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> int:
        raise AssertionError("the run was begun")

    monkeypatch.setattr("portcheck.commands.check.asked", never)
    for bad in BAD:
        assert run(["check", "-c", str(bad)]) == 2
