"""The exporter as its users run it: a process of its own, on loopback, with a port that answers LDAP's connection."""

from __future__ import annotations

import base64
import contextlib
import http.client
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOREST = "alpha.test"


@dataclass
class Counted:
    """A port that takes connections and says nothing, and how many came."""

    server: socket.socket
    came: int = 0
    arrived: threading.Event = field(default_factory=threading.Event)
    held: list[socket.socket] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.server.getsockname()[1])

    def run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                one, _ = self.server.accept()
                self.came += 1
                self.held.append(one)
                self.arrived.set()

    def let_go(self) -> None:
        """Close what waits: the checks end."""
        while self.held:
            self.held.pop().close()


@pytest.fixture
def counted() -> Iterator[Counted]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        one = Counted(server)
        threading.Thread(target=one.run, daemon=True).start()
        yield one
        one.let_go()


def forests_file(folder: Path, port: int, *, name: str = FOREST, answer: str = "2s") -> Path:
    path = folder / "forests.toml"
    path.write_text(
        f'[defaults]\nprofiles = ["bare"]\ntimeout = "1s"\nanswer_timeout = "{answer}"\ntrace = false\n'
        f'[profiles.bare]\n[[profiles.bare.check]]\nservice = "ldap"\ntransport = "tcp"\nneed = "required"\n'
        f'operation = "sync"\nwhy = "test"\nsource = "own"\n'
        f'[[forest]]\nname = "{name}"\ndiscover = false\nports = {{ ldap = {port} }}\n'
        f'domain_controllers = [{{ host = "dc1.{name}", address = "127.0.0.1" }}]\n',
        encoding="utf-8",
    )
    return path


@dataclass
class Served:
    process: subprocess.Popen[str]
    port: int
    said: list[str]

    def get(
        self, path: str, method: str = "GET", *, tls: ssl.SSLContext | None = None, **headers: str
    ) -> tuple[int, str]:
        where = ("127.0.0.1", self.port)
        made = http.client.HTTPSConnection(*where, timeout=60, context=tls) if tls else None
        connection = made or http.client.HTTPConnection(*where, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def reload(self) -> str:
        before = len(self.said)
        self.process.send_signal(signal.SIGHUP)
        return self.line(before)

    def line(self, number: int) -> str:
        assert self.process.stderr is not None
        while len(self.said) <= number:
            line = self.process.stderr.readline()
            assert line, "it has ended"
            self.said.append(line)
        return self.said[number]


Server = Callable[..., Served]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Server]:
    running: list[subprocess.Popen[str]] = []

    def start(config: Path, *options: str) -> Served:
        command = [sys.executable, "-m", "portcheck", "serve", "-c", str(config), "--listen", "127.0.0.1:0", *options]
        kept = os.environ | {"PYTHONPATH": str(ROOT), "PORTCHECK_STATE_DIR": str(tmp_path / "state")}
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=kept)
        running.append(process)
        one = Served(process, 0, [])
        told = re.search(r"://127\.0\.0\.1:(\d+)/", one.line(0))
        assert told, one.said
        one.port = int(told[1])
        return one

    yield start
    for process in running:
        process.terminate()
        _, left = process.communicate(timeout=60)
        assert process.returncode == 0, left
        assert "Traceback" not in left, left


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()
