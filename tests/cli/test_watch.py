"""`portcheck watch`, whole: a port that opens while it waits, on real sockets; a command at the change; Ctrl-C."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from portcheck.automation import hook
from portcheck.cli.app import run

ROOT = Path(__file__).parents[2]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals and terminals")


@dataclass
class Host:
    """A port that answers, one that is closed until it is opened, and how often the first was called.

    The closed one is held all the time, so that nobody else gets it: a socket that does not listen refuses.
    """

    good: socket.socket
    server: socket.socket
    calls: int = 0
    later: list[socket.socket] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.server.getsockname()[1])

    def count(self) -> None:
        while True:
            try:
                connection, _ = self.good.accept()
            except OSError:
                return
            self.calls += 1
            self.later.append(connection)

    def open(self) -> None:
        self.server.listen()


@pytest.fixture
def host() -> Iterator[Host]:
    with socket.create_server(("127.0.0.1", 0)) as good, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        one = Host(good, closed)
        threading.Thread(target=one.count, daemon=True).start()
        yield one
        good.shutdown(socket.SHUT_RDWR)
        for opened in one.later:
            opened.close()


@pytest.fixture
def command(host: Host, tmp_path: Path) -> list[str]:
    good = host.good.getsockname()[1]
    (tmp_path / "forests.toml").write_text(
        f"""
[[forest]]
name = "alpha.test"
domain_controllers = [{{ host = "dc1.alpha.test", address = "127.0.0.1" }}]
discover = false
extra = [{{ name = "good", port = {good} }}, {{ name = "later", port = {host.port} }}]
""",
        encoding="utf-8",
    )
    only = ["--only", f"{good}/tcp", "--only", f"{host.port}/tcp"]
    waits = ["--every", "1s", "--timeout", "5s", "--no-trace", "--no-color"]
    return [sys.executable, "-m", "portcheck", "watch", "-c", str(tmp_path / "forests.toml"), *only, *waits]


@contextmanager
def started(command: list[str], *more: str) -> Iterator[subprocess.Popen[str]]:
    surroundings = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [*command, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=surroundings
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def until_first_round(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_it_ends_with_0_when_the_port_opens_and_says_what_changed(command: list[str], host: Host) -> None:
    with started(command, "--until", "ok") as process:
        assert "1 of 2 as expected, 1 failed; watching every 1 s" in until_first_round(process)
        host.open()
        out, err = process.communicate(timeout=180)
    assert (process.returncode, err) == (0, "")
    assert f"{host.port}/tcp on dc1: refused → open" in out
    assert "1 check changed since" in out
    assert "Changed since" in out  # and the summary at the end says it again
    assert out.splitlines()[-1] == "✔ alpha.test  all well, 2 of 2 as expected"


def test_what_is_good_is_left_in_peace(command: list[str], host: Host, tmp_path: Path) -> None:
    """Two whole rounds, first and last, call the good port; those between do not."""
    with started(command, "--until", "ok", "-f", "json", "-o", str(tmp_path / "r.json")) as process:
        until_first_round(process)
        threading.Event().wait(2.5)  # rounds go by in which only the closed port is asked
        host.open()
        process.communicate(timeout=180)
    assert process.returncode == 0
    assert host.calls == 2
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["summary"]["exit_code"] == 0
    assert [(c["before"], c["after"]) for c in report["compared"]["changes"]] == [("refused", "open")]


@POSIX
def test_ctrl_c_ends_it_with_130_and_all_that_is_known(command: list[str]) -> None:
    with started(command) as process:
        until_first_round(process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=180)
    assert (process.returncode, err) == (130, "")
    assert "alpha.test: 1 fault, 1 of 2 as expected" in out
    last = out.rstrip().split("\n\n")[-1].splitlines()  # the conclusion and what to do, as of every command
    assert (last[0][0], len(last) < 23) == ("✖", True)
    assert any(line.startswith("next portcheck ") for line in last)


@POSIX
def test_a_command_gets_the_change_and_no_shell_reads_it(command: list[str], host: Host, tmp_path: Path) -> None:
    script = tmp_path / "hook.py"
    script.write_text(
        "import json, os, sys\n"
        "told = {k: v for k, v in os.environ.items() if k.startswith('PORTCHECK_')}\n"
        f"json.dump([sys.argv[1:], told, json.load(sys.stdin)], open({str(tmp_path / 'told.json')!r}, 'w'))\n"
    )
    words = f"{sys.executable} {script} '$(touch {tmp_path}/injected)' ';' \"a b\""
    os.environ["PORTCHECK_NOTIFY"] = "mailto://secret@example.com"
    try:
        with started(command, "--until", "ok", "--exec", words) as process:
            until_first_round(process)
            host.open()
            process.communicate(timeout=180)
    finally:
        del os.environ["PORTCHECK_NOTIFY"]
    arguments, told, document = json.loads((tmp_path / "told.json").read_text())
    assert arguments == [f"$(touch {tmp_path}/injected)", ";", "a b"]
    assert not (tmp_path / "injected").exists()
    assert told["PORTCHECK_CHANGES"] == "1"
    assert "PORTCHECK_NOTIFY" not in told
    assert [(c["before"], c["after"]) for c in document["changes"]] == [("refused", "open")]


def test_a_command_that_fails_is_a_line_and_the_watch_goes_on(command: list[str], host: Host) -> None:
    with started(command, "--until", "ok", "--exec", f'"{sys.executable}" -c "raise SystemExit(7)"') as process:
        until_first_round(process)
        host.open()
        out, _ = process.communicate(timeout=180)
    assert process.returncode == 0
    assert "--exec: the command ended with exit code 7" in out


def test_a_command_that_is_not_there_or_never_ends_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "did not start" in str(hook.run(["/nonexistent/program"], {}, ""))
    monkeypatch.setattr(hook, "LONGEST_S", 0.2)
    assert "was ended" in str(hook.run([sys.executable, "-c", "input(); import time; time.sleep(60)"], {}, "\n"))


def read(terminal: int) -> bytes:
    """What the terminal shows next; nothing where nothing comes for a while."""
    ready, _, _ = select.select([terminal], [], [], 0.5)
    return os.read(terminal, 65536) if ready else b""


@POSIX
@pytest.mark.parametrize("bell", [[], ["--no-bell"]], ids=["bell", "no bell"])
def test_on_a_terminal_the_table_stays_and_a_change_rings(command: list[str], host: Host, bell: list[str]) -> None:
    import pty

    keyboard, screen = pty.openpty()
    surroundings = os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
    process = subprocess.Popen(
        [*command, "--until", "ok", *bell], stdin=screen, stdout=screen, stderr=screen, env=surroundings
    )
    seen = b""
    while b"watching every" not in seen:
        seen += read(keyboard)
    host.open()
    while process.poll() is None:
        seen += read(keyboard)
    while more := read(keyboard):
        seen += more
    assert process.returncode == 0
    assert seen.count(b"\a") == (0 if bell else 1)
    assert "refused → open".encode() in seen
    assert b"next in" in seen
    os.close(keyboard)
    os.close(screen)


@pytest.mark.parametrize(
    "bad",
    [
        ["--until", "well"],
        ["--until", "blocked:"],
        ["--until", "blocked:kpaswd"],
        ["--every", "often"],
        ["--exec", ""],
        ["--exec", "unclosed '"],
        ["--lock"],
        ["--timeout", "soon"],
        ["-f", "jason"],
    ],
    ids=" ".join,
)
def test_a_mistake_is_one_line_and_exit_2(bad: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["watch", "contoso.com", *bad]) == 2
    said = capsys.readouterr()
    assert (said.out, len(said.err.splitlines())) == ("", 1)
