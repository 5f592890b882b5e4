"""The lab's network: client - fw1 - fw2 - three subnets with a DC each. No address is anybody's: all in namespaces."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.lab.node import LabError, Node, address, link, run

CLIENT = ("10.77.0.10", "fd77:0:0:1::10")
FW1_CORE = ("10.77.100.1", "fd77:0:0:100::1")
FW2_CORE = ("10.77.100.2", "fd77:0:0:100::2")


@dataclass(frozen=True, slots=True)
class Site:
    """A forest of the lab and the subnet of its only DC."""

    key: str
    host: str
    subnet: int  # the third number of the IPv4 subnet
    number: int = 10  # the last one of the host
    netbios: str = ""  # the domain's NetBIOS name, where it is not its first label

    @property
    def workgroup(self) -> str:
        return self.netbios or self.key.upper()

    @property
    def domain(self) -> str:
        return f"{self.key}.test"

    @property
    def fqdn(self) -> str:
        return f"{self.host}.{self.domain}"

    @property
    def address(self) -> str:
        return f"10.77.{self.subnet}.{self.number}"

    @property
    def address6(self) -> str:
        return f"fd77:0:0:{self.subnet + 10}::{self.number}"

    @property
    def gateways(self) -> tuple[str, str]:
        return f"10.77.{self.subnet}.1", f"fd77:0:0:{self.subnet + 10}::1"

    @property
    def networks(self) -> tuple[str, str]:
        return f"10.77.{self.subnet}.0/24", f"fd77:0:0:{self.subnet + 10}::/64"


SITES = (Site("alpha", "dc1", 1), Site("bravo", "bdc1", 2), Site("charlie", "cdc1", 3))


@dataclass(frozen=True, slots=True)
class Network:
    """The machines. Ports are named after where they lead: `to-fw2`, and `eth0` on machines that have one."""

    client: Node
    fw1: Node
    fw2: Node
    dcs: dict[str, Node]

    @property
    def nodes(self) -> tuple[Node, ...]:
        return (self.client, self.fw1, self.fw2, *self.dcs.values())


@contextmanager
def network(prefix: str) -> Iterator[Network]:
    """Build the namespaces, and take them away again."""
    net = Network(
        client=Node("client", f"{prefix}-client", "output"),
        fw1=Node("fw1", f"{prefix}-fw1", "forward"),
        fw2=Node("fw2", f"{prefix}-fw2", "forward"),
        dcs={site.key: Node(site.key, f"{prefix}-{site.key}", "input") for site in SITES},
    )
    try:
        for node in net.nodes:
            node.create()
        _wire(net)
        yield net
    finally:
        remove(prefix)


def remove(prefix: str) -> None:
    """Take the namespaces of a lab away. What runs in them must have ended."""
    for name in namespaces(prefix):
        run("ip", "netns", "del", name)


def namespaces(prefix: str) -> list[str]:
    names = (line.split()[0] for line in run("ip", "netns", "list").splitlines() if line)
    return [name for name in names if name.startswith(f"{prefix}-")]


def _wire(net: Network) -> None:
    link(net.client, "eth0", net.fw1, "to-client")
    link(net.fw1, "to-fw2", net.fw2, "to-fw1")
    address(net.client, "eth0", f"{CLIENT[0]}/24", f"{CLIENT[1]}/64")
    address(net.fw1, "to-client", "10.77.0.1/24", "fd77:0:0:1::1/64")
    address(net.fw1, "to-fw2", f"{FW1_CORE[0]}/30", f"{FW1_CORE[1]}/64")
    address(net.fw2, "to-fw1", f"{FW2_CORE[0]}/30", f"{FW2_CORE[1]}/64")
    for router in (net.fw1, net.fw2):
        router.sysctl("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
    _default_route(net.client, "10.77.0.1", "fd77:0:0:1::1")
    _default_route(net.fw2, *FW1_CORE)
    for site in SITES:
        node = net.dcs[site.key]
        link(net.fw2, f"to-{site.key}", node, "eth0")
        address(net.fw2, f"to-{site.key}", f"{site.gateways[0]}/24", f"{site.gateways[1]}/64")
        address(node, "eth0", f"{site.address}/24", f"{site.address6}/64")
        _default_route(node, *site.gateways)
        for destination, gateway in zip(site.networks, FW2_CORE, strict=True):
            net.fw1.ip("route", "add", destination, "via", gateway)


def _default_route(node: Node, *gateways: str) -> None:
    for gateway in gateways:
        node.ip("route", "add", "default", "via", gateway)


def refusal() -> str | None:
    """Why this machine cannot have network namespaces, if it cannot."""
    probe = f"portcheck-lab-probe-{os.getpid()}"
    try:
        run("ip", "netns", "add", probe)
        run("ip", "netns", "del", probe)
    except (LabError, OSError) as error:
        return f"no network namespaces here: {error}"
    return None
