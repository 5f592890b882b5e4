"""A program that was stopped for longer than all its patience (SIGSTOP, a suspended machine) tells the same as ever."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="stops a process, and needs a backlog that is silent")
PROJECT = str(Path(__file__).parents[2])
PATIENCE_S = 1.0
STOPPED_S = 2.5


@dataclass
class Server:
    """A UDP port that answers only once it is told to, and one silent port each for TCP and UDP."""

    asked: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)
    answered: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def ports(self) -> Iterator[dict[str, int]]:
        with ExitStack() as held:
            answering, mute = (held.enter_context(socket.socket(type=socket.SOCK_DGRAM)) for _ in range(2))
            greeting, full = (held.enter_context(socket.socket()) for _ in range(2))
            for sock in (answering, mute, greeting, full):
                sock.bind(("127.0.0.1", 0))
                sock.settimeout(60)
            greeting.listen()
            full.listen(0)
            for _ in range(4):
                caller = held.enter_context(socket.socket())
                caller.setblocking(False)
                caller.connect_ex(full.getsockname())
            thread = threading.Thread(target=self._answer, args=(answering,))
            thread.start()
            yield {
                "answering": answering.getsockname()[1],
                "mute": mute.getsockname()[1],
                "greeting": greeting.getsockname()[1],
                "full": full.getsockname()[1],
            }
            self.go.set()
            thread.join(60)

    def _answer(self, sock: socket.socket) -> None:
        _, where = sock.recvfrom(100)
        self.asked.set()
        self.go.wait(60)
        sock.sendto(b"answer", where)
        self.answered.set()


def forest(ports: dict[str, int]) -> str:
    kinds = {"answering": "udp", "mute": "udp", "greeting": "tcp", "full": "tcp"}
    extra = "".join(
        f'[[forest.extra]]\nname = "{name}"\nport = {port}\ntransport = "{kinds[name]}"\npurpose = "test"\n'
        for name, port in ports.items()
    )
    where = 'domain_controllers = [{ host = "dc1.alpha.test", address = "127.0.0.1" }]'
    return f'[[forest]]\nname = "alpha.test"\n{where}\n{extra}'


def test_a_stopped_program_hears_what_came_meanwhile_and_believes_only_real_silence(tmp_path: Path) -> None:
    server = Server()
    with server.ports() as ports:
        (tmp_path / "forests.toml").write_text(forest(ports))
        command = [sys.executable, "-m", "portcheck", "check", "-c", str(tmp_path / "forests.toml"), "--only", "tcp"]
        command += ["--only", "udp", "--timeout", f"{PATIENCE_S}s", "--attempts", "1", "--no-trace", "-f", "json", "-q"]
        surroundings = os.environ | {"PYTHONPATH": PROJECT, "PORTCHECK_STATE_DIR": str(tmp_path)}
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=surroundings) as program:
            assert server.asked.wait(60)
            program.send_signal(signal.SIGSTOP)
            server.go.set()
            assert server.answered.wait(60)
            time.sleep(STOPPED_S)  # that it is stopped for longer than its patience is what this is about
            program.send_signal(signal.SIGCONT)
            told, _ = program.communicate(timeout=120)
    names = {port: name for name, port in ports.items()}
    states = {names[check["port"]]: check["state"] for check in json.loads(told)["checks"]}
    assert states == {"answering": "open", "mute": "filtered", "greeting": "open", "full": "filtered"}
