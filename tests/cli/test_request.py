"""`portcheck request` and `plan` as the user meets them: stdout, files, stderr, and the exit code."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from portcheck.cli.app import run
from portcheck.model.libraries import how_to_get
from portcheck.report import to_json
from tests.factories import check, outcome, report

FORESTS = """
[[forest]]
name = "alpha.test"
dns = ["192.0.2.10"]
domain_controllers = [{ host = "dc1.alpha.test", address = "192.0.2.10" }]
"""


@pytest.fixture
def forests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "forests.toml"
    path.write_text(FORESTS)
    return path


def saved(tmp_path: Path, *states: str) -> str:
    path = tmp_path / "run.json"
    services = ("kpasswd/tcp", "kpasswd/udp", "kerberos/tcp")
    seen = [outcome(check(name), state) for name, state in zip(services, states, strict=False)]
    to_json.save(path, report(outcome("ldap/tcp"), *seen))
    return str(path)


def test_a_report_gives_the_ticket_on_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["request", saved(tmp_path, "filtered", "filtered")]) == 0
    said = capsys.readouterr()
    assert "| R1 | 10.77.0.10 | 10.77.1.1 (dc1.alpha.test) | tcp 464<br>udp 464 | needed |" in said.out
    assert said.err == ""


def test_nothing_blocked_is_written_and_said_and_is_no_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["request", saved(tmp_path, "ok", "ok"), "-f", "nftables"]) == 0
    said = capsys.readouterr()
    assert "Nothing is asked for" in said.out
    assert "Nothing is asked for" in said.err


def test_the_user_narrows_a_report_by_service_host_need_and_family(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = saved(tmp_path, "filtered", "filtered", "filtered")
    for arguments, ports in (
        (["--skip", "kpasswd"], [88]),
        (["--only", "464/udp"], [464]),
        (["--dc", "dc9.alpha.test"], []),
        (["-6"], []),
        (["--source", "10.9.9.9"], [88, 464, 464]),
    ):
        assert run(["request", path, "-f", "json", *arguments]) == 0
        document = json.loads(capsys.readouterr().out)
        flows = [flow for rule in document["rules"] for flow in rule["flows"]]
        assert sorted(flow["from"] for flow in flows) == ports


def test_several_formats_go_to_their_files(forests: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(tmp_path / name) for name in ("request.md", "request.nft")]
    arguments = ["-f", "markdown", "-o", files[0], "-f", "nftables", "-o", files[1], "--source", "192.0.2.1"]
    assert run(["request", "--all", *arguments]) == 0
    assert capsys.readouterr().out == ""
    assert "192.0.2.10 (dc1.alpha.test)" in Path(files[0]).read_text()
    assert "ip saddr 192.0.2.1 ip daddr 192.0.2.10 tcp dport" in Path(files[1]).read_text()


def test_a_format_that_is_not_installed_writes_no_file_at_all(
    forests: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "aerleon", None)
    path = tmp_path / "request.md"
    assert run(["request", "--all", "--source", "192.0.2.1", "-f", "markdown", "-o", str(path), "-f", "cisco"]) == 2
    assert how_to_get("aerleon") in capsys.readouterr().err
    assert not path.exists()


def test_a_plan_is_a_table_and_json(forests: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan"]) == 0
    assert "in all, packets (bytes, connections)" in capsys.readouterr().out
    assert run(["plan", "-f", "json", "--only", "kpasswd", "--no-trace"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {line["service"] for line in document["lines"]} == {"kpasswd", "ldap-ping", "dns"}


def test_a_plan_takes_the_hosts_of_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(tmp_path, "ok")
    assert run(["plan", "alpha.test", "-f", "csv", "--report", path]) == 0
    assert "dc1.alpha.test,10.77.1.1" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["plan"], ["request", "--all", "--source", "192.0.2.1"]])
def test_a_file_belongs_to_the_format_before_it_here_too(
    command: list[str], forests: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*command, "-f", "json", "-f", "csv", "-o", "rows.csv"]) == 0
    assert json.loads(capsys.readouterr().out)["schema"].startswith("portcheck.")
    assert "," in (forests.parent / "rows.csv").read_text().splitlines()[0]


def test_machines_around_a_forest_need_no_controller(forests: Path, capsys: pytest.CaptureFixture[str]) -> None:
    system = '[[forest.system]]\nrole = "mim"\nhost = "mim1.beta.test"\naddress = "192.0.2.21"\n'
    forests.write_text(f'[[forest]]\nname = "beta.test"\n{system}')
    asked = ("request", "--all", "--profile", "mim-service", "--source", "192.0.2.1", "--only", "mim", "-f", "json")
    assert run([*asked]) == 0
    rules = json.loads(capsys.readouterr().out)["rules"]
    assert {address for rule in rules for address in rule["destinations"]} == {"192.0.2.21"}


def test_the_cloud_alone_needs_no_forest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["request", "--all", "--profile", "graph", "-f", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rules"] == []
    assert any("graph.microsoft.com 443/tcp" in words for words in told["left_out"])


def test_a_request_is_not_held_against_a_run_from_before_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocked, open_again = outcome(check("kpasswd/tcp"), "filtered"), outcome(check("kpasswd/tcp"))
    asked, early, late = (tmp_path / f"{name}.json" for name in ("asked", "early", "late"))
    to_json.save(asked, report(blocked, outcome("ldap/tcp"), started="2026-11-22T21:00:00.000Z"))
    to_json.save(early, report(open_again, started="2026-11-22T20:59:59.000Z"))
    to_json.save(late, report(open_again, started="2026-11-22T21:30:00.000Z"))
    assert run(["request", str(asked), "--against", str(early), "-f", "text"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "--against: that run began" in told.err
    assert "give a later run" in told.err
    assert run(["request", str(asked), "--against", str(late), "-f", "text"]) == 0
    assert "proven" in capsys.readouterr().out
