"""The same TCP targets asked by blackbox_exporter (Debian: prometheus-blackbox-exporter), a request for each."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench.measure import Cost

MODULE = "modules: {tcp: {prober: tcp, timeout: 4s}}\n"
AT_ONCE = 256
Cell = tuple[str, int]


def asked(program: str, cells: Sequence[Cell]) -> tuple[Cost, Mapping[Cell, str]]:
    """What it took, the exporter's own processor time only, and whether each target was connected to."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "blackbox.yml"
        config.write_text(MODULE)
        where = f"127.0.0.1:{_free_port()}"
        command = [program, f"--config.file={config}", f"--web.listen-address={where}", "--log.level=error"]
        exporter = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _ready(where)
            began = time.monotonic()
            with ThreadPoolExecutor(AT_ONCE) as pool:
                told = dict(zip(cells, pool.map(lambda cell: _probe(where, cell), cells), strict=True))
            wall = time.monotonic() - began
        finally:
            exporter.send_signal(signal.SIGTERM)
            _, status, usage = os.wait4(exporter.pid, 0)
            exporter.returncode = os.waitstatus_to_exitcode(status)
    return Cost(0, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, ""), told


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _ready(where: str) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"http://{where}/-/healthy"):
                return
        except urllib.error.URLError:
            time.sleep(0.1)
    raise SystemExit("blackbox_exporter did not start")


def _probe(where: str, cell: Cell) -> str:
    target = f"{cell[0]}:{cell[1]}"
    with urllib.request.urlopen(f"http://{where}/probe?module=tcp&target={target}") as answer:
        return "open" if b"\nprobe_success 1" in answer.read() else "filtered"
