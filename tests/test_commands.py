"""A command is everywhere where users look for it; a missing place is named by its file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from portcheck.cli.app import COMMANDS, GROUPS, build, run

ROOT = Path(__file__).parents[1]
FILES = ROOT / "portcheck" / "commands"
TOLD_IN = ("README.md", "CHANGELOG.md")
ALL = {name: f"{name}.py" for name in (*COMMANDS, *GROUPS)}


def left_out(name: str, root: Path = ROOT) -> list[str]:
    """The files, from the root of the repository, that lack what a command needs."""
    told = re.compile(rf"(?:\bportcheck |^\| `){re.escape(name)}\b", re.MULTILINE)
    asked = re.compile(rf"""["'(\s]{re.escape(name)}["'\s]""")
    missing = [file for file in TOLD_IN if not told.search((root / file).read_text(encoding="utf-8"))]
    source = FILES / ALL.get(name, f"{name}.py")
    missing += [] if source.is_file() else [f"portcheck/commands/{source.name}"]
    own = re.compile(rf"test_{re.escape(name)}(?:_\w+)?\.py")
    tests = [
        file for file in (root / "tests").rglob("test_*.py") if own.fullmatch(file.name) or file.parent.name == name
    ]
    if not any(asked.search(file.read_text(encoding="utf-8")) for file in tests):
        missing.append(f"tests/cli/test_{name}.py")
    return missing


@pytest.mark.parametrize("name", ALL)
def test_no_place_lacks_a_command(name: str) -> None:
    missing = left_out(name)
    assert missing == [], f"a command, and not there, or not in it: {', '.join(missing)}"


def test_a_new_command_would_be_missed() -> None:
    assert left_out("frobnicate") == [
        "README.md",
        "CHANGELOG.md",
        "portcheck/commands/frobnicate.py",
        "tests/cli/test_frobnicate.py",
    ]


def test_the_help_lists_each_command_with_a_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    run(["--help"])
    shown = re.findall(r"^│ ([a-z]+) +(\S.*\.) *│$", capsys.readouterr().out, re.MULTILINE)
    assert {name for name, _ in shown} == set(ALL)


@pytest.mark.parametrize("name", ALL)
def test_each_command_has_help_of_its_own(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    assert f"portcheck {name}" in capsys.readouterr().out


def test_no_file_defines_a_command_that_nobody_can_call() -> None:
    """A function of the file's own name that says what it is for, as `app.py` wants it of each in `exitcodes.py`."""
    commands = {file.name for file in FILES.glob("[!_]*.py") if {file.stem, "command", "app"} & set(defined(file))}
    assert commands >= set(ALL.values())
    uncalled = commands - set(ALL.values())
    assert uncalled == set(), f"portcheck/exitcodes.py: no row in OWN for what stands in {', '.join(uncalled)}"


def defined(file: Path) -> Iterator[str]:
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        yield from (getattr(target, "id", "") for target in getattr(node, "targets", ()))
        if isinstance(node, ast.FunctionDef):
            yield node.name


def test_the_application_offers_what_the_table_names() -> None:
    app = build()
    offered = {command.name for command in app.registered_commands} | {group.name for group in app.registered_groups}
    assert offered == set(ALL)
