"""A child domain of a forest of the lab: its names in the forest's own DNS, its only controller the project's own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.lab import records
from tests.lab.domain_controller import DomainController
from tests.lab.node import LabError, Node, address, link, run
from tests.lab.world import Lab

CHILD_SERVER = Path(__file__).with_name("child_server.py")
NUMBER = 12
"""The last number of its address."""
LABEL, HOST = "emea", "edc1"
REGISTERED = (
    ("_ldap._tcp.dc._msdcs", 389),
    ("_ldap._tcp.pdc._msdcs", 389),
    ("_kerberos._tcp", 88),
    ("_kpasswd._tcp", 464),
)
"""No _gc._tcp: that is registered under the forest's root (MS-ADTS 6.3.2.3)."""


@dataclass(frozen=True, slots=True)
class Child:
    """The child domain and its controller."""

    domain: str
    host: str
    controller: DomainController  # as faults want it: where it is


@contextmanager
def child_domain(lab: Lab, parent: DomainController) -> Iterator[Child]:
    """`emea` under the parent's domain."""
    domain = f"{LABEL}.{parent.domain}"
    site = replace(parent.site, number=NUMBER, host=f"{HOST}.{LABEL}")
    node = Node("child", f"{parent.node.netns}-child", "input")
    child = Child(domain, f"{HOST}.{domain}", DomainController(site, node, lab.folder, parent.certificate))
    with ExitStack() as undo:
        undo.callback(_remove, node)
        _wire(lab, child.controller)
        undo.enter_context(_served(child, parent.domain))
        undo.enter_context(_registered(parent, child))
        yield child


@contextmanager
def _registered(parent: DomainController, child: Child) -> Iterator[None]:
    with ExitStack() as undo:
        undo.enter_context(records.added(parent, f"{HOST}.{LABEL}", "A", child.controller.address))
        for name, port in REGISTERED:
            data = records.srv(parent, port, child.host)
            undo.enter_context(records.added(parent, f"{name}.{LABEL}", "SRV", data))
        yield


@contextmanager
def _served(child: Child, root: str) -> Iterator[None]:
    told = {"host": child.host, "domain": child.domain, "root": root, "address": child.controller.address}
    command = child.controller.node.argv(sys.executable, str(CHILD_SERVER), json.dumps(told))
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            if process.stdout.readline() != b"serving\n":
                raise LabError("the child domain's controller did not start")
            yield
        finally:
            process.kill()


def _wire(lab: Lab, dc: DomainController) -> None:
    """As the second controller's: a cable of its own to the far router."""
    dc.node.create()
    link(lab.fw2, "to-child", dc.node, "eth0")
    lab.fw2.ip("link", "set", "to-child", "up")
    address(dc.node, "eth0", f"{dc.address}/24")
    dc.node.ip("route", "add", "default", "via", dc.site.gateways[0])
    lab.fw2.ip("route", "add", f"{dc.address}/32", "dev", "to-child")


def _remove(node: Node) -> None:
    run("ip", "netns", "del", node.netns)
