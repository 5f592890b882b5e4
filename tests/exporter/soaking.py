"""Scrapes without end, a fault that comes and goes, and what the exporter holds on to meanwhile."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from .conftest import FOREST, Served

SAMPLE = r'^portcheck_check_success{[^}]*port="%d"[^}]*} (\d)$'


@dataclass(frozen=True, slots=True)
class Held:
    """By the exporter's process: resident memory in KiB, descriptors, threads (Linux' /proc)."""

    memory_kib: int
    descriptors: int
    threads: int


def held(pid: int) -> Held:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    told = {name: int(value) for name, value in re.findall(r"^(VmRSS|Threads):\s+(\d+)", status, re.MULTILINE)}
    return Held(told["VmRSS"], len(list(Path(f"/proc/{pid}/fd").iterdir())), told["Threads"])


def forests_file(folder: Path, port: int) -> Path:
    """A forest of which one TCP port is asked, and LDAP where nobody listens."""
    path = folder / "forests.toml"
    path.write_text(
        '[defaults]\nprofiles = ["bare"]\ntimeout = "10s"\ntrace = false\n'
        '[profiles.bare]\n[[profiles.bare.check]]\nservice = "ldap"\ntransport = "tcp"\nneed = "optional"\n'
        'operation = "sync"\nwhy = "test"\nsource = "own"\n'
        f'[[forest]]\nname = "{FOREST}"\ndiscover = false\nports = {{ ldap = 1 }}\n'
        f'domain_controllers = [{{ host = "dc1.{FOREST}", address = "127.0.0.1" }}]\n'
        f'[[forest.extra]]\nname = "pcns"\nport = {port}\ntransport = "tcp"\npurpose = "PCNS"\n',
        encoding="utf-8",
    )
    return path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def rounds(one: Served, port: int, count: int) -> Iterator[tuple[str, str]]:
    """What each scrape said of the port, and what was true: three rounds open, two refused, and so on."""
    for number in range(count):
        if number % 5 < 3:
            with closing(socket.create_server(("127.0.0.1", port), backlog=64)):
                yield sample(one, port), "1"
        else:
            yield sample(one, port), "0"


def sample(one: Served, port: int) -> str:
    status, text = one.get(f"/probe?target={FOREST}", X_Prometheus_Scrape_Timeout_Seconds="60")
    found = re.findall(SAMPLE % port, text, re.MULTILINE)
    return found[0] if status == 200 and len(found) == 1 else f"{status}: {text[:200]}"
