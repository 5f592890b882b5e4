"""`portcheck history`, `--fail-on changed` and `diff` by number: a service that goes away between two runs."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from portcheck.cli.app import run


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTCHECK_STATE_DIR", str(tmp_path / "state"))


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def asked(tmp_path: Path, listener: socket.socket) -> list[str]:
    """A forest of one host and one extra port."""
    port = listener.getsockname()[1]
    (tmp_path / "forests.toml").write_text(
        f"""
[[forest]]
name = "alpha.test"
domain_controllers = [{{ host = "dc1.alpha.test", address = "127.0.0.1" }}]
discover = false
extra = [{{ name = "pcns", port = {port}, purpose = "PCNS" }}]
""",
        encoding="utf-8",
    )
    return ["check", "-c", str(tmp_path / "forests.toml"), "--only", f"{port}/tcp", "--no-color", "--timeout", "200ms"]


def test_the_first_run_has_nothing_to_compare_with(asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*asked, "--fail-on", "changed"]) == 0
    assert "nothing to compare with yet" in capsys.readouterr().err


def test_changed_is_1_only_when_something_changed(
    asked: list[str], listener: socket.socket, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = [*asked, "--fail-on", "changed"]
    assert run(asked) == 0
    assert run(changed) == 0
    listener.close()
    capsys.readouterr()
    assert run(changed) == 1
    said = capsys.readouterr().out
    assert "Changed since" in said
    assert "alpha.test: 1 check changed" in said
    assert run(changed) == 0  # still refused: bad, but as it was
    assert "Changed since" not in capsys.readouterr().out


def test_the_report_says_what_changed(
    asked: list[str], listener: socket.socket, capsys: pytest.CaptureFixture[str]
) -> None:
    run([*asked, "-f", "json"])
    first = json.loads(capsys.readouterr().out)
    assert first["compared"] is None
    listener.close()
    run([*asked, "-f", "json"])
    compared = json.loads(capsys.readouterr().out)["compared"]
    assert compared["since"] == first["started"]
    assert [(c["before"], c["after"], c["verdict_after"]) for c in compared["changes"]] == [("open", "refused", "fail")]


def test_another_selection_is_another_plan(asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(asked) == 0
    run([*asked, "--only", "ldap", "--fail-on", "changed"])
    assert "nothing to compare with yet" in capsys.readouterr().err


def test_the_history_tells_when_and_to_what(
    asked: list[str], listener: socket.socket, capsys: pytest.CaptureFixture[str]
) -> None:
    run(asked)
    run(asked)
    listener.close()
    run(asked)
    capsys.readouterr()
    assert run(["history", "--no-color"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("3 runs in")
    assert "✔✔✖  refused since" in said
    assert "(run 3)" in said
    assert run(["history", "--json"]) == 0
    (plan,) = json.loads(capsys.readouterr().out)["plans"]
    (check,) = plan["checks"]
    assert (check["state_before"], check["state"], check["verdicts"]) == ("open", "refused", ["pass", "pass", "fail"])
    assert check["since"] == plan["runs"][2]["started"]
    assert run(["history", "--accessible"]) == 0
    assert "✖" not in capsys.readouterr().out


def test_a_run_is_shown_again_and_compared_by_its_number(
    asked: list[str], listener: socket.socket, capsys: pytest.CaptureFixture[str]
) -> None:
    run([*asked, "-f", "json"])
    first = json.loads(capsys.readouterr().out)
    listener.close()
    run(asked)
    printed = capsys.readouterr().out
    assert run(["history", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == first
    assert run(["history", "last", "--no-color"]) == 0
    shown = capsys.readouterr().out
    assert shown.partition("\nnext ")[0] == printed.partition("\nnext ")[0]
    assert "watch" not in shown.partition("\nnext ")[2]  # what it was asked with is not known any more
    assert run(["diff", "1", "last"]) == 1
    assert "open → refused" in capsys.readouterr().out
    assert run(["diff", "2", "2"]) == 0


@pytest.mark.parametrize("word", ["99", "-1", "newest", "1.5", "9" * 30])
def test_a_run_that_is_not_there_is_one_line(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["history", word]) == 2
    said = capsys.readouterr()
    assert (said.out, len(said.err.splitlines())) == ("", 1)


def test_no_history_yet_says_how_to_get_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["history"]) == 0
    assert "portcheck check keeps them" in capsys.readouterr().out
    assert run(["history", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["plans"] == []
