"""A second domain controller for a forest of the lab: a copy of the first one's files, on a machine of its own."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from tests.lab import services
from tests.lab.domain_controller import DomainController
from tests.lab.node import Node, address, link, run
from tests.lab.world import Lab

NUMBER = 11
"""The last number of its address."""


@contextmanager
def second_controller(
    lab: Lab, dc: DomainController, *, clock_s: float = 0, stranger: bool = False
) -> Iterator[DomainController]:
    """It answers in the first one's name, at its own address; `clock_s` sets its clock off, ahead if positive.

    `stranger`: not of the same domain, but of another one of the same name, set up anew.
    """
    site = replace(dc.site, number=NUMBER)
    key = f"{dc.site.key}2"
    node = Node(key, f"{dc.node.netns}2", "input")
    folder = lab.folder / f"{key}-{secrets.token_hex(3)}"
    folder.mkdir()
    names = (dc.host.replace(".", "2.", 1), dc.host, dc.domain)
    second = DomainController(site, node, folder, lab.authority.issue(names))
    try:
        wire(lab, second)
        second.install(None if stranger else dc.site)
        second.start(clock_s=clock_s)
        second.wait_until_ready()
        with services.clock_on(second, clock_s):
            yield second
    finally:
        second.stop()
        run("ip", "netns", "del", node.netns)


def wire(lab: Lab, dc: DomainController) -> None:
    """A cable of its own to the far router, which answers there for the gateway it has on the first one's cable."""
    dc.node.create()
    link(lab.fw2, f"to-{dc.node.name}", dc.node, "eth0")
    lab.fw2.ip("link", "set", f"to-{dc.node.name}", "up")
    address(dc.node, "eth0", f"{dc.address}/24")
    dc.node.ip("route", "add", "default", "via", dc.site.gateways[0])
    lab.fw2.ip("route", "add", f"{dc.address}/32", "dev", f"to-{dc.node.name}")
