"""What goes wrong between this machine and the forests' DNS: its list of servers, its hosts file, odd resolvers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.lab.node import LabError
from tests.lab.rules import chain
from tests.lab.world import Lab

FORWARDER = Path(__file__).with_name("dns_forwarder.py")
USUAL, ODD, OTHER = "127.0.0.1", "127.0.0.2", "127.0.0.3"
"""The lab's own resolver, and places for resolvers of a test."""
DESTINATION_NAT = -100


@contextmanager
def forwarder(lab: Lab, address: str = ODD, **habits: Any) -> Iterator[str]:
    """A resolver on this machine that forwards to the forests' servers, but for its habits (see `dns_forwarder.py`)."""
    zones = {dc.domain: dc.address for dc in lab.dcs}
    options = {"address": address, "zones": zones, **habits}
    command = lab.client.argv(sys.executable, str(FORWARDER), json.dumps(options))
    log = (lab.folder / "forwarder.log").open("ab")
    with log, subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log) as process:
        try:
            assert process.stdout is not None
            if not process.stdout.readline():
                raise LabError(f"the forwarder did not start: see {lab.folder}/forwarder.log")
            yield address
        finally:
            process.kill()


@contextmanager
def asks(lab: Lab, *servers: str, more: str = "") -> Iterator[None]:
    """This machine's resolv.conf."""
    path = lab.folder / "resolv.conf"
    before = path.read_text()
    path.write_text("".join(f"nameserver {server}\n" for server in servers) + more)
    try:
        yield
    finally:
        path.write_text(before)


@contextmanager
def asks_only(lab: Lab, **habits: Any) -> Iterator[str]:
    """This machine asks one resolver, with these habits."""
    with forwarder(lab, **habits) as address, asks(lab, address):
        yield address


@contextmanager
def hosts_file(lab: Lab, *lines: str) -> Iterator[None]:
    """This machine's hosts file."""
    path = lab.folder / "hosts"
    before = path.read_text()
    path.write_text(before + "".join(f"{line}\n" for line in lines))
    try:
        yield
    finally:
        path.write_text(before)


@contextmanager
def interception(lab: Lab, **habits: Any) -> Iterator[None]:
    """The near router takes every question to port 53, whomever it is for, to a resolver of its own."""
    own = "10.77.0.1"
    zones = {dc.domain: dc.address for dc in lab.dcs}
    options = {"address": own, "zones": zones, **habits}
    command = lab.fw1.argv(sys.executable, str(FORWARDER), json.dumps(options))
    line = f'iifname "to-client" udp dport 53 dnat ip to {own}'
    with ExitStack() as undo:
        log = undo.enter_context((lab.folder / "forwarder.log").open("ab"))
        process = undo.enter_context(
            subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        )
        undo.callback(process.kill)
        assert process.stdout is not None
        if not process.stdout.readline():
            raise LabError(f"the forwarder did not start: see {lab.folder}/forwarder.log")
        undo.enter_context(chain(lab.fw1, "prerouting", line, priority=DESTINATION_NAT, kind="nat"))
        yield
