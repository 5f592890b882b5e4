"""Help by topic, the manual page and completion of the same texts; a run by its name wherever one is taken."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from portcheck.cli import app, pages
from portcheck.cli.app import COMMANDS, GROUPS, everywhere, run
from portcheck.exitcodes import EXAMPLES, OWN, PLUGIN
from portcheck.report import to_json

BASH = shutil.which("bash")
WORDS = ("filtered", "fail", "kpasswd-blocked", "mim", "kpasswd", "1722", "kerberos-no-logon-server")


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two runs of one port that refuses, in a history of their own; the folder they were made in."""
    monkeypatch.setenv("PORTCHECK_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        for name in ("first.json", "second.json"):
            assert run(["check", "127.0.0.1", "--only", "ldap", "--timeout", "200ms", "-o", name]) == 1
    return tmp_path


def test_every_command_takes_a_run_by_file_number_and_last(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    for word in ("first.json", "1", "last"):
        assert run(["report", word, "-f", "json"]) == 0
        assert json.loads(capsys.readouterr().out)["schema"] == "portcheck.report/1"
        assert run(["explain", "--report", word]) == 0
        assert run(["explain", "winsock-10061", "--report", word]) == 0
        assert run(["plan", "127.0.0.1", "--report", word]) == 0
        assert run(["request", word]) == 0
        assert run(["diff", word, "2"]) == 0
        assert run(["history", word]) == 0
        capsys.readouterr()


def test_a_plan_of_a_run_needs_no_forests_file(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(["plan", "127.0.0.1", "--report", "last", "-f", "csv"]) == 0
    named = capsys.readouterr().out
    assert run(["plan", "--report", "last", "-f", "csv"]) == 0
    assert capsys.readouterr().out == named
    (kept / "forests.toml").write_text('[[forest]]\nname = "alpha.test"\n', encoding="utf-8")
    assert run(["plan", "--report", "last", "-f", "csv"]) == 0
    assert "alpha.test" in capsys.readouterr().out


def test_a_request_without_arguments_is_of_the_last_run(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    started = to_json.load(kept / "second.json").started
    capsys.readouterr()
    assert run(["request"]) == 0
    assert started in capsys.readouterr().out


def test_where_no_run_is_kept_a_request_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORTCHECK_STATE_DIR", str(tmp_path))
    assert run(["request"]) == 2
    assert "no run is kept; name a report" in capsys.readouterr().err


def test_a_report_takes_the_format_of_its_files_suffix(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", "-o", "a.md", "-o", "b.html"]) == 0
    assert (kept / "a.md").read_text(encoding="utf-8").startswith("# portcheck from")
    assert (kept / "b.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert run(["report", "-o", "a.pdf"]) == 2
    assert not (kept / "a.pdf").exists()
    capsys.readouterr()


def test_the_explanation_of_an_error_ends_with_what_the_run_comes_to(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    run(["explain", "winsock-10061", "--report", "last"])
    last = capsys.readouterr().out.rstrip().rpartition("\n\n")[2]
    said, asked = last.splitlines()[:2]
    assert said == "✖ 127.0.0.1  389 tcp refused – the service does not run"
    assert asked.startswith("ask  127.0.0.1 is this machine itself")


@pytest.mark.parametrize(
    "word", ["filtered", "fail", "kpasswd-blocked", "mim", "kpasswd", "1722", "kerberos-no-logon-server"]
)
def test_help_explains_our_words(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["help", word]) == 0
    assert word.split("-")[0] in capsys.readouterr().out


def test_help_of_a_command_is_its_own_help_and_of_nothing_known_is_1(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["check"], ["config", "check"]):
        assert run(["help", *words]) == run([*words, "--help"]) == 0
        said = capsys.readouterr().out
        assert said[: len(said) // 2] == said[len(said) // 2 :]
    assert run(["help", "no-such-word-at-all"]) == 1


def test_every_command_has_examples_that_name_it_and_only_options_that_it_has() -> None:
    known = pages.commands(app.build())
    assert set(EXAMPLES) == set(OWN) - {PLUGIN} == set(known)
    for name, lines in EXAMPLES.items():
        options = {opt for one in known[name].params for opt in (*one.opts, *one.secondary_opts)}
        for line in lines:
            assert line.startswith(f"portcheck {name}")
            assert {word for word in line.split() if word.startswith("-")} <= options


def test_a_mistake_points_to_the_commands_own_help(capsys: pytest.CaptureFixture[str]) -> None:
    for words, where in ((["check", "--nope"], "check"), (["config", "show", "x", "y"], "config show")):
        assert run(words) == 2
        assert f"(see portcheck {where} --help)" in capsys.readouterr().err


OF_THE_LIBRARY = {"", "TEXT", "INTEGER", "FLOAT", "PATH", "BOOLEAN", "FILENAME", "DIRECTORY"}
DURATIONS = ("--timeout", "--answer-timeout", "--deadline", "--every", "--idle", "--stale")
HOSTS = ("--dc", "--dns")


def test_an_option_says_in_a_whole_word_what_it_takes() -> None:
    """A time is a DURATION and a machine a HOST in every command; no type of the library shows."""
    seen: dict[str, set[str]] = {}
    for path, command in _commands(typer.main.get_command(app.build()), ()):
        for option in command.params:
            if option.param_type_name == "option" and not option.is_flag and not getattr(option, "count", False):
                word = option.metavar or "|".join(getattr(option.type, "choices", ()))
                assert word.split(" ")[0] not in OF_THE_LIBRARY, (path, option.opts, word)
                seen.setdefault(option.opts[-1], set()).add(word)
    assert {name: seen[name] for name in DURATIONS if name in seen} == {n: {"DURATION"} for n in DURATIONS if n in seen}
    assert len(seen.keys() & {*DURATIONS}) > 4
    assert all(word.startswith("HOST") for name in HOSTS for word in seen[name])


def _commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from _commands(inner, (*path, name))


@pytest.mark.skipif(BASH is None, reason="needs bash")
@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("portcheck che", ["check"]),
        ("portcheck watch --unt", ["--until"]),
        ("portcheck config sh", ["show"]),
        ("portcheck config show --conf", ["--config"]),
    ],
)
def test_bash_completes_without_starting_the_program(typed: str, completed: list[str], tmp_path: Path) -> None:
    script = tmp_path / "completion"
    script.write_text(pages.bash(app.build()), encoding="utf-8")
    words = typed.split()
    quoted = " ".join(f"'{word}'" for word in words)
    show = "printf '%s\\n' \"${COMPREPLY[@]}\""
    lines = f". {script}; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _portcheck; {show}"
    told = subprocess.run([str(BASH), "-c", lines], capture_output=True, text=True, check=True, env={"PATH": ""})
    assert told.stdout.split() == completed


def test_the_manual_page_has_every_command_and_option_and_no_letter_of_it_is_an_order() -> None:
    page = pages.man(app.build())
    for name, command in pages.commands(app.build()).items():
        assert f".SS portcheck {name}\n" in page
        for option in command.params:
            if option.param_type_name == "option":
                assert max(option.opts, key=len).replace("-", "\\-") in page
    assert {name.partition(" ")[0] for name in pages.commands(app.build())} == {*COMMANDS, *GROUPS}
    orders = {line.split(" ")[0] for line in page.splitlines() if line.startswith((".", "'"))}
    assert orders <= {".TH", ".SH", ".SS", ".TP", ".PP", ".B", ".I"}


def test_flags_of_every_command_may_stand_anywhere_and_leave_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    assert everywhere(["--no-color", "sid", "--", "--accessible"]) == ["sid", "--", "--accessible"]
    assert os.environ.pop("NO_COLOR") == "1"
    assert "PORTCHECK_ACCESSIBLE" not in os.environ
    assert run(["--accessible", "sid", "S-1-5-32-544", "--no-color"]) == 0
    assert not {"NO_COLOR", "PORTCHECK_ACCESSIBLE"} & set(os.environ)


def test_the_old_name_of_credentials_still_works(capsys: pytest.CaptureFixture[str]) -> None:
    for flag in ("--credentials", "--bind"):
        assert run(["check", "127.0.0.1", flag, "--proxy", "socks5://127.0.0.1:9"]) == 2
        assert "--credentials signs in straight" in capsys.readouterr().err
