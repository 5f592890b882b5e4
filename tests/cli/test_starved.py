"""A machine that has nothing left (descriptors, memory, threads, home, clock): the result, or a line and the code."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from portcheck.cli.app import run

PROJECT = str(Path(__file__).parents[2])
CHECK = ("check", "127.0.0.1", "--only", "ldap", "--timeout", "100ms", "-q")
RESULT = "127.0.0.1"
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="limits and users as POSIX has them")


def program(tmp_path: Path, *command: str, **surroundings: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"PYTHONPATH": PROJECT, "PORTCHECK_STATE_DIR": str(tmp_path / "state")} | surroundings
    env["PYTHONDONTWRITEBYTECODE"] = "1"  # under a limit Python itself leaves half a file behind
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=env)


@POSIX
@pytest.mark.parametrize("limit", ["-n 5", "-n 6", "-n 7", "-n 8", "-v 60000"])
def test_under_a_limit_of_the_shell_it_is_the_result_or_a_line(limit: str, tmp_path: Path) -> None:
    line = f'ulimit {limit} && exec "$@"'
    told = program(tmp_path, "sh", "-c", line, "sh", sys.executable, "-m", "portcheck", *CHECK)
    said = told.stderr.splitlines()
    assert all(line.startswith("portcheck: ") for line in said), told.stderr
    assert "itself failed" not in told.stdout
    if told.stdout:  # a result, perhaps without the history; what could not be asked is no answer of the host
        assert RESULT in told.stdout
        assert told.returncode in {1, 3}
        assert all("history" in line for line in said), told.stderr
    else:
        assert told.returncode == 3
        assert said, "not a word"
        assert all("history" in line for line in said[:-1]), told.stderr


@POSIX
def test_a_disk_that_takes_no_more_costs_no_other_output_and_no_old_file(tmp_path: Path) -> None:
    """As at the end of a quota: each write beyond some kilobytes fails."""
    old, small = tmp_path / "run.html", tmp_path / "run.csv"
    old.write_text("old", encoding="utf-8")
    outputs = ("-f", "html", "-o", str(old), "-f", "csv", "-o", str(small))
    told = program(
        tmp_path, "sh", "-c", 'ulimit -f 8 && exec "$@"', "sh", sys.executable, "-m", "portcheck", *CHECK, *outputs
    )
    assert (told.returncode, RESULT in told.stdout) == (1, True)
    assert (old.read_text(encoding="utf-8"), small.read_text(encoding="utf-8").count("\n")) == ("old", 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.csv", "run.html", "state"]
    lines = told.stderr.splitlines()
    assert f"portcheck: {old}: cannot be written: File too large" in lines
    assert all(line.startswith("portcheck: ") for line in lines)


FULL = """
mount -t tmpfs -o size=24k,mode=700 tmpfs "$0" && echo old >"$0/run.html"
"$@"; code=$?
ls "$0"; cat "$0/run.html"; exit $code
"""


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs root on Linux")
def test_a_full_disk_keeps_the_old_file_and_leaves_no_draft(tmp_path: Path) -> None:
    place = tmp_path / "full"
    place.mkdir()
    written = ("-f", "html", "-o", str(place / "run.html"))
    command = ("unshare", "--mount", "sh", "-c", FULL, str(place), sys.executable, "-m", "portcheck", *CHECK, *written)
    told = program(tmp_path, *command)
    assert (told.returncode, RESULT in told.stdout) == (1, True), told.stderr
    assert told.stdout.endswith("run.html\nold\n")
    assert told.stderr.splitlines() == [f"portcheck: {place / 'run.html'}: cannot be written: No space left on device"]


TROUBLE = [ImportError("libsqlite3.so.0: failed to map segment"), MemoryError(), OSError(24, "Too many open files")]


@pytest.mark.parametrize("trouble", TROUBLE, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(("more", "code"), [((), 1), (("--fail-on", "changed"), 3)], ids=["check", "fail on changed"])
def test_a_history_that_cannot_even_be_loaded_costs_no_result(
    trouble: Exception,
    more: tuple[str, ...],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def full(*_: object, **__: object) -> None:
        raise trouble

    monkeypatch.setattr("portcheck.history.database.work_here", full)
    assert run([*CHECK, *more]) == code
    said = capsys.readouterr()
    assert RESULT in said.out
    (line,) = said.err.splitlines()
    assert line.startswith("portcheck: the history cannot be used: ")


NOBODY = """
import pwd, sys
def unknown(_):
    raise KeyError("uid not found")
pwd.getpwuid = unknown
from portcheck import __main__
sys.argv = ["portcheck", *sys.argv[1:]]
__main__.main()
"""


@POSIX
@pytest.mark.parametrize("arguments", [CHECK, ("history",), ("config", "show"), ("check",)], ids=" ".join)
def test_a_user_without_home_and_without_an_entry_loses_nothing(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("PORTCHECK_STATE_DIR")
    monkeypatch.chdir(tmp_path)
    env = os.environ | {"PYTHONPATH": PROJECT}
    command = [sys.executable, "-c", NOBODY, *arguments]
    told = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=env)
    assert "Traceback" not in told.stderr
    assert (RESULT in told.stdout) is (arguments == CHECK)
    assert told.returncode == {CHECK: 1, ("config", "show"): 0}.get(arguments, 2), told.stderr


@pytest.mark.skipif(not shutil.which("faketime"), reason="faketime is not installed (Debian: tests/run installs it)")
@pytest.mark.parametrize("command", [CHECK, ("demo", "-q")], ids=lambda command: command[0])
def test_a_clock_at_the_end_of_all_years_is_a_line_and_3(command: tuple[str, ...], tmp_path: Path) -> None:
    faked = ("faketime", "-m", "--exclude-monotonic", "9999-12-31 12:00:00")
    told = program(tmp_path, *faked, sys.executable, "-m", "portcheck", *command)
    assert (told.returncode, told.stdout) == (3, "")
    assert told.stderr.splitlines() == [
        "portcheck: this machine's clock is beyond what can be told; the run was not done: set it"
    ]
