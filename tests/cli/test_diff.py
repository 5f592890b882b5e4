"""`portcheck diff`: what changed, in the words of the summary; 0 same, 1 different, 2 not to be read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from factories import check, finding, outcome, report

from portcheck.cli.app import run
from portcheck.model import BlockedAt, Report, State, Verdict
from portcheck.render import FORMATS
from portcheck.render.shared.changes import MOST_FORESTS
from portcheck.render.shared.options import Options
from portcheck.report import to_json
from portcheck.report.compare import compare

WALL = BlockedAt(after="10.77.100.2", hop=2)


def saved(folder: Path, name: str, run: Report) -> str:
    path = folder / name
    to_json.save(path, run)
    return str(path)


@pytest.fixture
def well(tmp_path: Path) -> str:
    checks = (outcome("kpasswd/tcp"), outcome("ldap/tcp", latency_ms=1.0))
    return saved(tmp_path, "well.json", report(*checks, started="2026-11-24T01:00:00.000Z"))


@pytest.fixture
def blocked(tmp_path: Path) -> str:
    found = finding("kpasswd-blocked", title="passwords cannot be set on dc1")
    checks = (outcome("kpasswd/tcp", State.FILTERED, blocked_at=WALL), outcome("ldap/tcp", latency_ms=80.0))
    run = report(*checks, findings=(found,), started="2026-11-25T01:00:00.000Z", tool_version="0.2.0")
    return saved(tmp_path, "blocked.json", run)


BLOCKED = """\
From 2026-11-24 01:00:00 +00:00 to 2026-11-25 01:00:00 +00:00
By portcheck 0.1.0, then by 0.2.0, which may judge otherwise.

✖ alpha.test: 1 check changed, 1 finding appeared
  appeared  ✖ passwords cannot be set on dc1
  ✖ kpasswd – password change and set
    464/tcp  ok → filtered  dc1: no answer to 3 tries in 4.0 s; last heard:
                            10.77.100.2 (hop 2); it or something beyond drops it
"""


def test_what_changed_is_said_in_the_words_of_the_summary(
    well: str, blocked: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["diff", well, blocked]) == 1
    assert capsys.readouterr().out == BLOCKED


def test_the_way_back_is_a_recovery(well: str, blocked: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diff", blocked, well]) == 1
    said = capsys.readouterr().out
    assert "✔ alpha.test: 1 check changed, 1 finding gone" in said
    assert "filtered → ok" in said


def test_the_same_run_is_the_same(well: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diff", well, well]) == 0
    assert "nothing changed: 2 checks" in capsys.readouterr().out


def test_json_tells_what_the_text_tells(well: str, blocked: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diff", well, blocked, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["same"]) == ("portcheck.diff/1", False)
    assert [(c["check"], c["before"], c["after"]) for c in told["changes"]] == [
        ("alpha.test/dc1.alpha.test/10.77.1.1/kpasswd/tcp/464", "ok", "filtered")
    ]
    assert [(f["turn"], f["code"]) for f in told["findings"]] == [("appeared", "kpasswd-blocked")]


def test_sentences_for_a_screen_reader(well: str, blocked: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diff", well, blocked, "--accessible"]) == 1
    said = capsys.readouterr().out
    assert "Finding appeared: passwords cannot be set on dc1." in said
    assert "✖" not in said


@pytest.mark.parametrize("bad", ["/nonexistent.json", "/", "/etc/hostname", "nothing"])
def test_what_cannot_be_read_is_one_line_and_exit_2(well: str, bad: str, capsys: pytest.CaptureFixture[str]) -> None:
    for pair in ([well, bad], [bad, well]):
        assert run(["diff", *pair]) == 2
        said = capsys.readouterr()
        assert (said.out, len(said.err.splitlines())) == ("", 1)


def test_a_controller_that_went_is_one_line_not_one_a_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = [outcome(name) for name in ("ldap/tcp", "kpasswd/tcp")]
    two = [outcome(check(name, "dc2.alpha.test")) for name in ("ldap/tcp", "kpasswd/tcp")]
    before = saved(tmp_path, "two.json", report(*one, *two))
    after = saved(tmp_path, "one.json", report(*one))
    assert run(["diff", before, after]) == 1
    said = capsys.readouterr().out
    assert "1 controller gone" in said
    assert "not asked" in said
    assert "kpasswd" not in said


def test_a_hostile_name_stays_in_its_line_and_moves_no_cursor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = check("rpc-\x1b[5m/tcp", port=9, host="dc1\x1b[2J\r\n.alpha.test", purpose="\u202eevil\x07")
    since = "2026-\x1b[1m"
    before, after = (
        report(outcome(evil, state, reason="a\nb\x1b[31m"), started=since) for state in (State.OK, State.FILTERED)
    )
    files = [saved(tmp_path, "a.json", before), saved(tmp_path, "b.json", after)]
    for flags in ([], ["--accessible"], ["--json"]):
        assert run(["diff", *files, *flags]) == 1
        said = capsys.readouterr().out
        assert not set("\x1b\x07\r\u202e") & set(said)


def test_a_summary_tells_the_first_forests_of_many_that_changed_and_counts_the_rest() -> None:
    found = [outcome(check("ldap/tcp", f"dc{n}.f{n}.test"), State.FILTERED) for n in range(40)]
    before = report(*(replace(one, state=State.OK, verdict=Verdict.PASS) for one in found))
    run = report(*found)
    run = replace(run, compared=compare(before, run))
    lines = FORMATS["table"](run, Options()).splitlines()
    told = lines[next(n for n, line in enumerate(lines) if line.startswith("Changed since")) + 1 :]
    told = told[: told.index("")]
    changed = [line for line in told if line.endswith("1 check changed")]
    assert len(changed) == MOST_FORESTS
    assert told[-1] == f"  and {40 - MOST_FORESTS} more forests"
