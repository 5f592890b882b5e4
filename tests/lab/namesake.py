"""A fourth forest, whose only controller bears another's names: the short host name, and the domain's NetBIOS name."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from tests.lab.domain_controller import DomainController
from tests.lab.network import Site
from tests.lab.node import Node, run
from tests.lab.twin import wire
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
        wire(lab, fourth)
        fourth.install()
        fourth.start()
        fourth.wait_until_ready()
        yield replace(lab, dcs=(*lab.dcs, fourth))
    finally:
        fourth.stop()
        run("ip", "netns", "del", node.netns)
