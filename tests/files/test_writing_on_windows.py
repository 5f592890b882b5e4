"""Files on Windows: names that there are not, and files that another program has open."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from systems import windows_only

from portcheck.files import reading, writing

pytestmark = windows_only("names and open files as it has them")
NO_NAMES = ["run-12:30.json", "run?.json", "a*b", "<run>", 'say "x"', "a|b", "bell\a"]


@pytest.mark.parametrize("name", NO_NAMES)
def test_what_is_no_name_is_refused_before_any_work(name: str, tmp_path: Path) -> None:
    for attempt in (writing.refuse_unwritable, lambda path: writing.write_whole(path, "x")):
        with pytest.raises(writing.WriteError, match="Windows has no "):
            attempt(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_too_long_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(writing.WriteError, match="is no file name"):
        writing.refuse_unwritable(tmp_path / ("x" * 256))


@pytest.mark.parametrize("name", ["run-12.30.json", "run (2).json", "rün & co.json"])
def test_what_is_one_is_written(name: str, tmp_path: Path) -> None:
    writing.refuse_unwritable(tmp_path / name)
    writing.write_whole(tmp_path / name, "ü\n")
    assert (tmp_path / name).read_bytes() == "ü\n".encode()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_what_is_no_name_is_read_from_nowhere(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no file can have that name"):
        reading.read(tmp_path / "bell\a", 10)
    with pytest.raises(FileNotFoundError):
        reading.read(tmp_path / "nowhere", 10)


def test_a_file_that_stays_open_elsewhere_keeps_what_it_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "HELD_S", 0.0)
    path = tmp_path / "run.csv"
    path.write_text("old", encoding="utf-8")
    with path.open("rb"), pytest.raises(writing.WriteError, match="another program has it open, or this user may not"):
        writing.write_whole(path, "new")
    assert [(left.name, left.read_text(encoding="utf-8")) for left in tmp_path.iterdir()] == [("run.csv", "old")]


def test_a_file_that_is_open_elsewhere_for_a_moment_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A virus scanner looks at what was just written."""
    path = tmp_path / "run.csv"
    path.write_text("old", encoding="utf-8")
    looked = threading.Event()
    scanner = path.open("rb")

    def again(_: float) -> None:
        looked.set()
        scanner.close()

    monkeypatch.setattr(writing.time, "sleep", again)
    writing.write_whole(path, "new")
    assert looked.is_set()
    assert [(left.name, left.read_text(encoding="utf-8")) for left in tmp_path.iterdir()] == [("run.csv", "new")]
