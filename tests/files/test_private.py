"""One check for every file that holds a secret, whoever reads it; and no child process is told any."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from portcheck.automation import hook, notify
from portcheck.automation.alerting import Alert, When, prepared
from portcheck.cli.passwords import read_password
from portcheck.config import ConfigError
from portcheck.files import reading
from portcheck.files.private import wrong_with

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
URL = "json://127.0.0.1/hook"
READERS: dict[str, Callable[[Path], object]] = {
    "password_file": read_password,
    "--notify-file": lambda path: prepared(Alert(When.ALWAYS, path)),
}


@pytest.fixture(params=READERS)
def read(request: pytest.FixtureRequest) -> Callable[[Path], object]:
    return READERS[request.param]


def secret(folder: Path, mode: int) -> Path:
    path = folder / "secret"
    path.write_text(URL, encoding="utf-8")
    path.chmod(mode)
    return path


@posix
@pytest.mark.parametrize("mode", [0o400, 0o600])
def test_an_own_file_closed_to_others_is_read(read: Callable[[Path], object], mode: int, tmp_path: Path) -> None:
    assert read(secret(tmp_path, mode))


@posix
@pytest.mark.parametrize("mode", [0o440, 0o604, 0o620])
def test_one_that_others_may_read_is_refused(read: Callable[[Path], object], mode: int, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"others may read it \(mode {mode:04o}\); chmod 600 it"):
        read(secret(tmp_path, mode))


@posix
def test_systemds_credential_is_read_by_all_and_only_from_its_folder(
    read: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """0440 and root's: https://www.freedesktop.org/software/systemd/man/systemd.exec.html#Credentials"""
    path = secret(tmp_path, 0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert read(path)
    path.chmod(0o444)
    with pytest.raises(ConfigError, match="others may read it"):
        read(path)
    path.chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "other"))
    with pytest.raises(ConfigError, match="others may read it"):
        read(path)


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files away")
def test_another_users_file_is_refused(
    read: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    path = secret(tmp_path, 0o600)
    os.chown(path, 65534, 65534)
    with pytest.raises(ConfigError, match="another user"):
        read(path)


@posix
def test_a_pipe_is_read_and_not_waited_for_for_ever(
    read: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `<(pass show …)` gives it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    writer = threading.Thread(target=pipe.write_text, args=(URL,))
    writer.start()
    assert read(pipe)
    writer.join()
    monkeypatch.setattr(reading, "PATIENCE_S", 0.05)
    with pytest.raises(ConfigError, match="nothing is written"):
        read(pipe)


@pytest.mark.parametrize("name", ["", "null\0byte", "missing"])
def test_what_is_no_file_is_one_line(read: Callable[[Path], object], tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError):
        read(tmp_path / name)


def told_to_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PORTCHECK_PASSWORD_ALPHA_TEST", "PORTCHECK_PASSWORD", "PORTCHECK_NOTIFY"):
        monkeypatch.setenv(name, "hunter2")
    monkeypatch.setenv("PORTCHECK_STATE_DIR", "kept")


def test_the_hook_is_told_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told_to_a_child(monkeypatch)
    script = f"import json, os; json.dump(dict(os.environ), open({str(tmp_path / 'told')!r}, 'w'))"
    assert hook.run([sys.executable, "-c", script], {"PORTCHECK_CHANGES": "1"}, "") is None
    told = json.loads((tmp_path / "told").read_text(encoding="utf-8"))
    assert "hunter2" not in told.values()
    assert (told["PORTCHECK_STATE_DIR"], told["PORTCHECK_CHANGES"]) == ("kept", "1")


def test_no_notice_is_sent_with_a_secret_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some of apprise's services start programs, which inherit what is there."""
    told_to_a_child(monkeypatch)
    around: list[dict[str, str]] = []
    monkeypatch.setattr(notify, "_sent", lambda *_: bool(around.append(dict(os.environ)) or True))
    assert list(notify.send([URL], "title", "body")) == []
    assert "hunter2" not in around[0].values()
    assert around[0]["PORTCHECK_STATE_DIR"] == "kept"


@pytest.mark.parametrize(
    ("owner", "readers", "says"),
    [
        ("S-1-5-21-1-2-3-1001", ["S-1-5-18", "S-1-5-32-544", "S-1-5-21-1-2-3-1001"], None),
        ("S-1-5-32-544", ["S-1-5-21-1-2-3-1001"], None),
        ("S-1-5-21-1-2-3-1001", ["S-1-5-18", "S-1-5-32-545"], "others may read it (Users)"),
        ("S-1-5-21-1-2-3-1001", ["S-1-1-0", "S-1-5-11"], "others may read it (Everyone, Authenticated Users)"),
        ("S-1-5-21-1-2-3-1001", ["S-1-5-21-1-2-3-513"], "others may read it (Domain Users)"),
        ("S-1-5-21-1-2-3-1002", ["S-1-5-21-1-2-3-1001"], "belongs to another user"),
    ],
)
def test_on_windows_the_access_list_says_who_may_read(owner: str, readers: list[str], says: str | None) -> None:
    found = wrong_with(owner, readers, me="S-1-5-21-1-2-3-1001")
    assert (found is None) if says is None else (found or "").startswith(says)


@pytest.mark.skipif(sys.platform != "win32", reason="access lists")
def test_windows_tells_the_owner_and_the_readers_of_an_open_file(tmp_path: Path) -> None:
    from portcheck.files.access_list import myself, owner_and_readers

    with secret(tmp_path, 0o600).open("rb") as file:
        owner, readers = owner_and_readers(file.fileno())
    assert owner == myself()
    assert owner in readers


@pytest.mark.skipif(sys.platform != "win32", reason="access lists")
def test_a_file_that_everyone_may_read_is_refused_on_windows(read: Callable[[Path], object], tmp_path: Path) -> None:
    path = secret(tmp_path, 0o600)
    assert read(path)
    let_everyone_read(path)
    with pytest.raises(ConfigError, match=r"others may read it \(Everyone\); icacls"):
        read(path)


def let_everyone_read(path: Path) -> None:
    """As `icacls FILE /grant *S-1-1-0:R`, which Wine has not: the list in the words of SDDL."""
    import ctypes

    descriptor = ctypes.c_void_p()
    advapi = ctypes.WinDLL("advapi32")
    assert advapi.ConvertStringSecurityDescriptorToSecurityDescriptorW("D:(A;;FR;;;WD)", 1, ctypes.byref(descriptor), 0)
    assert advapi.SetFileSecurityW(str(path), 4, descriptor)
