"""Whatever befalls the history, the report is printed, the exit code is the run's, and one line says what happened."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from portcheck.history import database
from portcheck.history.database import VERSION

ROOT = Path(__file__).parents[2]
CHECK = ("check", "127.0.0.1", "--only", "ldap", "--timeout", "100ms", "-q")
REPORT = "127.0.0.1  389 tcp refused"
AS_ROOT = pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs root on Linux")


def program(folder: Path, *arguments: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    surroundings = os.environ | {"PORTCHECK_STATE_DIR": str(folder), "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    command = [*before, sys.executable, "-m", "portcheck", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=surroundings)


def kept(folder: Path) -> int:
    with sqlite3.connect(folder / "history.db") as database:
        number = runs(database)
    database.close()
    return number


def runs(one: sqlite3.Connection) -> int:
    (rows,) = one.execute("SELECT count(*) FROM run").fetchone()
    return int(rows)


def checked(folder: Path, *more: str) -> list[str]:
    """Run a check that must print its report and exit with 1, whatever happens; the lines on stderr."""
    run = program(folder, *CHECK, *more)
    assert (run.returncode, REPORT in run.stdout.splitlines()[0]) == (1, True), run.stderr
    return run.stderr.splitlines()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


def scribble(at: int, length: int = 64) -> Callable[[Path], None]:
    def damage(file: Path) -> None:
        content = bytearray(file.read_bytes())
        content[at : at + length] = b"\xa5" * length
        file.write_bytes(content)

    return damage


DAMAGES: dict[str, Callable[[Path], None]] = {
    "no database at all": lambda file: (
        file.write_text("this is no database, and longer than a header is" * 20) and None
    ),
    "header": scribble(0),
    "first page": scribble(100, 3000),
    "tables' pages": scribble(4096, 16384),
    "cut short": lambda file: os.truncate(file, 6000),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_moved_aside_with_a_line_and_the_history_begins_anew(folder: Path, damage: str) -> None:
    assert checked(folder) == []
    DAMAGES[damage](folder / "history.db")
    broken = (folder / "history.db").read_bytes()
    (line,) = checked(folder)
    assert "is damaged" in line
    (aside,) = folder.glob("history.db.damaged-*")
    assert aside.name in line
    assert aside.read_bytes() == broken
    assert kept(folder) == 1
    assert checked(folder) == []
    assert kept(folder) == 2


def test_an_empty_file_gets_its_tables(folder: Path) -> None:
    folder.mkdir()
    (folder / "history.db").touch()
    checked(folder)
    assert kept(folder) == 1


def test_a_newer_history_is_left_alone(folder: Path) -> None:
    checked(folder)
    with sqlite3.connect(folder / "history.db") as database:
        database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.close()
    before = (folder / "history.db").read_bytes()
    lines = checked(folder)
    assert any("newer portcheck" in line for line in lines)
    assert (folder / "history.db").read_bytes() == before
    assert program(folder, "history").returncode == 2


def test_another_programs_database_is_left_alone(folder: Path) -> None:
    folder.mkdir()
    with sqlite3.connect(folder / "history.db") as database:
        database.execute("CREATE TABLE theirs (x)")
    database.close()
    before = (folder / "history.db").read_bytes()
    assert all("another program's" in line for line in checked(folder))
    assert (folder / "history.db").read_bytes() == before


@AS_ROOT
def test_a_full_disk_loses_no_report_and_no_earlier_run(folder: Path) -> None:
    folder.mkdir()
    script = (
        f'mount -t tmpfs -o size=64k,mode=700 tmpfs {folder}; "$@" >/dev/null 2>&1;'
        f" head -c 60000 /dev/zero >{folder}/fill;"
        f' for run in 1 2 3 4 5 6; do "$@"; done; rm {folder}/fill; "$1" "$2" "$3" history'
    )
    run = program(folder, *CHECK, before=("unshare", "--mount", "sh", "-c", script, "sh"))
    assert run.stdout.count(REPORT) == 6
    assert "this run is not in the history" in run.stderr
    assert "full" in run.stderr
    assert "127.0.0.1 (mim), only ldap" in run.stdout
    assert "Traceback" not in run.stderr


@AS_ROOT
@pytest.mark.parametrize("there", [True, False])
def test_a_folder_that_may_not_be_written_to_is_a_line(tmp_path: Path, folder: Path, there: bool) -> None:
    if there:
        checked(folder)
    else:
        folder.mkdir()
    shutil.copytree(ROOT / "portcheck", tmp_path / "code" / "portcheck")
    script = (
        f"mount -t tmpfs tmpfs /mnt && mkdir /mnt/s && cp -r {folder}/. /mnt/s && mount -o remount,ro /mnt;"
        'PORTCHECK_STATE_DIR=/mnt/s "$@"'
    )
    run = program(folder, *CHECK, before=("unshare", "--mount", "sh", "-c", script, "sh"))
    assert (run.returncode, REPORT in run.stdout.splitlines()[0]) == (1, True)
    (line,) = run.stderr.splitlines()
    assert line.startswith("portcheck: this run is not in the history: /mnt/s/history.db")


def test_a_folder_that_is_a_file_is_a_line(folder: Path) -> None:
    folder.touch()
    lines = checked(folder)
    assert lines
    assert all("history" in line for line in lines)


def test_eight_runs_at_once_are_all_kept(folder: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: checked(folder), range(8))) == [[]] * 8
    assert kept(folder) == 8


KILLED = """
import sys, os, signal
from pathlib import Path
from portcheck.history import database
def die(db):
    db.execute("PRAGMA cache_size = 1")
    db.execute("BEGIN IMMEDIATE")
    db.execute("UPDATE run SET report = zeroblob(200000)")
    print(os.listdir(Path(sys.argv[1]).parent), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
database.work(Path(sys.argv[1]), die, [], create=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_run_that_is_killed_while_it_writes_leaves_what_was_there(folder: Path) -> None:
    checked(folder)
    command = [sys.executable, "-c", KILLED, str(folder / "history.db")]
    run = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    assert run.returncode == -signal.SIGKILL
    assert "history.db-journal" in run.stdout  # it was in the middle of it
    assert checked(folder) == []
    assert kept(folder) == 2
    assert program(folder, "history", "1").returncode == 0


def test_a_run_without_history_leaves_nothing(folder: Path) -> None:
    assert checked(folder, "--no-history") == []
    assert not folder.exists()


def test_the_demo_is_not_kept(folder: Path) -> None:
    assert program(folder, "demo", "-q").returncode == 0
    assert not folder.exists()


def test_a_file_that_wants_none_keeps_none(folder: Path, tmp_path: Path) -> None:
    config = tmp_path / "forests.toml"
    config.write_text("[defaults]\nhistory_keep = 0\n", encoding="utf-8")
    assert checked(folder, "-c", str(config)) == []
    assert not folder.exists()


def test_what_changed_cannot_be_asked_of_no_history(folder: Path) -> None:
    run = program(folder, *CHECK, "--fail-on", "changed", "--no-history")
    assert (run.returncode, run.stdout, len(run.stderr.splitlines())) == (2, "", 1)


def test_what_changed_cannot_be_told_from_a_history_that_cannot_be_read(folder: Path) -> None:
    checked(folder)
    with sqlite3.connect(folder / "history.db") as database:
        database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.close()
    run = program(folder, *CHECK, "--fail-on", "changed")
    assert run.returncode == 3
    assert REPORT in run.stdout.splitlines()[0]


def test_the_history_is_imported_only_after_the_packets_are_out(folder: Path) -> None:
    script = (
        "import sys, portcheck.commands.check as c; real = c.attend\n"
        "def run(*given):\n"
        "    report = real(*given)\n"
        "    assert not {'sqlite3', 'filelock', 'apprise'} & set(sys.modules), 'too early'\n"
        "    return report\n"
        "c.attend = run\n"
        f"from portcheck.cli.app import run as go; sys.exit(go({list(CHECK)!r}))"
    )
    command = [sys.executable, "-c", script]
    run = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"PORTCHECK_STATE_DIR": str(folder)}
    )
    assert run.returncode == 1
    assert run.stderr == ""
    assert kept(folder) == 1


def test_a_file_whose_tables_another_run_is_about_to_make_is_no_history_yet(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    file = folder / "history.db"
    file.touch(mode=0o600)
    said: list[str] = []
    assert database.work(file, runs, said, create=False) is None
    assert database.work(file, runs, said, create=True) == 0
    assert database.work(file, runs, said, create=False) == 0
    assert said == []


@pytest.mark.parametrize("at", range(2))
def test_tables_that_another_run_makes_between_two_looks_make_nobody_a_stranger(
    at: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir(mode=0o700)
    file = folder / "history.db"
    file.touch(mode=0o600)
    look, looks, said = database._number, count(), list[str]()
    monkeypatch.setattr(database, "PATIENCE_S", 0.0)

    def look_and_be_overtaken(one: sqlite3.Connection, name: str) -> int:
        seen = look(one, name)
        if next(looks) == at:
            with suppress(database.HistoryError):  # locked, for as long as we look
                database.work(file, runs, said, create=True)
        return seen

    monkeypatch.setattr(database, "_number", look_and_be_overtaken)
    assert database.work(file, runs, said, create=False) in {None, 0}
    assert next(looks) > at
    assert said == []


@pytest.mark.parametrize("away", [1, 100, 2000, 4095])
def test_a_file_that_was_cut_inside_a_page_is_moved_aside(folder: Path, away: int) -> None:
    checked(folder)
    file = folder / "history.db"
    os.truncate(file, file.stat().st_size - away)
    (line,) = checked(folder)
    assert "is damaged" in line
    assert kept(folder) == 1


def test_many_first_runs_at_once_are_all_kept(folder: Path) -> None:
    folder.mkdir()
    (folder / "history.db").touch()
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda _: checked(folder), range(8)))
    assert said == [[]] * 8
    assert kept(folder) == 8


def test_what_changed_is_not_said_where_nothing_can_be_kept(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    run = program(in_the_way / "state", *CHECK, "--fail-on", "changed")
    assert (run.returncode, len(run.stderr.splitlines())) == (3, 1)
    assert REPORT in run.stdout.splitlines()[0]
