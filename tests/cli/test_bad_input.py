"""Bad input is one line and exit 2, and nothing is sent."""

from __future__ import annotations

from pathlib import Path

import pytest
from systems import needs_full_device

from portcheck.cli.app import run
from portcheck.commands.check_portcheck import run as run_plugin

BAD = [
    ["chekc"],
    ["check", "--nope"],
    ["check", "contoso.com", "--profile", "mimm"],
    ["check", "contoso.com", "--only", "kpaswd"],
    ["check", "contoso.com", "--skip", "99999/tcp"],
    ["check", "contoso.com", "-f", "jason"],
    ["check", "contoso.com", "-4", "-6"],
    ["check", "contoso.com", "-f", "json", "-f", "jsonl"],
    ["check", "contoso.com", "-f", "json", "-o", "/nonexistent/folder/r.json"],
    ["check", "contoso.com", "-f", "json", "-o", "/"],
    ["check", "contoso.com", "--timeout", "soon"],
    ["check", "contoso.com", "--attempts", "0"],
    ["check", "contoso.com", "--source-ip", "here"],
    ["check", "contoso.com", "--rate", "-1"],
    ["check", "contoso.com", "--dns", "10.0.0.1:99999"],
    ["check", "contoso.com", "--dc", "not a host"],
    ["check", "contoso.com", "--proxy", "socks4://proxy.corp:1080"],
    ["check", "contoso.com", "--system", "dc=dc1.contoso.com"],
    ["check", "contoso.com", "--system", "mim"],
    ["check", "--profile", "entra-connect"],
    ["check", "contoso.com", "-f", "json", "-o", "x" * 300],
    ["check", "contoso.com", "--timeout", "0"],
    ["check", "contoso.com", "--only", ""],
    ["check", "contoso.com", "--only", ","],
    ["check", "contoso.com", "--concurrency", "9" * 30],
    ["check", "contoso.com", "--source-ip", "192.0.2.7"],
    ["check", "fe80::1"],
    ["check", "fe80::1%eth0"],
    ["check", "0.0.0.0"],
    ["check", "10.0.0.0/8"],
    ["check", "https://contoso.com/"],
    ["check", "a\x1b[31m.com"],
    ["check", "-c", "x" * 300],
    ["check", "-c", "/dev/zero"],
    ["check", "-c", "a\0b"],
    ["check", "nodots"],
    ["check", "two words.com"],
    ["check", "-c", "/nonexistent.toml"],
    ["check", "-c", "/"],
    ["config", "check", "-c", "/nonexistent.toml"],
    ["explain", "--report", "/nonexistent.json"],
    ["plan", "nodots"],
    ["plan", "contoso.com", "-f", "jsonl"],
    ["plan", "contoso.com", "-4", "-6"],
    ["plan", "contoso.com", "--report", "/etc/hostname"],
    ["request"],
    ["request", "/nonexistent.json"],
    ["request", "/etc/hostname"],
    ["request", "contoso.com"],
    ["request", "x" * 300],
    ["request", "a\nb\x1b[31m.json"],
    ["diff", "a\nb\u202e", "b"],
    ["explain", "--report", "a\x9b31m"],
    ["request", "--all", "a.json", "b.json"],
    ["request", "--all", "10.0.0.1", "-f", "cisko"],
    ["request", "--all", "10.0.0.1", "--source", "here"],
    ["request", "--all", "10.0.0.1", "--peer", "sink=10.0.0.2"],
    ["request", "--all", "10.0.0.1", "--peer", "sync=there"],
    ["request", "--all", "10.0.0.1", "--rpc-ports", "50003-50000"],
    ["request", "--all", "10.0.0.1", "--rpc-ports", "all"],
    ["request", "--all", "10.0.0.1", "--into", "inet filter forward; drop"],
    ["explain", "1722", "--report", "/etc/hostname"],
    ["watch", "contoso.com", "--until", "blocked:winrm"],
    ["watch", "contoso.com", "--only", "gc", "--until", "blocked:kpasswd"],
    ["watch", "contoso.com", "--skip", "464", "--until", "blocked:kpasswd"],
]


@pytest.mark.parametrize("arguments", BAD, ids=" ".join)
def test_a_mistake_is_one_line_and_exit_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert run(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("portcheck: ")
    assert len(said.err.splitlines()) == 1
    assert said.err.strip().isprintable()


NAMELESS = {
    ("check", "contoso.com", "-c", ""): "--config: names no file",
    ("check", "contoso.com", "-f", "csv", "-o", ""): "--output: names no file",
    ("check", "contoso.com", "--save", ""): "--save: names no file",
    ("check", "contoso.com", "--save", "."): "--save: . cannot be written to: is a directory; name a file",
    ("check", "contoso.com", "-o", "."): "--output: . cannot be written to: is a directory; name a file",
    ("config", "check", "-c", ""): "--config: names no file",
    ("schedule", "contoso.com", "--write", ""): "--write: names no folder",
    ("plan", "--report", ""): "--report: names no run",
    ("explain", "--log", ""): "--log: names no file",
}


@pytest.mark.parametrize(("arguments", "words"), NAMELESS.items(), ids=lambda one: " ".join(one))
def test_a_name_that_is_empty_is_not_this_folder_and_not_what_is_usual(
    arguments: tuple[str, ...],
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "forests.toml").write_text('[[forest]]\nname = "contoso.com"\n', encoding="utf-8")
    assert run(arguments) == 2
    assert capsys.readouterr() == ("", f"portcheck: {words}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["forests.toml"]


def test_a_folder_that_is_named_is_written_to(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["schedule", "contoso.com", "--for", "systemd", "--write", "."]) == 0
    assert "portcheck.timer" in {path.name for path in tmp_path.iterdir()}
    assert "--write" not in capsys.readouterr().err  # what it says of a closed home is another matter


@pytest.mark.parametrize("command", ["check", "plan", "watch"])
@pytest.mark.parametrize("narrowed", ["--only winrm", "--only kpasswd --skip 464", "--only 5000/tcp", "--only sql"])
def test_what_leaves_nothing_to_ask_is_said_before_dns_is_asked(
    command: str,
    narrowed: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert run([command, "contoso.com", *narrowed.split()]) == 2
    said = capsys.readouterr().err
    assert said.startswith("portcheck: --only, --skip: nothing is left to ask; mim asks for dns, ldap, ")
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        "contoso.com --only winrm --profile all",
        "contoso.com --only kpasswd/udp --skip kpasswd/tcp",
        "contoso.com --only cloud --profile entra-connect",
        "extra.test --only 5000/tcp",
        "10.0.0.1:5985 --only winrm",
        "10.0.0.1:10636 --only 10636/tcp",
        "gc://10.0.0.1:13268 --only gc",
        "10.0.0.0/30 --only 464/udp",
        "extra.test --only tcp",
        "extra.test contoso.com --only tcp",
        "extra.test --only mim --profile mim-service",
    ],
)
def test_what_leaves_something_to_ask_is_asked(
    arguments: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "forests.toml").write_text(
        '[[forest]]\nname = "extra.test"\n[[forest.extra]]\nname = "pcns"\nport = 5000\n', encoding="utf-8"
    )
    assert run(["plan", *arguments.split()]) == 0
    assert capsys.readouterr().err == ""


def test_no_command_shows_the_help_and_complains_of_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    said = capsys.readouterr()
    assert "Usage: portcheck" in said.out + said.err
    assert "portcheck:" not in said.out + said.err


def test_no_file_and_no_target_says_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert run(["check"]) == 2
    assert "forests.toml" in capsys.readouterr().err


@pytest.mark.parametrize(
    "bad", sorted((Path(__file__).parents[1] / "config" / "bad").glob("*.toml")), ids=lambda p: p.stem
)
def test_every_bad_file_is_one_line_for_the_whole_program(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "-c", str(bad)]) == 2
    said = capsys.readouterr()
    assert len(said.err.splitlines()) == 1
    assert "Traceback" not in said.err


def test_a_usage_error_of_the_plugin_is_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_plugin(["--nope"]) == 3
    assert capsys.readouterr().out.startswith("PORTCHECK UNKNOWN - ")


def test_the_plugin_says_what_it_found_and_exits_by_its_own_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_plugin(["127.0.0.1", "--only", "ldap", "--timeout", "100ms"]) == 2
    assert capsys.readouterr().out.startswith("PORTCHECK CRITICAL - ")


def test_an_unknown_error_suggests_and_exits_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "kerberos-no-logon-servr"]) == 1
    assert "kerberos-no-logon-server" in capsys.readouterr().err


@needs_full_device
def test_a_full_disk_is_a_line_and_loses_no_result(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["check", "127.0.0.1", "--only", "ldap", "--timeout", "100ms", "-q"]
    assert run(asked) == run([*asked, "--save", "/dev/full"])
    said = capsys.readouterr()
    assert said.out.count("127.0.0.1  389 tcp refused") == 2
    assert said.err.splitlines() == ["portcheck: /dev/full: cannot be written: No space left on device"]


def test_a_proxy_of_the_environment_that_cannot_be_asked_is_said_before_anything_is_sent(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "socks4://svc:secret@proxy.corp:1080")
    assert run(["check", "--profile", "graph"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("portcheck: HTTPS_PROXY: ")
    assert "secret" not in said.err
    assert len(said.err.splitlines()) == 1
