"""A fourth forest, whose only controller bears another's names: the short host name, and the domain's NetBIOS name."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from tests.lab.domain_controller import DomainController
from tests.lab.network import Site
from tests.lab.node import Node, address, link, run
from tests.lab.world import Lab

NUMBER = 13
"""The last number of its address, in the subnet of whom it is the namesake of."""


@contextmanager
def namesake(lab: Lab, of: DomainController, key: str = "delta") -> Iterator[Lab]:
    """The lab with one forest more: `delta.test`, its host and its NetBIOS domain called as this controller's."""
    site = Site(key, of.site.host, of.site.subnet, NUMBER, netbios=of.site.workgroup)
    node = Node(key, f"{lab.client.netns.rpartition('-')[0]}-{key}", "input")
    folder = lab.folder / f"{key}-{secrets.token_hex(3)}"
    folder.mkdir()
    fourth = DomainController(site, node, folder, lab.authority.issue((site.fqdn, site.domain)))
    try:
        _wire(lab, fourth)
        fourth.install()
        fourth.start()
        fourth.wait_until_ready()
        yield replace(lab, dcs=(*lab.dcs, fourth))
    finally:
        fourth.stop()
        run("ip", "netns", "del", node.netns)


def _wire(lab: Lab, dc: DomainController) -> None:
    """As the second controller's: a cable of its own to the far router."""
    dc.node.create()
    link(lab.fw2, f"to-{dc.node.name}", dc.node, "eth0")
    lab.fw2.ip("link", "set", f"to-{dc.node.name}", "up")
    address(dc.node, "eth0", f"{dc.address}/24")
    dc.node.ip("route", "add", "default", "via", dc.site.gateways[0])
    lab.fw2.ip("route", "add", f"{dc.address}/32", "dev", f"to-{dc.node.name}")
