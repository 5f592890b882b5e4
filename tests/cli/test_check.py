"""`portcheck check` at its entry: a quick version, and a bad forests file is one line before anything is sent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from portcheck import __version__
from portcheck.cli.app import run

BAD = sorted((Path(__file__).parents[1] / "config" / "bad").glob("*.toml"))
HEAVY = {"typer", "rich", "dns", "asyncio", "cryptography", "ldap3", "portcheck.cli", "portcheck.catalogue"}


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
