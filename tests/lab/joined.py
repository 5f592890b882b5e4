"""A further controller that joined its forest as controllers do: with a name of its own, writable or read-only."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from tests.lab.domain_controller import FOLDERS, DomainController
from tests.lab.node import Node, address, link, run
from tests.lab.records import LOGIN
from tests.lab.world import Lab

HOST, NUMBER = "bdc3", 13
"""Its name, and the last number of its address."""


@contextmanager
def joined_controller(lab: Lab, dc: DomainController, role: str = "RODC") -> Iterator[DomainController]:
    """`role`: as `samba-tool domain join` takes it, RODC or DC. No record in DNS lists it: Samba's own updates are off.

    The join takes half a minute; the forest keeps the new controller's account.
    """
    site = replace(dc.site, number=NUMBER, host=HOST)
    folder = lab.folder / f"{HOST}-{secrets.token_hex(3)}"
    folder.mkdir()
    new = DomainController(
        site, Node(HOST, f"{dc.node.netns}3", "input"), folder, lab.authority.issue((site.fqdn, dc.domain))
    )
    try:
        _wire(lab, new, dc)
        for name in FOLDERS:
            (folder / name).mkdir()
        (folder / "resolv.conf").write_text(f"nameserver {dc.address}\nsearch {dc.domain}\n")
        own = ("interfaces=eth0 lo", "bind interfaces only=yes", f"netbios name={HOST.upper()}")
        how = (f"--server={dc.host}", "--dns-backend=SAMBA_INTERNAL", *(f"--option={option}" for option in own))
        new.samba_tool("domain", "join", dc.domain, role, *LOGIN[:2], *how)
        new.keep_time()
        new.start()
        new.wait_until_ready()
        yield new
    finally:
        new.stop()
        dc.node.ip("route", "del", f"{new.address}/32")
        run("ip", "netns", "del", new.node.netns)


def _wire(lab: Lab, new: DomainController, dc: DomainController) -> None:
    """A cable of its own to the far router, by which the two controllers reach each other."""
    new.node.create()
    link(lab.fw2, f"to-{new.node.name}", new.node, "eth0")
    lab.fw2.ip("link", "set", f"to-{new.node.name}", "up")
    address(new.node, "eth0", f"{new.address}/32")
    new.node.ip("route", "add", "default", "via", new.site.gateways[0], "dev", "eth0", "onlink")
    lab.fw2.ip("route", "add", f"{new.address}/32", "dev", f"to-{new.node.name}")
    dc.node.ip("route", "add", f"{new.address}/32", "via", new.site.gateways[0])
