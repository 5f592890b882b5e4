"""Streams that are closed, full, or know few letters, a folder that is gone: never a traceback, never a lost result."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from systems import needs_full_device

from portcheck.cli.app import run

pytestmark = needs_full_device  # and a POSIX shell
CHECK = "check 127.0.0.1 --only ldap --timeout 100ms"
PROJECT = str(Path(__file__).parents[2])


def shell(line: str, stdout: int = subprocess.PIPE, **env: str) -> subprocess.CompletedProcess[str]:
    """`portcheck` in the line stands for the program."""
    run = f'portcheck() {{ "{sys.executable}" -m portcheck "$@"; }}; {line}'
    settings = {**os.environ, "PYTHONPATH": PROJECT, **env}
    return subprocess.run(
        ["sh", "-c", run], stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=180, env=settings, check=False
    )


def unread(line: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Into a pipe whose reader is gone."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return shell(line, stdout=writer, **env)
    finally:
        os.close(writer)


@pytest.mark.parametrize("line", [f"{CHECK} >&-", f"{CHECK} -f json >&-", f"{CHECK} 2>&-", f"{CHECK} >&- 2>&-", CHECK])
def test_a_closed_stream_changes_no_exit_code(line: str) -> None:
    told = shell(f"portcheck {line}")
    assert told.returncode == 1
    assert "Traceback" not in told.stdout + told.stderr


SHOWING = {
    "--version": 0,
    "--help": 0,
    f"{CHECK} --fail-on never": 0,
    f"{CHECK} --fail-on never -f json": 0,
    "plan 127.0.0.1": 0,
    "report {run}": 0,
    "report {run} -f html": 0,
    "request {run}": 0,
    "history": 0,
    "diff {run} {run}": 0,
    "diff {run} {other}": 1,
    "explain 1722": 0,
    "explain kerberos-no-logon-server --report {run}": 0,
    "merge {run}": 1,
    "sid S-1-5-32-544": 0,
    "config show": 0,
    "config init a.test -o -": 0,
    "help": 0,
    "help check": 0,
    "help --man": 0,
    "schedule alpha.test --every 15m": 0,
    "demo -q": 0,
}
"""What shows something, and ends with what where that is seen."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("runs")
    found = {"run": str(folder / "run.json"), "other": str(folder / "other.json")}
    shell(f"portcheck {CHECK} -q --save {found['run']}", PORTCHECK_STATE_DIR=str(folder))
    told = Path(found["run"]).read_text(encoding="utf-8").replace('"state": "refused"', '"state": "filtered"')
    Path(found["other"]).write_text(told, encoding="utf-8")
    return found


@pytest.mark.parametrize("line", SHOWING)
def test_a_command_whose_stdout_is_closed_says_so_and_ends_with_3_unless_it_found_a_fault(
    line: str, runs: dict[str, str], tmp_path: Path
) -> None:
    told = shell(f"portcheck {line.format(**runs)} >&-", PORTCHECK_STATE_DIR=str(tmp_path))
    assert told.returncode == (SHOWING[line] or 3)
    assert told.stderr.splitlines()[-1] == "portcheck: the output cannot be written: standard output is closed"
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize("line", SHOWING)
def test_a_reader_who_leaves_and_an_stderr_that_takes_nothing_change_no_exit_code(
    line: str, runs: dict[str, str], tmp_path: Path
) -> None:
    where = {"PORTCHECK_STATE_DIR": str(tmp_path)}
    told = [
        unread(f"portcheck {line.format(**runs)}", **where),
        shell(f"portcheck {line.format(**runs)} 2>&-", **where),
    ]
    assert [one.returncode for one in told] == [SHOWING[line]] * 2
    assert "Traceback" not in told[0].stderr


def test_who_shows_nothing_needs_no_stdout_and_a_file_that_is_the_closed_one_is_refused(tmp_path: Path) -> None:
    where = {"PORTCHECK_STATE_DIR": str(tmp_path)}
    told = shell("portcheck explain there is no such thing as this >&-", **where)
    assert (told.returncode, "closed" in told.stderr) == (1, False)
    assert shell(f"portcheck {CHECK} -o /dev/stdout >&-", **where).returncode == 2


def test_with_all_three_streams_closed_no_file_takes_the_place_of_one(tmp_path: Path) -> None:
    report = tmp_path / "run.csv"
    told = shell(f"portcheck {CHECK} -o {report} <&- >&- 2>&-", PORTCHECK_STATE_DIR=str(tmp_path))
    assert told.returncode == 1
    assert report.read_text(encoding="utf-8").startswith("forest,host,address,")
    assert report.read_text(encoding="utf-8").count("\n") == 2


def test_words_that_nobody_knows_are_1_also_where_stderr_is_full() -> None:
    assert shell("portcheck explain there is no such thing as this 2>/dev/full").returncode == 1


PLUGIN = f'"{sys.executable}" -c "from portcheck.__main__ import check_portcheck as c; c()"'


def test_the_plugins_answer_that_nobody_reads_and_one_that_cannot_be_written() -> None:
    asked = f"{PLUGIN} 127.0.0.1 --only ldap --timeout 100ms"
    assert [unread(line).returncode for line in (asked, f"{PLUGIN} --help")] == [2, 3]
    told = shell(f"{asked} >/dev/full")
    assert (told.returncode, told.stderr) == (
        3,
        "portcheck: the output cannot be written: No space left on device\n",
    )


@pytest.mark.parametrize("arguments", [CHECK, f"{CHECK} -f json", "explain", "--help", "config show --help"])
def test_output_that_cannot_be_written_is_a_line_and_3(arguments: str) -> None:
    told = shell(f"portcheck {arguments} >/dev/full")
    assert told.returncode == 3
    assert told.stderr.splitlines()[-1] == "portcheck: the output cannot be written: No space left on device"
    assert "Traceback" not in told.stderr


def test_progress_that_cannot_be_written_loses_no_result() -> None:
    told = shell(f"portcheck {CHECK} 2>/dev/full")
    assert told.returncode == 1
    assert "not running on 127.0.0.1" in told.stdout


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    ("line", "code"),
    [(f"{CHECK} >/dev/null", 1), ("check --nope", 2), ("check x -c nowhere", 2), ("--help >/dev/full", 3)],
)
def test_an_stderr_that_is_full_changes_no_exit_code(line: str, code: int, unbuffered: str) -> None:
    """Python ends with 120 where its own last flush fails, unless the streams are written at once."""
    assert shell(f"portcheck {line} 2>/dev/full", PYTHONUNBUFFERED=unbuffered).returncode == code


@pytest.mark.parametrize("encoding", ["ascii:strict", "latin-1", "utf-16", "cp1252:strict"])
@pytest.mark.parametrize("arguments", [CHECK, f"{CHECK} -f json", "explain", "check --help"])
def test_a_stream_that_knows_few_letters_gets_others(encoding: str, arguments: str) -> None:
    told = shell(f"portcheck {arguments} 2>&1 >/dev/null", PYTHONIOENCODING=encoding)
    assert told.returncode == (1 if arguments.startswith(CHECK) else 0)
    assert "Traceback" not in told.stdout + told.stderr


def test_a_folder_that_is_gone_is_no_fault(tmp_path: Path) -> None:
    told = shell(f"cd {tmp_path} && mkdir gone && cd gone && rmdir ../gone && portcheck {CHECK} -q")
    assert told.returncode == 1
    assert told.stderr == ""


def test_a_home_that_is_nowhere_is_no_fault() -> None:
    assert shell(f"portcheck {CHECK} -q", HOME="/nonexistent").stderr == ""
    assert shell(f"unset HOME; portcheck {CHECK} -q").stderr == ""


def test_the_c_locale_s_own_way_with_letters_is_no_fault() -> None:
    told = shell("portcheck explain", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert (told.returncode, "Traceback" in told.stderr) == (0, False)


@pytest.mark.parametrize(("reader", "code"), [("| true", 1), (">/dev/full", 3)])
def test_a_screen_that_fails_costs_no_file_and_no_history(reader: str, code: int, tmp_path: Path) -> None:
    report = tmp_path / "run.csv"
    told = shell(
        f"{{ portcheck {CHECK} -f table -f csv -o {report}; echo $? >{tmp_path}/code; }} {reader}",
        PORTCHECK_STATE_DIR=str(tmp_path / "state"),
    )
    assert (tmp_path / "code").read_text() == f"{code}\n"
    assert report.read_text(encoding="utf-8").count("\n") == 2
    assert "1  " in shell("portcheck history", PORTCHECK_STATE_DIR=str(tmp_path / "state")).stdout
    assert "Traceback" not in told.stderr


def test_a_reader_who_leaves_does_not_make_two_runs_the_same(tmp_path: Path) -> None:
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    shell(f"portcheck check 127.0.0.1 --only ldap --timeout 100ms --save {before}")
    after.write_text(before.read_text(encoding="utf-8").replace('"state": "refused"', '"state": "filtered"'))
    shell(f"{{ portcheck diff {before} {after}; echo $? >{tmp_path}/code; }} | true")
    assert (tmp_path / "code").read_text() == "1\n"


def test_too_few_descriptors_for_the_demo_is_a_line_and_3() -> None:
    told = shell("ulimit -n 16; portcheck demo")
    assert (told.returncode, told.stdout) == (3, "")
    assert told.stderr.startswith("portcheck: the embedded forests did not start on 127.0.0.1: ")
    assert len(told.stderr.splitlines()) == 1


@pytest.mark.parametrize("trouble", [MemoryError(), RuntimeError("can't start new thread")], ids=repr)
def test_a_machine_that_is_full_is_a_line_and_3(
    trouble: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise trouble

    monkeypatch.setattr("portcheck.commands.check.asked", full)
    assert run(CHECK.split()) == 3
    assert capsys.readouterr().err.startswith("portcheck: this machine has not enough memory")


@pytest.mark.parametrize("name", ["markdown", "html"])
def test_what_programs_read_is_utf_8_whatever_the_streams_encoding(name: str) -> None:
    told = shell(f"portcheck {CHECK} -f {name}", PYTHONIOENCODING="latin-1").stdout  # decoded as UTF-8 here
    assert not told.isascii()
    assert not {"\N{REPLACEMENT CHARACTER}", "\r"} & set(told)


def test_the_table_keeps_to_what_the_stream_knows() -> None:
    assert shell(f"portcheck {CHECK}", PYTHONIOENCODING="cp850").stdout.isascii()
    assert not shell(f"portcheck {CHECK}", PYTHONIOENCODING="utf-8").stdout.isascii()


CHANGED = f"{CHECK} --fail-on changed --deadline 30s"


def held(line: str, folder: Path, *, read: bool) -> tuple[int, str, str]:
    """With a full pipe as stderr that is read from the start, or by nobody: exit code, stdout to its end, stderr."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b".")
    os.set_blocking(writer, True)
    heard: list[bytes] = []
    listening = threading.Thread(target=lambda: heard.extend(iter(lambda: os.read(reader, 65536), b"")))
    settings = {**os.environ, "PYTHONPATH": PROJECT, "PORTCHECK_STATE_DIR": str(folder), "PYTHONUNBUFFERED": ""}
    command = [sys.executable, "-m", "portcheck", *line.split()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=writer, text=True, env=settings) as program:
        os.close(writer)
        if read:
            listening.start()
        try:
            shown, _ = program.communicate(timeout=120)
        finally:
            program.kill()
    if read:
        listening.join()
    os.close(reader)
    return program.returncode, shown, b"".join(heard).decode().lstrip(".")


@pytest.mark.parametrize("more", ["", " -q"])
def test_an_stderr_that_nobody_reads_costs_no_result_and_keeps_no_run_from_its_end(more: str, tmp_path: Path) -> None:
    report = tmp_path / "run.json"
    code, shown, _ = held(f"{CHANGED}{more} --save {report}", tmp_path / "state", read=False)
    assert (code, "127.0.0.1" in shown) == (0, True)
    assert json.loads(report.read_text(encoding="utf-8"))["summary"]["checks"] == 1
    assert "1  " in shell("portcheck history", PORTCHECK_STATE_DIR=str(tmp_path / "state")).stdout


def test_an_stderr_that_is_read_late_gets_every_line(tmp_path: Path) -> None:
    code, shown, said = held(CHANGED, tmp_path / "state", read=True)
    assert (code, "not running on 127.0.0.1" in shown) == (0, True)
    assert [line.partition(" ")[0] for line in said.splitlines()] == ["[1/1]", "done", "portcheck:"]
