"""`history --digest`: how often each path was good, when it was not, what drifts; and quickly, of many runs."""

from __future__ import annotations

import json
import re
import shlex
import sqlite3
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from factories import check, outcome, report

from portcheck.automation import notify
from portcheck.cli.app import run
from portcheck.history import runs
from portcheck.history.database import work
from portcheck.history.digest import PlanDigest, digested
from portcheck.model import Report, State
from portcheck.render.digest import FORMATS
from portcheck.render.digest.words import share

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
EVIL = "<img src=x>|`a`"


def at(hours: float) -> str:
    return (NOW - timedelta(hours=hours)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seen(hours: float, state: str = "ok", skew: float = 0.0, **fields: object) -> Report:
    clock = outcome("kerberos/tcp", facts={"clock_skew_s": skew})
    tls = outcome("ldaps/tcp", facts={"certificate_not_after": "2026-12-10T00:00:00Z"})
    return report(outcome("kpasswd/tcp", State(state)), clock, tls, started=at(hours), **fields)


def kept(folder: Path, *reports: Report, plan: str = "p") -> Path:
    path = folder / "state" / "history.db"
    for one in reports:
        work(path, partial(runs.keep, report=one, plan=plan, label=EVIL, keep_runs=20_000, days=900), [], create=True)
    return path


def of(path: Path, days: float = 7) -> tuple[PlanDigest, ...]:
    found = work(path, lambda database: digested(database, NOW - timedelta(days=days), NOW), [], create=False)
    assert found is not None
    return found


def test_outages_have_a_first_and_a_last_time_and_count_by_runs(tmp_path: Path) -> None:
    states = ("ok", "ok", "filtered", "filtered", "ok", "refused")
    (plan,) = of(kept(tmp_path, *(seen(10 - number, state) for number, state in enumerate(states))))
    (path,) = plan.troubled
    assert path.id.endswith("kpasswd/tcp/464")
    assert (path.runs, path.good, path.availability) == (6, 3, 0.5)
    assert [(o.first, o.last, o.state, o.lasts) for o in path.outages] == [
        (at(8), at(7), "filtered", False),
        (at(5), at(5), "refused", True),
    ]
    assert (plan.runs, plan.paths, plan.good) == (6, 3, 15 / 18)


def test_what_was_before_the_period_counts_only_as_what_still_held(tmp_path: Path) -> None:
    path = kept(tmp_path, seen(30 * 24, "ok"), seen(20 * 24, "filtered"), seen(3), seen(2, "filtered"))
    (plan,) = of(path)
    assert [(o.first, o.lasts) for o in plan.troubled[0].outages] == [(at(2), True)]
    assert plan.troubled[0].runs == 2
    assert of(path, days=0.01) == ()


def test_an_outage_that_began_earlier_begins_with_the_period(tmp_path: Path) -> None:
    (plan,) = of(kept(tmp_path, seen(20 * 24, "filtered"), seen(3, "filtered"), seen(2, "filtered")))
    assert [(o.first, o.last) for o in plan.troubled[0].outages] == [(at(3), at(2))]
    assert plan.troubled[0].availability == 0


def test_clocks_and_certificates_that_drift(tmp_path: Path) -> None:
    (plan,) = of(kept(tmp_path, seen(48, skew=1.0), seen(0, skew=41.0)))
    told = {one.subject: one.words for one in plan.drifts}
    assert told["dc1.alpha.test"] == "its clock is +41 s from this machine's, +40 s since then, +20.0 s a day"
    assert told["dc1.alpha.test ldaps"] == "its certificate ends in 11 days (2026-12-10)"
    (steady,) = of(kept(tmp_path / "other", seen(48, skew=40.0), seen(0, skew=41.0)))
    assert [one.subject for one in steady.drifts] == ["dc1.alpha.test ldaps"]


def test_a_run_that_was_cut_short_is_no_outage(tmp_path: Path) -> None:
    (plan,) = of(kept(tmp_path, seen(3), seen(2, "filtered", interrupted=True), seen(1)))
    assert (plan.troubled, plan.runs, plan.cut_short) == ((), 3, 1)


@pytest.mark.parametrize(("value", "words"), [(1, "100 %"), (0.99999, "99.99 %"), (0, "0.00 %"), (None, "not asked")])
def test_a_share_is_never_rounded_up_to_all(value: float | None, words: str) -> None:
    assert share(value) == words


def test_nothing_in_a_digest_becomes_markup(tmp_path: Path) -> None:
    plans = of(kept(tmp_path, seen(3, "filtered"), seen(2)))
    for name in FORMATS:
        text = FORMATS[name](plans, "7d")
        assert "<img" not in text
        assert "filtered from" in text


def test_ten_thousand_runs_are_told_from_the_changes_alone(tmp_path: Path) -> None:
    """The reports are not unpacked: all but the first and the last are no reports at all."""
    path = kept(tmp_path, seen(160), seen(1, "filtered"))
    with sqlite3.connect(path) as database:
        (first,) = database.execute("SELECT max(id) FROM run").fetchone()
        rows = [
            (first + number, "p", "l", "h", at(150 - number / 100), 1.0, 0, 1, 3, 3, "", b"no report")
            for number in range(1, 10_001)
        ]
        database.executemany("INSERT INTO run VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", rows)
    database.close()
    (plan,) = of(path)
    assert plan.runs == 10_002
    assert plan.troubled[0].runs == 10_002
    assert plan.troubled[0].good == 1


def test_the_command_writes_it_and_sends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORTCHECK_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("PORTCHECK_NOTIFY", "json://127.0.0.1:9/")
    sent: list[tuple[str, str]] = []
    monkeypatch.setattr(notify, "send", lambda _, title, body: sent.append((title, body)) or ())
    now = datetime.now(UTC)
    fresh = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    kept(tmp_path, report(outcome(check("kpasswd/tcp"), State.FILTERED), started=fresh))
    page = tmp_path / "digest.html"
    assert run(["history", "--digest", "7d", "-f", "html", "-o", str(page), "-f", "markdown", "--notify"]) == 0
    assert "# portcheck: the last 7d" in capsys.readouterr().out
    assert "kpasswd/tcp/464" in page.read_text(encoding="utf-8")
    assert sent[0][0] == "portcheck: the last 7d"
    assert run(["history", "--digest", "soon"]) == 2
    assert run(["history", "-f", "html"]) == 2
    assert run(["history", "--json"]) == 0
    json.loads(capsys.readouterr().out)


def test_a_schedule_makes_the_unit_of_a_digest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, config = str(tmp_path / "digest.html"), tmp_path / "forests.toml"
    config.write_text('[[forest]]\nname = "alpha.test"\n', encoding="utf-8")
    words = ["schedule", "-c", str(config), "--digest", "7d", "-f", "html", "-o", file, "--name", "weekly"]
    assert run([*words, "--for", "cron"]) == 0
    line = capsys.readouterr().out.splitlines()[1]
    assert line.startswith("0 0 * * 1 ")
    told = shlex.split(line.removesuffix(" >/dev/null").removeprefix("0 0 * * 1 "))
    assert told[-7:] == ["history", "--digest", "7d", "--format", "html", "--output", file]
    going_on = [*words[:4], "last", *words[5:]]
    assert run([*going_on, "--for", "cron"]) == 0
    assert re.search(r"^0 0 \* \* 1 .*--digest last", capsys.readouterr().out, re.MULTILINE)
    assert run([*going_on, "--every", "1d", "--for", "cron"]) == 0
    assert re.search(r"^0 0 \* \* \* .*--digest last", capsys.readouterr().out, re.MULTILINE)
    assert run([*words, "--for", "systemd"]) == 0
    assert re.search(r"^OnCalendar=Mon 00:00$", capsys.readouterr().out, re.MULTILINE)
    assert run(["schedule", "-c", str(config), "--digest", "1d", "-f", "csv", "-o", file]) == 2
    assert run(["schedule", "-c", str(config), "--digest", "1d", "alpha.test"]) == 2
