"""Completion in real zsh and fish: what is typed, and what the shell makes of it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from terminals import shown_until

from portcheck.cli import app, pages

ZSH, FISH = shutil.which("zsh"), shutil.which("fish")
CASES = [
    ("portcheck che", "check"),
    ("portcheck watch --unt", "--until"),
    ("portcheck config sh", "show"),
    ("portcheck config show --conf", "--config"),
]


def offered(typed: str, folder: Path) -> list[str]:
    script = folder / "portcheck.fish"
    script.write_text(pages.fish(app.build()), encoding="utf-8")
    told = subprocess.run(
        [str(FISH), "--no-config", "-c", f"source {script}; complete -C '{typed}'"],
        capture_output=True, text=True, check=True, cwd=folder,
        env={"HOME": str(folder), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
    )  # fmt: skip
    assert told.stderr == ""
    return [line.partition("\t")[0] for line in told.stdout.splitlines()]


@pytest.mark.skipif(FISH is None, reason="NOT TRIED: fish is not installed (Debian: apt install fish)")
@pytest.mark.parametrize(("typed", "completed"), CASES)
def test_fish_completes_commands_and_options(typed: str, completed: str, tmp_path: Path) -> None:
    assert offered(typed, tmp_path) == [completed]


@pytest.mark.skipif(FISH is None, reason="NOT TRIED: fish is not installed (Debian: apt install fish)")
def test_fish_offers_the_options_of_the_command_alone(tmp_path: Path) -> None:
    assert "--until" not in offered("portcheck check --", tmp_path)
    assert "--fail-on" in offered("portcheck check --", tmp_path)
    assert "--fail-on" not in offered("portcheck config check --", tmp_path)


@pytest.mark.skipif(ZSH is None, reason="NOT TRIED: zsh is not installed (Debian: apt install zsh)")
@pytest.mark.parametrize(("typed", "completed"), CASES)
def test_zsh_completes_commands_and_options(typed: str, completed: str, tmp_path: Path) -> None:
    import pty

    (tmp_path / "_portcheck").write_text(pages.zsh(app.build()), encoding="utf-8")
    setup = f"PS1='ready> '; fpath=({tmp_path} $fpath); autoload -Uz compinit; compinit -u -d {tmp_path}/dump\n"
    (tmp_path / ".zshrc").write_text(setup, encoding="utf-8")
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(tmp_path)
        os.execve(str(ZSH), ["zsh", "-i", "-d"], {"ZDOTDIR": str(tmp_path), "TERM": "dumb", "PATH": os.environ["PATH"]})
    shown_until(terminal, b"ready> ")
    os.write(terminal, typed.encode())
    shown_until(terminal, typed.encode())
    os.write(terminal, b"\t")
    rest = completed.removeprefix(typed.rpartition(" ")[2]) + " "
    shown = shown_until(terminal, rest.encode())
    os.write(terminal, b"\x15exit\r")
    shown_until(terminal, None)
    os.waitpid(pid, 0)
    os.close(terminal)
    assert shown.replace(b"\a", b"").decode() == rest
