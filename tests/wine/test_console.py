"""What a redirected stream and a handed-over file hold on Windows: bytes, as PowerShell and cmd would get them."""

from __future__ import annotations

import codecs
import json
from pathlib import Path

import pytest

from portcheck.cli.demo_forests import embedded
from tests.wine.windows import Done, Windows, windows_path

FOREST = (
    '[[forest]]\r\nname = "alpha.test"\r\ndomain_controllers = [{ host = "dc1.alpha.test", address = "127.0.0.1" }]\r\n'
)
CODE_PAGE = "cp1252"


def test_the_version_comes_out_whole(windows: Windows) -> None:
    done = windows.portcheck("--version")
    assert (done.code, done.out.split()[0], done.err) == (0, b"portcheck", b"")


@pytest.fixture(scope="module")
def run(windows: Windows, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a closed controller, as standard output was given it, and its forests file was handed over."""
    folder = tmp_path_factory.mktemp("run")
    forests = folder / "w\N{LATIN SMALL LETTER A WITH DIAERESIS}lder in use.toml"
    forests.write_bytes(codecs.BOM_UTF8 + FOREST.encode())  # a space, a letter that code pages differ in, CRLF, a mark
    done = windows.portcheck("check", "-c", windows_path(forests), "--only", "ldap", "--no-trace", "-f", "json")
    assert (done.code, b"Traceback" in done.err, b"FAILED" in done.err) == (1, False, True)
    path = folder / "run.json"
    path.write_bytes(codecs.BOM_UTF16_LE + done.out.decode("utf-8").encode("utf-16-le"))  # PowerShell's own redirection
    return path


def test_a_closed_controller_is_refused_and_the_report_is_json(run: Path) -> None:
    report = json.loads(run.read_text(encoding="utf-16"))
    (check,) = report["checks"]
    assert (check["state"], report["vantage"]["platform"]) == ("refused", "win32")


def test_a_healthy_run_writes_nothing_to_a_redirected_stderr(windows: Windows, tmp_path: Path) -> None:
    """PowerShell's remoting prints whatever comes there as an error."""
    with embedded() as (forests, _):
        healthy = forests[0]
        config = tmp_path / "forests.toml"
        config.write_text(
            f'[[forest]]\nname = "{healthy.name}"\n'
            f'domain_controllers = [{{ host = "dc1.{healthy.name}", address = "{healthy.dns[0].host}" }}]\n'
            f"ports = {{ ldap = {healthy.ports['ldap']} }}\n",
            encoding="utf-8",
        )
        done = windows.portcheck("check", "-c", windows_path(config), "--only", "ldap")
    assert (done.code, done.err) == (0, b""), done.out.decode(CODE_PAGE)
    assert healthy.name.encode() in done.out


FORMATS = ("csv", "html", "prometheus", "markdown", "json")
PLACES = ("COM9", r"\\localhost\share\run.json", "C:\\" + "deep\\" * 60 + "run.json")


@pytest.fixture(scope="module")
def told(windows: Windows, run: Path) -> dict[str, Done]:
    """What `report` of that run does, by the format or the place that is asked for."""
    asked = {name: ("-f", name) for name in FORMATS}
    asked |= {place: ("-o", place) for place in PLACES} | {"NUL": ("-f", "json", "-o", "NUL")}
    lines = {name: ("report", windows_path(run), *words) for name, words in asked.items()}
    lines["explain"] = ("explain", "failed-connection", "--report", windows_path(run))
    return dict(zip(lines, windows.several(*lines.values()), strict=True))


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_but_the_table_is_utf_8(told: dict[str, Done], name: str) -> None:
    assert "alpha.test" in told[name].out.decode("utf-8")
    assert b"Traceback" not in told[name].err


def test_what_is_said_to_people_reads_the_same_in_every_code_page(told: dict[str, Done]) -> None:
    """Neither that of windows nor that of consoles is known to be the reader's."""
    assert (told["explain"].code, told["explain"].err) == (0, b"")
    assert b"refused by the host - holds" in told["explain"].out
    assert told["explain"].out.isascii()


def test_the_table_uses_marks_that_the_code_page_has(windows: Windows, run: Path) -> None:
    done = windows.portcheck("report", windows_path(run))
    shown = done.out.decode(CODE_PAGE)
    assert "alpha.test" in shown
    assert b"\x1b" not in done.out
    assert b"Traceback" not in done.err
    assert not {"?", "\N{REPLACEMENT CHARACTER}"} & set(shown.splitlines()[0])


PLUGIN = "from portcheck.__main__ import check_portcheck as run; run()"  # as check_portcheck.cmd has it


def test_the_plugin_is_utf_8(windows: Windows) -> None:
    done = windows.run(windows.python, "-c", PLUGIN, "-H", "127.0.0.1", "--only", "ldap", "-t", "60")
    assert (done.code, done.err) == (2, b"")
    assert "389 tcp refused \N{EN DASH} the service does not run" in done.out.decode("utf-8")


@pytest.mark.parametrize("place", PLACES)
def test_a_place_that_windows_does_not_take_is_one_line(told: dict[str, Done], place: str) -> None:
    assert (told[place].code, len(told[place].err.splitlines())) == (2, 1), told[place].err
    assert b"Traceback" not in told[place].err


def test_what_is_written_to_no_place_is_written(told: dict[str, Done]) -> None:
    assert (told["NUL"].code, told["NUL"].err) == (told["json"].code, b"")


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
