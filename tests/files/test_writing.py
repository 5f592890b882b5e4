"""Files are written whole, through no stranger's link, and look as before; streams take what they are given."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from portcheck.cli.app import run
from portcheck.files import writing
from portcheck.files.writing import WriteError, refuse_unwritable, write_whole

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="owners and links as POSIX has them")
root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files away")
NOBODY = 65534
FAST = ["check", "127.0.0.1", "--only", "ldap", "--timeout", "100ms", "--no-history"]


@pytest.fixture
def common() -> Iterator[Path]:
    """A folder that other users may enter, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def as_nobody() -> Iterator[None]:
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def shared(folder: Path) -> Path:
    """As /tmp is."""
    made = folder / "shared"
    made.mkdir()
    made.chmod(0o1777)
    return made


def given_away(path: Path) -> Path:
    os.lchown(path, NOBODY, NOBODY)
    return path


def complaint(path: Path) -> str:
    """What both say, before the run and at its end."""
    with pytest.raises(WriteError) as before:
        refuse_unwritable(path)
    with pytest.raises(WriteError) as after:
        write_whole(path, "new")
    assert str(before.value).rpartition(": ")[2] == str(after.value).rpartition(": ")[2]
    return str(after.value)


def test_a_new_file_has_the_mode_of_the_umask_and_an_old_one_keeps_its_own(tmp_path: Path) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    old.write_text("old", encoding="utf-8")
    old.chmod(0o640)
    before = os.umask(0o027)
    try:
        for path in (new, old):
            write_whole(path, "é\n")
    finally:
        os.umask(before)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (new, old)] == [0o640, 0o640]
    old.chmod(0o604)
    write_whole(old, b"\xff")
    assert (stat.S_IMODE(old.stat().st_mode), old.read_bytes()) == (0o604, b"\xff")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "old"]


@root
def test_an_old_file_keeps_its_owner(common: Path) -> None:
    path = common / "r.json"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o4640)
    given_away(path).chmod(0o4640)
    write_whole(path, "new")
    status = path.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (NOBODY, NOBODY, 0o4640)


@root
@pytest.mark.parametrize("exists", [True, False])
def test_a_strangers_link_is_refused_and_its_target_left_alone(common: Path, exists: bool) -> None:
    target = common / "passwd"
    if exists:
        target.write_text("root:x:0:0", encoding="utf-8")
        target.chmod(0o600)
    link = shared(common) / "report.json"
    link.symlink_to(target)
    assert "another user laid" in complaint(given_away(link))
    assert target.exists() == exists
    assert not exists or (target.read_text(encoding="utf-8"), stat.S_IMODE(target.stat().st_mode)) == (
        "root:x:0:0",
        0o600,
    )


@root
def test_a_strangers_link_to_a_folder_is_refused(common: Path) -> None:
    (common / "etc").mkdir()
    folder = common / "home"
    folder.mkdir()
    for where in (shared(common), given_away(folder)):
        link = where / "out"
        link.symlink_to(common / "etc")
        assert "another user laid" in complaint(given_away(link) / "r.json")
    assert list((common / "etc").iterdir()) == []


@root
def test_a_strangers_link_to_its_own_folder_is_followed(common: Path) -> None:
    home, real = common / "home", common / "home" / "2026"
    real.mkdir(parents=True)
    for path in (home, real):
        given_away(path)
    (home / "current").symlink_to("2026")
    write_whole(given_away(home / "current") / "r.json", "new")
    assert (real / "r.json").read_text(encoding="utf-8") == "new"


def test_own_links_are_followed_and_stay_links(tmp_path: Path) -> None:
    (tmp_path / "2026").mkdir()
    (tmp_path / "current").symlink_to("2026")
    (tmp_path / "latest.json").symlink_to("current/../current/r.json")
    for content in ("first", "second"):
        refuse_unwritable(tmp_path / "latest.json")
        write_whole(tmp_path / "latest.json", content)
        assert (tmp_path / "2026" / "r.json").read_text(encoding="utf-8") == content
    assert (tmp_path / "latest.json").is_symlink()
    (tmp_path / "round").symlink_to("round")
    assert "symbolic links" in complaint(tmp_path / "round")


@root
def test_an_own_link_to_another_users_file_is_refused_and_the_file_itself_is_not(common: Path) -> None:
    path = common / "theirs"
    path.write_text("old", encoding="utf-8")
    given_away(path)
    (common / "link").symlink_to(path)
    assert "another user's file" in complaint(common / "link")
    write_whole(path, "new")
    assert path.read_text(encoding="utf-8") == "new"


@root
@pytest.mark.parametrize("kind", ["file", "pipe"])
def test_what_a_stranger_laid_where_everyone_may_write_is_refused(common: Path, kind: str) -> None:
    path = shared(common) / "report.json"
    path.touch() if kind == "file" else os.mkfifo(path)
    path.chmod(0o666)
    assert "another user's" in complaint(given_away(path))


@root
def test_an_own_file_in_a_foreign_folder_is_written_in_place(common: Path) -> None:
    path = common / "mine.json"
    path.write_text("what was there was longer", encoding="utf-8")
    node = given_away(path).stat().st_ino
    with as_nobody():
        refuse_unwritable(path)
        write_whole(path, "new")
        with pytest.raises(WriteError, match="no new file may be made"):
            refuse_unwritable(common / "other.json")
    assert (path.read_text(encoding="utf-8"), path.stat().st_ino, path.stat().st_uid) == ("new", node, NOBODY)
    path.chmod(0o600)
    os.chown(path, 0, 0)
    with as_nobody():
        assert "Permission denied" in complaint(path)


@root
def test_streams_work_for_everyone(common: Path) -> None:
    """/dev takes no new file from a user; what is asked about is the stream."""
    with as_nobody():
        for path in ("/dev/null", "/dev/stderr", "/dev/fd/2"):
            refuse_unwritable(Path(path))
            write_whole(Path(path), "")


def test_a_descriptor_is_written_where_it_stands(tmp_path: Path) -> None:
    """As `>(…)` and `> file` give them: what was written before stays."""
    path = tmp_path / "all"
    with path.open("w", encoding="utf-8") as file:
        file.write("before\n")
        file.flush()
        for name in (f"/dev/fd/{file.fileno()}", f"/proc/self/fd/{file.fileno()}"):
            write_whole(name, "after\n")
    assert path.read_text(encoding="utf-8") == "before\nafter\nafter\n"


def test_a_descriptor_that_is_not_open_or_not_for_writing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r").touch()
    with (tmp_path / "r").open("rb") as file:
        number = file.fileno()
        with pytest.raises(WriteError, match="reading only"):
            refuse_unwritable(Path(f"/dev/fd/{number}"))
    with pytest.raises(WriteError):
        refuse_unwritable(Path(f"/dev/fd/{number}"))


def test_a_pipe_is_waited_for_and_given_all(tmp_path: Path) -> None:
    pipe, content, read = tmp_path / "pipe", "x" * 300_000, list[str]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    refuse_unwritable(pipe)
    write_whole(pipe, content)
    reader.join()
    assert read == [content]


def test_a_pipe_that_nobody_reads_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "PATIENCE_S", 0.05)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(WriteError, match="nobody reads"):
        write_whole(tmp_path / "pipe", "x")
    reading = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)  # there, and takes nothing
    with pytest.raises(WriteError, match="nobody reads"):
        write_whole(tmp_path / "pipe", "x" * 3_000_000)
    os.close(reading)


def shell(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = f'check() {{ "{sys.executable}" -m portcheck {" ".join(FAST)} -q "$@"; }}; {script}'
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, cwd=folder)


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
@pytest.mark.parametrize(
    "script",
    [
        "check -f csv -o - | cat",
        "check -f csv -o - > f; cat f",
        "check -f nagios -o f -f csv -o - | cat",
        "check -f csv -o /dev/stdout -f nagios -o f | grep -a forest,",
        "check -f csv -o /dev/stdout -f nagios -o f > g; head -1 g",
        "check -f csv -o /dev/stderr 2>&1 >/dev/null | cat",
        "check -f csv -o >(cat >f) >/dev/null; wait $!; cat f",
        "check -f csv -o /dev/fd/7 7>&1 >/dev/null | cat",
        "check -f csv -o f >/dev/null; cat f",
    ],
)
def test_the_shells_ways_to_say_where(script: str, tmp_path: Path) -> None:
    done = shell(script, tmp_path)
    assert done.stdout.startswith("forest,host,address,")
    assert done.stderr == ""


def test_standard_output_is_named_once(capsys: pytest.CaptureFixture[str]) -> None:
    for twice in (["-f", "csv", "-o", "-", "-f", "json"], ["-f", "csv", "-o", "-", "--save", "-"]):
        assert run([*FAST, *twice]) == 2
        assert "only one format can go to stdout" in capsys.readouterr().err
    assert run([*FAST, "--save", "-"]) == 1
    assert capsys.readouterr().out.startswith('{\n  "schema"')


@root
@pytest.mark.parametrize(("mode", "owner", "says"), [(0o700, NOBODY, "another user"), (0o770, 0, "chmod 700")])
def test_a_state_folder_of_others_keeps_nothing(
    common: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    mode: int,
    owner: int,
    says: str,
) -> None:
    state = common / "state"
    state.mkdir()
    state.chmod(mode)
    os.chown(state, owner, owner)
    monkeypatch.setenv("PORTCHECK_STATE_DIR", str(state))
    assert run([*FAST[:-1], "-q"]) == 1
    assert says in capsys.readouterr().err
    assert run([*FAST[:-1], "-q", "--lock"]) == 3
    assert says in capsys.readouterr().err
    assert list(state.iterdir()) == []


@root
def test_a_history_in_a_folder_of_others_is_not_read(
    common: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORTCHECK_STATE_DIR", str(common / "state"))
    assert run([*FAST[:-1], "-q"]) == 1
    assert stat.S_IMODE((common / "state").stat().st_mode) == 0o700
    assert run(["history"]) == 0
    given_away(common / "state")
    capsys.readouterr()
    assert run(["history"]) == 2
    assert "another user" in capsys.readouterr().err
    assert run([*FAST[:-1], "-q", "--fail-on", "changed"]) == 3


def test_where_the_file_itself_cannot_be_replaced_the_draft_is_copied_into_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mount of the single file: pieces are made once, and what was longer is gone."""
    path = tmp_path / "r.json"
    path.write_text("what was there, and longer", encoding="utf-8")

    def busy(*_: object, **__: object) -> None:
        raise OSError(errno.EBUSY, "busy")

    monkeypatch.setattr(writing.os, "replace", busy)
    write_whole(path, iter(["new", " pieces"]))
    assert path.read_text(encoding="utf-8") == "new pieces"
    assert list(tmp_path.iterdir()) == [path]


def test_a_fault_amid_the_pieces_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text("old", encoding="utf-8")

    def pieces() -> Iterator[str]:
        yield "x" * writing.A_WRITE
        raise PermissionError(errno.EACCES, "amid")

    with pytest.raises(WriteError):
        write_whole(path, pieces())
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]
