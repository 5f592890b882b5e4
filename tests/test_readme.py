"""The README shows commands that exist, with options that they have."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from portcheck.catalogue.profiles import built_in
from portcheck.cli.app import COMMANDS, GROUPS
from portcheck.cli.targets import known_services
from portcheck.config import load

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NAMES = "|".join((*(f"{group} [a-z]+" for group in GROUPS), *COMMANDS))
SHOWN = sorted(set(re.findall(rf"portcheck ({NAMES})\b", README)))


def say(*arguments: str) -> str:
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb"}
    command = [sys.executable, "-m", "portcheck", *arguments]
    run = subprocess.run(command, capture_output=True, text=True, timeout=180, check=True, env=environment)
    return "\n".join(line.rstrip() for line in run.stdout.splitlines()).strip("\n")


def test_every_option_that_is_shown_exists() -> None:
    shown = {
        (command, option)
        for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
        for command, rest in re.findall(r"portcheck (check|watch|plan|request|listen|schedule|explain) ?(.*)", block)
        for option in re.findall(r"(?<!\S)--?[a-z][a-z-]*", rest)
    }
    helps = {command: say(command, "--help") for command in {command for command, _ in shown}}
    assert len(shown) > 8
    assert {(command, option) for command, option in shown if option not in helps[command]} == set()


def test_what_is_installed_is_not_the_other_program_of_the_name() -> None:
    named = re.findall(r"pip(?:x|)?\S* install[^`\n]*", README)
    assert named
    assert not [words for words in named if re.search(r"(?<![/\w-])portcheck(?!-ad)(\[|'|$| )", words)]


@pytest.mark.parametrize("command", SHOWN)
def test_every_command_that_is_shown_exists(command: str) -> None:
    assert "Usage" in say(*command.split(), "--help")


def test_the_example_file_is_a_good_one() -> None:
    assert len(load(ROOT / "forests.example.toml", built_in(), known_services()).forests) == 3


def test_the_version_is_told_without_importing_anything_heavy() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "portcheck", "--version"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=180, check=True)
    imported = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines()}
    assert not imported & {"typer", "rich", "asyncio", "dns", "ssl", "ldap3", "cryptography"}
