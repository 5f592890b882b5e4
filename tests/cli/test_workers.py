"""`--workers`: several processes ask for one run. The same report, whoever asks and whatever ends first."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="127.0.0.2 is not there")
PROJECT = str(Path(__file__).parents[2])
HOSTS = ("127.0.0.1", "127.0.0.2")
GIVE_UP_S = 240  # whatever hangs


@dataclass
class Network:
    """Two controllers: of each one port is open, one is closed, and LDAP takes callers and is mute until `hung_up`."""

    folder: Path
    open_port: int
    closed_port: int
    mute: socket.socket
    callers: list[socket.socket] = field(default_factory=list)
    called: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    hanging_up: threading.Event = field(default_factory=threading.Event)

    @property
    def command(self) -> list[str]:
        controllers = ", ".join(f'{{ host = "dc{n}.alpha.test", address = "{a}" }}' for n, a in enumerate(HOSTS))
        extra = "".join(
            f'[[forest.extra]]\nname = "own-{port}"\nport = {port}\ntransport = "tcp"\npurpose = "test"\n'
            for port in (self.open_port, self.closed_port)
        )
        config = self.folder / "forests.toml"
        config.write_text(
            f'[[forest]]\nname = "alpha.test"\ndns = ["127.0.0.1:1"]\ndomain_controllers = [{controllers}]\n'
            f"ports = {{ ldap = {self.mute.getsockname()[1]} }}\n{extra}",
            encoding="utf-8",
        )
        asked = ("--only", "tcp", "--only", "ldap", "--no-history", "--no-trace", "-f", "json")
        return [sys.executable, "-m", "portcheck", "check", "-c", str(config), *asked]

    def serve(self) -> None:
        with contextlib.suppress(OSError):  # the test is over
            while True:
                self.callers.append(self.mute.accept()[0])
                self.called.release()
                if self.hanging_up.is_set():
                    self.hang_up()

    def hang_up(self) -> None:
        self.hanging_up.set()
        while self.callers:
            self.callers.pop().close()


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    with socket.create_server(("0.0.0.0", 0)) as there, socket.create_server(("0.0.0.0", 0)) as mute:
        with socket.create_server(("0.0.0.0", 0)) as gone:
            closed = gone.getsockname()[1]
        found = Network(tmp_path, there.getsockname()[1], closed, mute)
        threading.Thread(target=found.serve, daemon=True).start()
        yield found
        mute.shutdown(socket.SHUT_RDWR) if sys.platform == "linux" else None
        found.hang_up()


@contextlib.contextmanager
def started(network: Network, *more: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*network.command, "--workers", "2", *more],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": PROJECT, "PYTHONIOENCODING": "utf-8"},
    ) as program:
        try:
            yield program
        finally:
            program.kill()


def asked(network: Network, workers: int) -> Any:
    network.hang_up()
    told = subprocess.run(
        [*network.command, "-q", "--workers", str(workers)],
        capture_output=True,
        text=True,
        check=False,
        timeout=GIVE_UP_S,
        env={**os.environ, "PYTHONPATH": PROJECT},
    )
    assert (told.returncode, told.stderr) == (1, "")
    return json.loads(told.stdout)


def words(check: Any) -> str:
    """Whether who hangs up on LDAP has read the question before, and so closes or resets, is chance."""
    return str(check["reason"]) if check["service"] == "tcp" else ""


def ended(program: subprocess.Popen[str]) -> tuple[int, Any, str]:
    stdout, stderr = program.communicate(timeout=GIVE_UP_S)
    assert "Traceback" not in stderr
    return program.returncode, json.loads(stdout), stderr


def by_host(report: Any, service: str) -> dict[str, str]:
    return {check["address"]: check["state"] for check in report["checks"] if check["service"] == service}


def test_one_and_two_processes_tell_the_same(network: Network) -> None:
    reports = [asked(network, workers) for workers in (1, 2)]
    seen = [
        [(c["id"], c["state"], c["verdict"], c["stage"], c["attempts"], words(c)) for c in report["checks"]]
        for report in reports
    ]
    assert seen[0] == seen[1]
    assert {state for _, state, *_ in seen[0]} == {"open", "refused", "reset"}
    findings = [[(f["code"], f["hosts"], f["severity"]) for f in report["findings"]] for report in reports]
    assert findings[0] == findings[1]


def until_open_is_told(program: subprocess.Popen[str], port: int) -> None:
    """Both controllers' open ports have landed."""
    assert program.stderr is not None
    left = len(HOSTS)
    for line in program.stderr:
        left -= f"{port}/tcp" in line
        if not left:
            return
    pytest.fail("it ended before")


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
@pytest.mark.parametrize("whom", ["the run", "all of them"])
def test_ctrl_c_keeps_what_any_process_has_heard(network: Network, whom: str) -> None:
    with started(network, "--progress", "plain") as program:
        until_open_is_told(program, network.open_port)
        for _ in HOSTS:
            assert network.called.acquire(timeout=GIVE_UP_S)
        for pid in (*(children(program.pid) if whom == "all of them" else ()), program.pid):
            os.kill(pid, signal.SIGINT)
        code, report, _ = ended(program)
    assert (code, report["interrupted"]) == (130, True)
    assert by_host(report, "ldap") == dict.fromkeys(HOSTS, "skipped")
    opened = [check["state"] for check in report["checks"] if check["port"] == network.open_port]
    assert opened == ["open", "open"]


def test_the_deadline_ends_all_of_them(network: Network) -> None:
    with started(network, "--deadline", "6s", "-q") as program:
        code, report, _ = ended(program)
    assert code in {1, 3}  # 3: nothing was heard by then
    assert by_host(report, "ldap") == dict.fromkeys(HOSTS, "skipped")
    assert "deadline" in report["forests"][0]["problem"]
    assert len(report["checks"]) == 6


@pytest.mark.skipif(sys.platform != "linux", reason="finds the processes in /proc")
def test_a_process_that_dies_costs_its_own_hosts_only(network: Network) -> None:
    with started(network, "--progress", "plain", "--answer-timeout", "10m") as program:
        until_open_is_told(program, network.open_port)
        for _ in HOSTS:
            assert network.called.acquire(timeout=GIVE_UP_S)
        workers = children(program.pid)
        assert len(workers) == 2
        os.kill(workers[0], signal.SIGKILL)
        dead_line = next(line for line in iter(program.stderr.readline, "") if "SIGKILL" in line)  # type: ignore[union-attr]
        network.hang_up()
        code, report, _ = ended(program)
    assert "ended before it was done" in dead_line
    assert code == 1
    assert sorted(by_host(report, "ldap").values()) == ["error", "reset"]
    (lost,) = [check for check in report["checks"] if check["state"] == "error"]
    assert (lost["verdict"], lost["facts"]) == ("unknown", {})
    assert "ended before it was done (killed by SIGKILL)" in lost["reason"]
    assert report["forests"][0]["problem"].startswith("of 1 host not all was asked: ")
    opened = [check["state"] for check in report["checks"] if check["port"] == network.open_port]
    assert opened == ["open", "open"]


def children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]
