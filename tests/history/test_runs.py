"""What is kept, compared and forgotten, on a real SQLite file."""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from factories import check, outcome, report
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import reports

from portcheck.history import runs, timeline
from portcheck.history.database import work
from portcheck.model import Outcome, Report, State
from portcheck.render import history
from portcheck.render.shared.options import Options
from portcheck.report.compare import compare

T = TypeVar("T")
Do = Callable[[Callable[[sqlite3.Connection], T]], T]
PLAN = "plan"
KPASSWD = check("kpasswd/tcp")


@pytest.fixture
def do(tmp_path: Path) -> Do:
    def run(what: Callable[[sqlite3.Connection], T]) -> T:
        said: list[str] = []
        done = work(tmp_path / "new" / "history.db", what, said, create=True)
        assert said == []
        return done

    return run


def moment(minutes: int) -> str:
    at = datetime.now(UTC) - timedelta(hours=10) + timedelta(minutes=minutes)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def keep(do: Do, *runs_: Report, plan: str = PLAN, most: int = 1000, days: int = 90) -> list[int]:
    return [do(lambda d, run=run: runs.keep(d, run, plan, "a plan", most, days)) for run in runs_]


def course(do: Do, plan: str = PLAN) -> dict[str, timeline.Course]:
    found = do(lambda d: timeline.courses(d, plan, runs.runs(d)))
    return {course.id.split("/")[3]: course for course in found}


def at(minutes: int, *outcomes: Outcome, **fields: object) -> Report:
    return report(*outcomes, started=moment(minutes), **fields)


def test_a_run_comes_back_as_it_was(do: Do) -> None:
    run = at(0, outcome(KPASSWD, State.FILTERED))
    (number,) = keep(do, run)
    assert do(lambda d: runs.report_of(d, number)) == run
    assert do(lambda d: runs.report_of(d, None)) == run
    assert do(lambda d: runs.report_of(d, number + 1)) is None


def test_the_base_is_the_newest_whole_run_of_the_same_plan(do: Do) -> None:
    whole = at(0, outcome(KPASSWD))
    cut = outcome(KPASSWD, State.SKIPPED, facts={"unfinished": True})
    keep(do, whole, at(1, outcome(KPASSWD), interrupted=True), at(2, cut), at(3, exit_code=3))
    keep(do, at(4, outcome(KPASSWD)), plan="another")
    base = do(lambda d: runs.base_of(d, PLAN))
    assert base is not None
    assert replace(base.report, outcomes=()) == replace(whole, outcomes=())
    assert compare(base.report, whole).same  # it keeps of each check no more than comparing takes
    assert do(lambda d: runs.base_of(d, "unheard of")) is None


def test_each_check_tells_when_it_last_changed_and_how_it_stood_at_each_run(do: Do) -> None:
    other = outcome("ldap/tcp")
    good, bad = outcome(KPASSWD), outcome(KPASSWD, State.FILTERED)
    found = [at(n, one, other) for n, one in enumerate((good, good, bad, bad, good))]
    numbers = keep(do, *found)
    kpasswd, ldap = course(do)["kpasswd"], course(do)["ldap"]
    assert kpasswd.verdicts == ("pass", "pass", "fail", "fail", "pass")
    assert (kpasswd.state, kpasswd.state_before, kpasswd.since) == ("ok", "filtered", found[4].started)
    assert (kpasswd.run, kpasswd.changed) == (numbers[4], True)
    assert (ldap.changed, ldap.since, ldap.verdicts) == (False, found[0].started, ("pass",) * 5)


def test_a_check_that_comes_and_goes_leaves_gaps(do: Do) -> None:
    ldap = outcome("ldap/tcp")
    keep(do, at(0, ldap), at(1, ldap, outcome(KPASSWD)), at(2, ldap))
    assert course(do)["kpasswd"].verdicts == (None, "pass", None)
    assert course(do)["kpasswd"].state is None


def test_a_dynamic_port_that_moves_is_one_course(do: Do) -> None:
    first = check("rpc-samr/tcp", port=49152)
    keep(do, at(0, outcome(first)), at(1, outcome(replace(first, port=50000))))
    assert course(do)["rpc-samr"].verdicts == ("pass", "pass")
    assert not course(do)["rpc-samr"].changed


def test_beyond_the_number_the_oldest_of_the_plan_go_and_the_last_change_is_still_known(do: Do) -> None:
    good, bad = outcome(KPASSWD), outcome(KPASSWD, State.FILTERED)
    (other,) = keep(do, at(0, good), plan="weekly")
    found = [at(n, bad if n >= 2 else good) for n in range(8)]
    numbers = keep(do, *found, most=3)
    assert [run.id for run in do(runs.runs)] == [other, *numbers[-3:]]
    assert course(do)["kpasswd"].verdicts == ("fail",) * 3
    assert (course(do)["kpasswd"].since, course(do)["kpasswd"].state_before) == (found[2].started, "ok")


def test_runs_that_are_too_old_go_with_all_that_is_known_of_their_plan(do: Do) -> None:
    keep(do, replace(at(0, outcome(KPASSWD)), started="2020-01-01T00:00:00.000Z"), plan="old")
    for month in ("01-31", "02-28", "03-28", "04-02"):
        keep(do, replace(at(0, outcome(KPASSWD)), started=f"2020-{month}T00:00:00.000Z"), days=90)
    assert {run.plan for run in do(runs.runs)} == {PLAN}
    assert do(lambda d: d.execute("SELECT count(*) FROM change WHERE plan = 'old'").fetchone()) == (0,)


def test_beyond_the_space_the_oldest_go_but_each_plans_base_stays(do: Do, monkeypatch: pytest.MonkeyPatch) -> None:
    (base,) = keep(do, at(0, outcome(KPASSWD)), plan="weekly")
    monkeypatch.setattr(runs, "MOST_BYTES", 1)
    numbers = keep(do, *(at(n, outcome(KPASSWD)) for n in range(3)))
    assert [run.id for run in do(runs.runs)] == [base, numbers[-1]]


def test_a_base_that_cannot_be_read_is_as_none_and_the_next_run_is_kept(do: Do) -> None:
    keep(do, at(0, outcome(KPASSWD)))
    do(lambda d: d.execute("UPDATE run SET report = x'00ff'"))
    keep(do, at(1, outcome(KPASSWD, State.FILTERED)))
    assert len(do(runs.runs)) == 2
    assert course(do)["kpasswd"].state == "filtered"


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60, deadline=None)
@given(st.lists(reports, min_size=1, max_size=3), st.text())
def test_any_run_is_kept_and_comes_back(given_runs: list[Report], label: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "history.db"

        def do(what: Callable[[sqlite3.Connection], T]) -> T | None:
            return work(file, what, [], create=True)

        for run in given_runs:
            number = do(lambda d, run=run: runs.keep(d, run, PLAN, label, 1000, 739_000))
            assert number is not None
            assert do(lambda d, number=number: runs.report_of(d, number)) == run
        listed = do(runs.runs)
        assert listed is not None
        found = do(lambda d: timeline.courses(d, PLAN, listed))
        assert found is not None
        assert history.render({PLAN: (listed, found)}, "here", Options()) if listed else True


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_the_file_is_for_its_owner_alone(do: Do, tmp_path: Path) -> None:
    keep(do, at(0, outcome(KPASSWD)))
    assert (tmp_path / "new" / "history.db").stat().st_mode & 0o077 == 0
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0


def test_what_was_not_asked_is_counted_as_the_check_counts_it(do: Do) -> None:
    keep(do, at(0, outcome(KPASSWD), outcome(check("gc/tcp"), State.SKIPPED)))
    (kept,) = do(runs.runs)
    assert (kept.passed, kept.checks) == (1, 1)


@pytest.mark.parametrize("wrong", ["2027-06-01T00:00:00.000Z", "1970-01-01T00:00:00.000Z", "9999-12-30T00:00:00.000Z"])
def test_a_clock_that_was_wrong_once_forgets_nothing(do: Do, wrong: str) -> None:
    days = [f"2026-01-0{day}T00:00:00.000Z" for day in range(1, 4)]
    for started in (*days, wrong, wrong, "2026-01-04T00:00:00.000Z"):
        keep(do, replace(at(0, outcome(KPASSWD)), started=started), days=90)
    assert len(do(runs.runs)) == 6
