"""What a redirected stream and a handed-over file hold on Windows: bytes, as PowerShell and cmd would get them."""

from __future__ import annotations

import codecs
import json
from pathlib import Path

import pytest

from tests.wine.windows import Windows, windows_path

FOREST = (
    '[[forest]]\r\nname = "alpha.test"\r\ndomain_controllers = [{ host = "dc1.alpha.test", address = "127.0.0.1" }]\r\n'
)
CODE_PAGE = "cp1252"


@pytest.fixture
def forests(tmp_path: Path) -> str:
    path = tmp_path / "wälder in use.toml"  # a space, a letter that code pages differ in, CRLF, a mark
    path.write_bytes(codecs.BOM_UTF8 + FOREST.encode())
    return windows_path(path)


def test_the_version_comes_out_whole(windows: Windows) -> None:
    done = windows.portcheck("--version")
    assert (done.code, done.out.split()[0], done.err) == (0, b"portcheck", b"")


def test_a_closed_controller_is_refused_and_the_report_is_utf_8_json(windows: Windows, forests: str) -> None:
    done = windows.portcheck("check", "-c", forests, "--only", "ldap", "--no-trace", "-f", "json")
    report = json.loads(done.out.decode("utf-8"))
    (check,) = report["checks"]
    assert (check["state"], report["vantage"]["platform"], done.code) == ("refused", "win32", 1)
    assert b"Traceback" not in done.err


@pytest.mark.parametrize("name", ["csv", "jsonl", "markdown", "html", "junit", "nagios", "prometheus"])
def test_every_format_but_the_table_is_utf_8(windows: Windows, forests: str, name: str) -> None:
    done = windows.portcheck("check", "-c", forests, "--only", "ldap", "--no-trace", "-f", name)
    assert done.out.decode("utf-8")
    assert b"Traceback" not in done.err


def test_the_table_uses_marks_that_the_code_page_has(windows: Windows, forests: str) -> None:
    done = windows.portcheck("check", "-c", forests, "--only", "ldap", "--no-trace")
    shown = done.out.decode(CODE_PAGE)
    assert "alpha.test" in shown
    assert b"\x1b" not in done.out
    assert b"Traceback" not in done.err
    assert not {"?", "\N{REPLACEMENT CHARACTER}"} & set(shown.splitlines()[0])


def test_a_file_of_secrets_that_everyone_may_read_is_refused(windows: Windows, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(codecs.BOM_UTF8 + b"hunter2\r\n")
    config = tmp_path / "forests.toml"
    config.write_bytes(FOREST.encode() + b'bind = { user = "svc", password_file = "secret" }\r\n')
    for mode in (0o644, 0o600):
        secret.chmod(mode)
        done = windows.portcheck("check", "-c", windows_path(config), "--only", "ldap", "--no-trace", "--bind")
        assert (b"others may read it (Everyone)" in done.err) is (mode == 0o644), done.err
        assert b"hunter2" not in done.out + done.err
