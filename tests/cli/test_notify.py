"""Notices to a real SMTP and a real HTTP server: when they are sent, what they say, and that no secret stays behind."""

from __future__ import annotations

import asyncio
import email
import email.policy
import http.server
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import threading
import zlib
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from factories import check, finding, outcome, report

from portcheck.automation import alerting
from portcheck.automation.notify import send
from portcheck.model import Change, Comparison, State, Verdict
from portcheck.render.shared import notice

ROOT = Path(__file__).parents[2]
CHECK = ("check", "127.0.0.1", "--only", "ldap", "--timeout", "100ms", "-q")
SECRET = "hunter2-7f3a"


class Mailbox:
    """What the SMTP server was given."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, *told: Any) -> str:  # noqa: N802 - aiosmtpd's name
        _, _, envelope = told
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 taken"


class OnSocket(Controller):
    """Serves on a socket that is bound already: nobody else can take its port meanwhile."""

    def __init__(self, box: Mailbox, listening: socket.socket) -> None:
        self.listening = listening
        super().__init__(box, hostname="127.0.0.1", port=listening.getsockname()[1])

    def _create_server(self) -> Coroutine[Any, Any, asyncio.AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self.listening)


@pytest.fixture
def smtp() -> Iterator[tuple[Mailbox, str]]:
    box = Mailbox()
    server = OnSocket(box, socket.create_server(("127.0.0.1", 0)))
    port = server.port
    server.start()
    yield box, f"mailto://127.0.0.1:{port}?from=portcheck@mim1.test&to=ops@corp.test&mode=insecure"
    server.stop()


@dataclass
class Web:
    """An HTTP server that notes what it is sent; `status` is its answer."""

    url: str = ""
    status: int = 200
    posts: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture
def web() -> Iterator[Web]:
    one = Web()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            one.posts.append(json.loads(self.rfile.read(length)))
            self.send_response(one.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    one.url = f"json://user:{SECRET}@127.0.0.1:{server.server_port}/hook/{SECRET}"
    yield one
    server.shutdown()
    server.server_close()


def program(folder: Path, *more: str, urls: str | None = None) -> subprocess.CompletedProcess[str]:
    surroundings = os.environ | {"PORTCHECK_STATE_DIR": str(folder / "state"), "PYTHONPATH": str(ROOT)}
    surroundings |= {"HOME": str(folder / "home"), "XDG_CONFIG_HOME": str(folder / "home")}
    surroundings |= {} if urls is None else {"PORTCHECK_NOTIFY": urls}
    return subprocess.run(
        [sys.executable, "-m", "portcheck", *CHECK, *more],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=surroundings,
        cwd=folder,
    )


def private(folder: Path, *urls: str) -> str:
    path = folder / "urls"
    path.write_text("# where notices go\n\n" + "\n".join(urls) + "\n", encoding="utf-8")
    path.chmod(0o600)
    return str(path)


def test_a_failure_is_mailed_with_the_finding_and_its_fix(tmp_path: Path, smtp: tuple[Mailbox, str]) -> None:
    box, url = smtp
    run = program(tmp_path, "--notify", "on-failure", urls=url)
    assert (run.returncode, run.stderr) == (1, "")
    (mail,) = box.mails
    assert "127.0.0.1: 1 fault" in mail["Subject"]
    body = mail.get_body(("plain", "html"))
    assert body is not None
    assert "not running on 127.0.0.1: ldap (389/tcp)" in body.get_content()
    assert "Ask the AD team" in body.get_content()


def test_on_change_keeps_quiet_until_something_changed(tmp_path: Path, web: Web) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        (tmp_path / "forests.toml").write_text(
            '[[forest]]\nname = "alpha.test"\ndiscover = false\n'
            'domain_controllers = ["127.0.0.1"]\n'  # no name, which this machine's DNS knows in time, or not
            f'extra = [{{ name = "pcns", port = {port} }}]\n'
        )
        asked = ["-c", str(tmp_path / "forests.toml"), "alpha.test", "--only", f"{port}/tcp", "--notify", "on-change"]
        urls = private(tmp_path, web.url)
        for _ in range(2):
            program(tmp_path, *asked[:2], *asked[2:], "--skip", "ldap", "--notify-file", urls)
        assert web.posts == []
    program(tmp_path, *asked, "--skip", "ldap", "--notify-file", urls)
    (post,) = web.posts
    assert "changed" in post["title"]
    assert "open → refused" in post["message"]


def test_always_is_always_and_each_url_gets_it(tmp_path: Path, web: Web, smtp: tuple[Mailbox, str]) -> None:
    box, url = smtp
    run = program(tmp_path, "--notify", "always", "--fail-on", "never", urls=f"{url} {web.url}")
    assert (run.returncode, run.stderr) == (0, "")
    assert (len(box.mails), len(web.posts)) == (1, 1)


@pytest.mark.parametrize("trouble", ["refused", "server error", "unknown service", "incomplete"])
def test_a_notice_that_cannot_be_sent_is_one_line_and_changes_nothing(tmp_path: Path, web: Web, trouble: str) -> None:
    web.status = 500
    url = {
        "refused": f"json://user:{SECRET}@127.0.0.1:1/",
        "server error": web.url,
        "unknown service": f"nosuchthing://{SECRET}",
        "incomplete": f"slack://{SECRET}",
    }[trouble]
    run = program(tmp_path, "--notify", "always", urls=url)
    assert run.returncode == 1
    assert "127.0.0.1  389 tcp refused" in run.stdout
    (line,) = run.stderr.splitlines()
    assert line.startswith(f"portcheck: notice 1 ({url.split(':')[0]}) was not delivered")
    assert SECRET not in run.stderr


@pytest.mark.filterwarnings("default")  # of the library's own
def test_a_service_that_never_answers_is_left_behind() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"json://127.0.0.1:{silent.getsockname()[1]}/{SECRET}"
        (line,) = send([url], "title", "body", longest_s=0.5)
    assert line == "notice 1 (json) was not sent within 0.5 s"


def test_no_secret_is_left_anywhere(tmp_path: Path, web: Web) -> None:
    """Everything a run prints and leaves behind, the history unpacked."""
    run = program(
        tmp_path, "-v", "--notify", "always", "--notify-file", private(tmp_path, web.url), "--save", "run.json",
        "-f", "table", "-f", "json", "-o", "run.txt", "-o", "again.json",
    )  # fmt: skip
    assert run.returncode == 1, run.stderr
    assert len(web.posts) == 1
    (tmp_path / "urls").unlink()
    left = [run.stdout.encode(), run.stderr.encode()]
    left += [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(left) >= 6
    with sqlite3.connect(tmp_path / "state" / "history.db") as database:
        left += [zlib.decompress(blob) for (blob,) in database.execute("SELECT report FROM run")]
    database.close()
    assert not any(SECRET.encode() in content for content in left)


BAD = {
    "open to others": (0o644, "json://127.0.0.1"),
    "open to the group": (0o640, "json://127.0.0.1"),
    "no URL": (0o600, f"not a url {SECRET}"),
    "nothing in it": (0o600, "# only words"),
    "too large": (0o600, "x" * 100_000),
}


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
@pytest.mark.parametrize("bad", BAD)
def test_a_file_that_will_not_do_is_one_line_and_nothing_is_sent(tmp_path: Path, bad: str) -> None:
    mode, content = BAD[bad]
    path = tmp_path / "urls"
    path.write_text(content)
    path.chmod(mode)
    run = program(tmp_path, "--notify", "always", "--notify-file", str(path))
    assert (run.returncode, run.stdout, len(run.stderr.splitlines())) == (2, "", 1)
    assert SECRET not in run.stderr


def test_without_urls_or_without_apprise_nothing_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = program(tmp_path, "--notify", "always")
    assert (run.returncode, run.stdout, len(run.stderr.splitlines())) == (2, "", 1)
    assert "PORTCHECK_NOTIFY" in run.stderr
    monkeypatch.setenv("PORTCHECK_NOTIFY", "json://127.0.0.1")
    monkeypatch.setattr(alerting.importlib.util, "find_spec", lambda name: None if name == "apprise" else True)
    with pytest.raises(alerting.ConfigError, match=re.escape(f"{sys.executable} -m pip install apprise")):
        alerting.prepared(alerting.Alert(alerting.When.ALWAYS))


def test_on_change_needs_the_history(tmp_path: Path) -> None:
    run = program(tmp_path, "--notify", "on-change", "--no-history", urls="json://127.0.0.1")
    assert (run.returncode, run.stdout, len(run.stderr.splitlines())) == (2, "", 1)


def test_a_notice_stays_short_and_harmless_whatever_the_network_says() -> None:
    names = [f"evil\x1b[2J\r\n{n}.alpha.test" for n in range(200)]
    found = [outcome(check("ldap/tcp", host), State.FILTERED, reason="a\nb\u202e") for host in names]
    changes = tuple(Change(o.check.id, State.OK, State.FILTERED, Verdict.PASS, Verdict.FAIL) for o in found)
    compared = Comparison("2026-11-25T01:00:00.000Z", changes)
    run = report(*found, findings=(finding(title="t\x07" * 99, hosts=tuple(names)),), compared=compared)
    assert len(notice.title(run)) <= notice.TITLE_WIDTH
    assert "\n" not in notice.title(run)
    assert len(notice.body(run).splitlines()) <= notice.MOST_LINES + 1
    assert not set("\x1b\x07\r\u202e") & set(notice.title(run) + notice.body(run))
