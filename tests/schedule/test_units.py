"""The units say what was asked, and each scheduler's own reader takes them: systemd's, a shell behind cron, XML."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from contextlib import nullcontext
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from portcheck.cli.app import run
from portcheck.config import ConfigError
from portcheck.schedule import cron, systemd, windows
from portcheck.schedule.job import Scheduled, interval, refuse_secret

ANALYZE = shutil.which("systemd-analyze")
NEEDS_SYSTEMD = pytest.mark.skipif(ANALYZE is None, reason="needs systemd-analyze (Debian: systemd)")
ODD = ("check", "100%", "$HOME", "${HOME}", "a b", "it's", 'say "x"', "back\\slash", "%h", "ü", ";", "#", "*", "\\", "")
NS = {"t": windows.NAMESPACE}


def verified(folder: Path, job: Scheduled) -> str:
    """What systemd-analyze has to say of both units; nothing where they are good."""
    assert ANALYZE is not None
    service, timer = folder / f"{job.name}.service", folder / f"{job.name}.timer"
    service.write_text(systemd.service(job), encoding="utf-8")
    timer.write_text(systemd.timer(job), encoding="utf-8")
    command = [ANALYZE, "verify", "--man=no", str(service), str(timer)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    own = [line for line in (done.stdout + done.stderr).splitlines() if str(folder) in line or job.name in line]
    return "\n".join(own)


@pytest.fixture
def program(tmp_path: Path) -> str:
    """An executable in a folder whose name holds everything that a unit file could misread."""
    folder = tmp_path / "odd %h $HOME dir"
    folder.mkdir()
    file = folder / "port check"
    file.write_text(f"#!{sys.executable}\nimport json, sys\njson.dump(sys.argv[1:], sys.stdout)\n", encoding="utf-8")
    file.chmod(0o755)
    return str(file)


@NEEDS_SYSTEMD
@pytest.mark.parametrize("every", [60, 900, 3600, 4 * 3600, 86400])
def test_systemd_takes_the_units(tmp_path: Path, every: int) -> None:
    job = Scheduled("portcheck", (sys.executable, *ODD), every, folders=(str(tmp_path),))
    assert verified(tmp_path, job) == ""
    assert verified(tmp_path, Scheduled("own", (sys.executable,), every, user="root", secrets="/etc/100%/urls")) == ""


@NEEDS_SYSTEMD
def test_systemd_finds_a_program_with_an_odd_name(tmp_path: Path, program: str) -> None:
    assert verified(tmp_path, Scheduled("portcheck", (program,), 900)) == ""
    missing = verified(tmp_path, Scheduled("portcheck", (f"{program} that is not there",), 900))
    assert "not executable" in missing or "No such file" in missing  # so the test above knows something


@NEEDS_SYSTEMD
@pytest.mark.parametrize(("every", "times"), [(900, 96), (3600, 24), (14400, 6), (86400, 1), (60, 1440)])
def test_the_calendar_comes_as_often_as_asked(every: int, times: int) -> None:
    assert ANALYZE is not None
    command = [ANALYZE, "calendar", "--iterations=3", "--base-time=2026-11-25 00:00:01", systemd.calendar(every)]
    plain = os.environ | {"TZ": "UTC", "LC_ALL": "C.UTF-8"}  # another zone may change its clock between two moments
    told = subprocess.run(command, capture_output=True, text=True, check=True, env=plain).stdout
    # "Iter. #2" became "Iteration #2" in systemd 255.
    moments = [
        line.split()[-2] for line in told.splitlines() if "Next elapse" in line or line.strip().startswith("Iter")
    ]
    seconds = [sum(int(part) * unit for part, unit in zip(m.split(":"), (3600, 60, 1), strict=True)) for m in moments]
    gaps = {(later - earlier) % 86400 for earlier, later in pairwise(seconds)}
    assert gaps == {every % 86400}
    assert times * every == 86400


def test_the_service_has_no_rights_and_the_timer_catches_up() -> None:
    job = Scheduled("portcheck", ("/usr/bin/portcheck",), 900)
    lines = systemd.service(job).splitlines()
    for wanted in ("DynamicUser=yes", "NoNewPrivileges=yes", "ProtectSystem=strict", "StateDirectory=portcheck"):
        assert wanted in lines
    assert {"Persistent=yes", "RandomizedDelaySec=90"} <= set(systemd.timer(job).splitlines())
    assert "User=root" in systemd.service(Scheduled("portcheck", ("x",), 900, user="root"))


@pytest.mark.skipif(sys.platform == "win32", reason="cron's shell")
def test_a_shell_behind_cron_gives_the_program_its_words(program: str) -> None:
    job = Scheduled("portcheck", (program, *ODD), 900, environment={"PORTCHECK_STATE_DIR": "/var/100% odd"})
    line = cron.line(job)
    assert line.startswith("*/15 * * * * ")
    assert "%" not in line.replace("\\%", "")  # cron takes a bare one for a line break
    command = line.split(" ", 5)[5].replace("\\%", "%").replace(" >/dev/null", "")
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert tuple(json.loads(done.stdout)) == ODD


@pytest.mark.parametrize(
    ("every", "words"),
    [(60, "* * * * *"), (300, "*/5 * * * *"), (3600, "0 * * * *"), (14400, "0 */4 * * *"), (86400, "0 0 * * *")],
)
def test_cron_knows_the_interval(every: int, words: str) -> None:
    assert cron.when(every) == words


def test_the_task_is_utf_16_and_in_the_order_of_its_schema() -> None:
    """https://learn.microsoft.com/windows/win32/taskschd/taskschedulerschema-triggerbasetype-complextype"""
    job = Scheduled("portcheck", ("C:\\Program Files\\portcheck.exe", *ODD), 900)
    content = windows.document(job)
    assert content.startswith((b"\xff\xfe", b"\xfe\xff"))
    root = Xml.fromstring(content.decode("utf-16").partition("\r\n")[2])
    assert (root.tag, root.get("version")) == (f"{{{windows.NAMESPACE}}}Task", "1.2")
    trigger = root.find("t:Triggers/t:TimeTrigger", NS)
    assert trigger is not None
    order = ["Enabled", "StartBoundary", "EndBoundary", "Repetition", "ExecutionTimeLimit", "RandomDelay"]
    names = [child.tag.partition("}")[2] for child in trigger]
    assert names == [name for name in order if name in names]
    assert root.findtext("t:Triggers/t:TimeTrigger/t:Repetition/t:Interval", "", NS) == "PT15M"
    assert root.findtext("t:Principals/t:Principal/t:UserId", "", NS) == windows.LOCAL_SERVICE
    assert root.findtext("t:Settings/t:MultipleInstancesPolicy", "", NS) == "IgnoreNew"
    assert root.findtext("t:Settings/t:StartWhenAvailable", "", NS) == "true"
    assert root.findtext("t:Actions/t:Exec/t:Command", "", NS) == "C:\\Program Files\\portcheck.exe"
    arguments = root.findtext("t:Actions/t:Exec/t:Arguments", "", NS)
    assert arguments.startswith('check 100% $HOME ${HOME} "a b" it\'s "say \\"x\\"" back\\slash %h ü ;')


@pytest.mark.parametrize(("user", "logon"), [(None, None), ("CONTOSO\\svc", "Password")])
def test_an_account_of_ones_own_signs_in_by_password_and_the_service_by_none(
    user: str | None, logon: str | None
) -> None:
    """The values: https://learn.microsoft.com/windows/win32/taskschd/taskschedulerschema-logontype-simpletype"""
    job = Scheduled("portcheck", ("portcheck.exe", "check"), 900, user=user)
    root = Xml.fromstring(windows.task(job))
    assert root.findtext("t:Principals/t:Principal/t:LogonType", None, NS) == logon
    command = windows.import_command(job, "C:\\a b\\portcheck.xml")
    assert command.startswith('schtasks /Create /TN portcheck /XML "C:\\a b\\portcheck.xml"')
    assert command.endswith("/RU CONTOSO\\svc /RP *") is (user is not None)


@pytest.mark.parametrize(
    ("argv", "user", "said"),
    [
        (("C:\\Users\\ann\\pc\\python.exe", "-m", "portcheck"), None, ["C:\\Users\\ann"]),
        (("C:\\pc\\python.exe", "-c", "c:\\users\\ann\\forests.toml"), None, ["c:\\users\\ann"]),
        (("C:\\Users\\ann\\pc\\python.exe",), "CONTOSO\\ann", []),
        (("\\\\fs1\\tools\\pc\\python.exe", "-m", "portcheck"), None, ["\\\\fs1\\tools"]),
        (("\\\\fs1\\tools\\pc\\python.exe",), "CONTOSO\\ann", []),
        (("\\\\?\\C:\\pc\\python.exe", "-c", "\\\\.\\pipe\\x"), None, []),
        (("C:\\ProgramData\\portcheck\\python.exe", "-c", "C:\\Users\\Public\\forests.toml"), None, []),
    ],
)
def test_what_the_services_account_may_not_read_is_said(
    argv: tuple[str, ...], user: str | None, said: list[str]
) -> None:
    cautions = list(windows.cautions(Scheduled("portcheck", argv, 900, user=user)))
    assert [caution.split(" may not read ")[1].split(",")[0] for caution in cautions] == said


def test_a_state_folder_is_to_be_set_for_the_machine() -> None:
    job = Scheduled("portcheck", ("portcheck.exe",), 900, environment={"PORTCHECK_STATE_DIR": "D:\\state"})
    assert [caution.partition("(")[2] for caution in windows.cautions(job)] == [
        "setx /M PORTCHECK_STATE_DIR D:\\state)"
    ]


@pytest.mark.parametrize(("seconds", "words"), [(60, "PT1M"), (900, "PT15M"), (14400, "PT4H"), (86400, "P1D")])
def test_durations_of_xml(seconds: int, words: str) -> None:
    assert windows.duration(seconds) == words


@pytest.mark.parametrize(("seconds", "near"), [(7 * 60, "6m"), (90, "1m"), (30, "1m"), (5 * 3600, "4h"), (9e5, "1d")])
def test_an_interval_that_cron_cannot_say_is_refused_with_the_nearest(seconds: float, near: str) -> None:
    with pytest.raises(ConfigError, match=f"the nearest that does is {near}"):
        interval(seconds)


FOREST = '[[forest]]\nname = "alpha.test"\n'


def test_what_is_shown_runs_the_check_that_was_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("forests.toml").write_text(FOREST, encoding="utf-8")
    Path("urls").write_text("json://127.0.0.1", encoding="utf-8")
    Path("urls").chmod(0o600)
    asked = ["--only", "kpasswd", "-f", "json", "-o", "r.json", "--fail-on", "changed", "--no-trace", "-v", "-4"]
    notices = ["--notify", "on-change", "--notify-file", "urls"]
    assert run(["schedule", "--every", "15m", "--for", "cron", *asked, *notices, "alpha.test"]) == 0
    said = capsys.readouterr().out
    for wanted in (
        f"check --config {shlex.quote(str(tmp_path / 'forests.toml'))}",
        "--only kpasswd",
        f"--format json --output {shlex.quote(str(tmp_path / 'r.json'))}",
        "--fail-on changed",
        "--no-trace",
        "--verbose",
        " -4 ",
        f"--notify on-change --notify-file {shlex.quote(str(tmp_path / 'urls'))}",
        "--lock -- alpha.test",
    ):
        assert wanted in said
    assert "--every" not in said


def test_the_secrets_file_goes_to_the_service_as_a_credential(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "urls").write_text("json://127.0.0.1", encoding="utf-8")
    (tmp_path / "urls").chmod(0o600)
    given = ["--notify", "always", "--notify-file", str(tmp_path / "urls")]
    assert run(["schedule", "--for", "systemd", "contoso.com", *given]) == 0
    said = capsys.readouterr().out
    assert f"LoadCredential=notify:{systemd.value(str(tmp_path / 'urls'))}" in said
    assert '"--notify-file" "${CREDENTIALS_DIRECTORY}/notify"' in said


def test_the_event_log_of_windows_needs_no_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schedule", "--for", "windows", "--notify", "eventlog://", "contoso.com"]) == 0
    assert "--notify eventlog://" in capsys.readouterr().out


def test_files_are_written_and_how_to_install_them_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kinds = [word for kind in ("systemd", "cron", "windows") for word in ("--for", kind)]
    assert run(["schedule", "contoso.com", "--name", "nightly", "--write", str(tmp_path), *kinds]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        f"nightly.{end}" for end in ("service", "timer", "cron", "xml")
    }
    said = capsys.readouterr().out
    assert "systemctl enable --now nightly.timer" in said
    assert said.count("# or, instead:\n") == 2
    assert "crontab" in said
    assert f"schtasks /Create /TN nightly /XML {tmp_path / 'nightly.xml'}" in said


def test_the_units_are_shown_as_a_choice(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schedule", "contoso.com", "--for", "systemd", "--for", "cron"]) == 0
    assert "# or, instead of both: crontab -e" in capsys.readouterr().out
    assert run(["schedule", "contoso.com", "--for", "cron"]) == 0
    assert "instead" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "bad",
    [
        ["--every", "7m"],
        ["--every", "soon"],
        ["--name", "a/b"],
        ["--write", "/nonexistent"],
        ["--user", "two\nlines"],
        ["--for", "at"],
        ["--only", "kpaswd"],
        ["--notify", "always"],
        ["--notify", "eventlog://", "--for", "cron"],
        ["--notify", "eventlog://", "--for", "windows", "--digest", "7d"],
    ],
    ids=" ".join,
)
def test_a_mistake_is_one_line_and_exit_2(
    bad: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTCHECK_NOTIFY", "json://127.0.0.1")
    assert run(["schedule", "contoso.com", *bad]) == 2
    said = capsys.readouterr()
    assert (said.out, len(said.err.splitlines())) == ("", 1)


@pytest.mark.parametrize(
    "given",
    [
        ["--proxy", "http://svc:hunter2@proxy.corp.test:3128"],
        ["--proxy", "svc:hunter2@proxy.corp.test:3128"],
        ["--proxy", "http://svc:hunter:2@proxy.corp.test"],
    ],
    ids=" ".join,
)
def test_no_unit_holds_a_password(given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schedule", "contoso.com", "--write", str(tmp_path), *given]) == 2
    said = capsys.readouterr()
    assert "hunter" not in said.out + said.err
    assert "EnvironmentFile=" in said.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["http://proxy.corp.test:3128", "http://svc@proxy.corp.test:3128", "none"])
def test_a_proxy_without_one_is_taken(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schedule", "contoso.com", "--for", "cron", "--proxy", url]) == 0
    assert f"--proxy {url}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("word", "secret"),
    [("ldap://u:p@dc1.alpha.test", True), ("ROLE=fd77::10", False), ("dc1.alpha.test:636", False), ("u@h", False)],
)
def test_what_looks_like_a_password(word: str, secret: bool) -> None:
    with pytest.raises(ConfigError) if secret else nullcontext():
        refuse_secret("TARGET", word)


@pytest.mark.skipif(sys.platform == "win32", reason="a folder is closed by its mode")
def test_a_folder_that_is_not_there_is_the_one_line_whatever_else_there_would_be_to_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clone in a closed home makes a warning of its own."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr("portcheck.commands.schedule._program", lambda: (str(closed / "portcheck"),))
    assert run(["schedule", "contoso.com", "--for", "systemd"]) == 0
    assert "may not enter" in capsys.readouterr().err
    assert run(["schedule", "contoso.com", "--for", "systemd", "--write", str(tmp_path / "nowhere")]) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"portcheck: --write: {tmp_path / 'nowhere'} is no directory; create it first"
    ]


def test_the_one_file_form_is_run_by_the_python_that_ran_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = tmp_path / "portcheck-1.0.pyz"
    one.write_bytes(b"PK")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(one)])
    assert run(["schedule", "--every", "15m", "--for", "cron", "alpha.test"]) == 0
    assert f"{shlex.join([sys.executable, str(one)])} check" in capsys.readouterr().out
