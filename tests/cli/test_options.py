"""Options are fields: of one table each, whichever commands have them; those that are settings say which."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import pytest
import typer
from typer.testing import CliRunner

from portcheck.cli import app
from portcheck.cli.check_flags import CheckFlags
from portcheck.cli.options import Sets, settings_of, taking
from portcheck.config import ConfigError, FailOn, Settings, parse_duration

PACKAGE = Path(__file__).parents[2] / "portcheck"
SETS = {
    field: sets
    for field, hint in get_type_hints(CheckFlags, include_extras=True).items()
    for sets in getattr(hint, "__metadata__", ())
    if isinstance(sets, Sets)
}
ELSEWHERE = {"profiles", "site", "history_keep", "history_days", "cloud"}
"""Settings whose option works on the forests or the history, and those that only the file has."""


def test_each_setting_has_its_option_or_is_known_to_have_none() -> None:
    named = {sets.setting for sets in SETS.values()}
    settings = {field.name for field in fields(Settings)}
    assert named <= settings, f"portcheck/config/settings.py: no row for {named - settings}"
    assert named | ELSEWHERE == settings, f"portcheck/cli/check_flags.py: no option for {settings - named - ELSEWHERE}"


def test_each_setting_is_read_by_whom_it_is_for() -> None:
    """By a probe as `subject.settings.NAME`."""
    source = "".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py") if path.name != "settings.py")
    read = set(re.findall(r"\b(?:settings|given)\.(\w+)", source))
    unread = {field.name for field in fields(Settings)} - read
    assert unread == set(), f"portcheck/probes/, or wherever it is heeded: nobody reads settings.{', '.join(unread)}"


def test_an_option_is_called_as_its_field() -> None:
    command: Any = typer.main.get_command(app.build()).commands["check"]  # type: ignore[attr-defined]
    known = {option.name: option.opts for option in command.params}
    assert {name for name in SETS if f"--{name.replace('_', '-')}" not in known[name]} == set()
    assert set(known) == {field.name for field in fields(CheckFlags)}


def test_what_is_given_wins_and_what_is_not_is_left_alone() -> None:
    flags = replace(CheckFlags(), timeout="1500ms", attempts=7, fail_on=FailOn.WARN, trace=False)
    assert settings_of(flags) == {"timeout_s": 1.5, "attempts": 7, "fail_on": FailOn.WARN, "trace": False}
    assert settings_of(CheckFlags()) == {}


def test_a_mistake_is_said_with_the_options_name() -> None:
    with pytest.raises(ConfigError, match=r"^--answer-timeout: "):
        settings_of(replace(CheckFlags(), answer_timeout="soon"))


@dataclass(frozen=True)
class Own:
    every: Annotated[str, typer.Option("--every")] = "30s"
    name: Annotated[str, typer.Option("--name")] = "unit"


@dataclass(frozen=True)
class Shared:
    target: Annotated[list[str] | None, typer.Argument()] = None
    name: Annotated[str, typer.Option("--called")] = "shared"
    lock: Annotated[bool, typer.Option("--lock")] = False
    timeout: Annotated[str | None, typer.Option("--timeout"), Sets("timeout_s", parse_duration)] = None


def command(leave_out: tuple[str, ...] = ()) -> tuple[Callable[..., Any], list[object]]:
    seen: list[object] = []

    def do(context: typer.Context, own: Own, shared: Shared) -> int:
        seen[:] = own, shared, settings_of(shared)
        return 0

    made = typer.Typer()
    made.command()(taking(do, Own, Shared, leave_out=leave_out))
    return lambda *words: CliRunner().invoke(made, words), seen


def test_each_kind_is_given_what_is_its_own() -> None:
    call, seen = command()
    call("--every", "5s", "--name", "mine", "--lock", "--timeout", "2s", "here")
    assert seen == [Own("5s", "mine"), Shared(["here"], "shared", True, "2s"), {"timeout_s": 2.0}]


def test_what_is_left_out_or_called_alike_is_no_option_and_keeps_its_default() -> None:
    call, seen = command(leave_out=("lock", "every"))
    assert call("--lock").exit_code == 2
    assert call("--called", "x").exit_code == 2
    assert call("--every", "5s").exit_code == 0  # it is the command's own
    assert seen[:2] == [Own("5s"), Shared()]
