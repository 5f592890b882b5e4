"""`python -m tests.bench.scale [HOSTS ...]`: so many hosts on loopback, five TCP ports each (or `--services`), every
eighth one silent.

Needs no root. Prints wall and processor time, memory and every state that is not true, for portcheck and, where they
are installed, for `nmap -sT`, `nmap -sV` (with `--versions`; takes minutes) and blackbox_exporter's TCP module on the
same addresses. `--slow N`: with N busy loops beside. Linux: a full backlog is silent.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench import blackbox, measure

PORTS = (20389, 20636, 20088, 20135, 20445, *range(21000, 21015))  # the first five, unless more are asked for
ONE_IN = 8
CALLERS = 3  # fill the backlog of a listener that takes nobody
A_PART = 2000  # silent cells of one serving process: descriptors are few
Cell = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Field:
    """So many hosts, with so many services each."""

    hosts: int
    services: int

    @property
    def ports(self) -> tuple[int, ...]:
        return PORTS[: self.services]

    @property
    def addresses(self) -> list[str]:
        return [address(host) for host in range(self.hosts)]

    def cells(self) -> dict[Cell, bool]:
        """Does it answer?"""
        every = [(host, port) for host in self.addresses for port in self.ports]
        return {cell: number % ONE_IN != ONE_IN - 1 for number, cell in enumerate(every)}

    def silent(self) -> list[Cell]:
        return [cell for cell, answers in self.cells().items() if not answers]


def main() -> int:
    options = arguments()
    say(f"{'':34}{'wall s':>8}{'CPU s':>8}{'ms/check':>10}{'peak MB':>9}{'false':>7}")
    for hosts in options.hosts:
        field = Field(hosts, options.services)
        true = field.cells()
        with serving(field), busy(options.slow):
            ours = portcheck(field, true, options.more)
            if shutil.which("nmap") and not options.alone:
                theirs = nmap(field, true)
                say(f"  wall {ours.wall_s / theirs.wall_s:.2f} and CPU {ours.cpu_s / theirs.cpu_s:.1f} times nmap's")
                if options.versions:
                    nmap(field, true, "-sV")
            program = shutil.which("prometheus-blackbox-exporter") or shutil.which("blackbox_exporter")
            if program and not options.alone:
                cost, told = blackbox.asked(program, list(true))
                row(f"blackbox_exporter, {hosts} hosts", cost, true, told, "open")
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("hosts", type=int, nargs="*", default=[512, 1024], help="how many hosts, a run each")
    parser.add_argument("--services", type=int, default=5, choices=range(1, len(PORTS) + 1), help="ports a host (5)")
    parser.add_argument("--alone", action="store_true", help="portcheck only, nothing to compare it with")
    parser.add_argument("--slow", type=int, default=0, help="busy loops beside (0)")
    parser.add_argument("--more", default="", help="further options of portcheck, in one word")
    parser.add_argument("--versions", action="store_true", help="nmap -sV beside")
    return parser.parse_args()


def address(host: int) -> str:
    return f"127.20.{host // 250}.{host % 250 + 1}"


def serve(field: Field, part: int) -> None:
    """Until stdin ends. The first part takes every caller and says nothing; each holds some of the silent ones."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    looking = selectors.DefaultSelector()
    held = [_full(cell) for cell in field.silent()[part * A_PART : (part + 1) * A_PART]]
    for port in field.ports if part == 0 else ():
        looking.register(_listener("0.0.0.0", port, 4096), selectors.EVENT_READ)
    looking.register(0, selectors.EVENT_READ)
    say("ready")
    while True:
        for key, _ in looking.select():
            if key.fd == 0:
                del held
                return
            assert isinstance(key.fileobj, socket.socket)
            if key.data:
                looking.unregister(key.fileobj)
                key.fileobj.close()
                continue
            caller, _ = key.fileobj.accept()
            looking.register(caller, selectors.EVENT_READ, data=True)


def _listener(host: str, port: int, backlog: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((host, port))
    listener.listen(backlog)
    return listener


def _full(cell: Cell) -> list[socket.socket]:
    held = [_listener(*cell, 0)]
    for _ in range(CALLERS):
        caller = socket.socket()
        caller.setblocking(False)
        caller.connect_ex(cell)
        held.append(caller)
    return held


@contextlib.contextmanager
def serving(field: Field) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for part in range(-(-len(field.silent()) // A_PART)):
            stack.enter_context(_serving(field, part))
        yield


@contextlib.contextmanager
def _serving(field: Field, part: int) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.bench.scale", "--serve", f"{field.hosts}", f"{field.services}", f"{part}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        if server.stdout.readline() != "ready\n":
            raise SystemExit("the servers could not be started")
        try:
            yield
        finally:
            server.stdin.close()


@contextlib.contextmanager
def busy(loops: int) -> Iterator[None]:
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(loops)]
    try:
        yield
    finally:
        for loop in running:
            loop.kill()
            loop.wait()


def portcheck(field: Field, true: Mapping[Cell, bool], more: str) -> measure.Cost:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "forests.toml"
        config.write_text(forest(field))
        command = [sys.executable, "-m", "portcheck", "check", "-c", str(config), "--only", "tcp", "-f", "json", "-q"]
        state = os.environ | {"PORTCHECK_STATE_DIR": folder}
        cost = measure.run([*command, *more.split()], env=state)
    if not cost.stdout:
        raise SystemExit(f"portcheck told nothing; exit code {cost.code}")
    told = {(row["address"], row["port"]): row["state"] for row in json.loads(cost.stdout)["checks"]}
    row(f"portcheck {more}, {field.hosts} hosts", cost, true, told, "open")
    return cost


def forest(field: Field) -> str:
    controllers = ", ".join(f'{{ host = "dc{n}.scale.test", address = "{address(n)}" }}' for n in range(field.hosts))
    extra = "".join(
        f'[[forest.extra]]\nname = "p{port}"\nport = {port}\ntransport = "tcp"\npurpose = "scale"\n'
        for port in field.ports
    )
    return f'[[forest]]\nname = "scale.test"\ndomain_controllers = [{controllers}]\n{extra}'


def nmap(field: Field, true: Mapping[Cell, bool], *more: str) -> measure.Cost:
    ports = ",".join(map(str, field.ports))
    command = ["nmap", "-n", "-Pn", "-sT", *more, "-p", ports, "-oX", "-", *field.addresses]
    cost = measure.run(command)
    told = {
        (_address(host), int(port.get("portid", "0"))): state.get("state", "")
        for host in ET.fromstring(cost.stdout).iter("host")
        for port in host.iter("port")
        for state in port.iter("state")
    }
    row(f"{' '.join(['nmap -sT', *more])}, {field.hosts} hosts", cost, true, told, "open")
    return cost


def _address(host: ET.Element) -> str:
    found = host.find("address")
    return "" if found is None else found.get("addr", "")


def row(name: str, cost: measure.Cost, true: Mapping[Cell, bool], told: Mapping[Cell, str], good: str) -> None:
    wrong = [cell for cell, answers in true.items() if told.get(cell) != (good if answers else "filtered")]
    each = cost.cpu_s * 1000 / len(true)
    say(f"{name:34}{cost.wall_s:8.1f}{cost.cpu_s:8.1f}{each:10.2f}{cost.peak_mb:9.0f}{len(wrong):7}")
    if wrong:
        say(f"  of these told: {dict(Counter(told.get(cell, 'nothing') for cell in wrong))}")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if "--serve" in sys.argv:
        serve(Field(int(sys.argv[-3]), int(sys.argv[-2])), int(sys.argv[-1]))
        sys.exit(0)
    measure.apart("tests.bench.scale")
    sys.exit(main())
