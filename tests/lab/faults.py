"""What goes wrong on the way: each fault is a context manager that undoes itself, so that a test reads like a sentence.

`with drop(lab, lab.bravo, "464", at=lab.fw2): …`. Where `at` is the DC the host itself does it; where it is the
client, the fault is local. What goes wrong on the DC, behind an open port, is in `services`; in DNS, in `records`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.lab.domain_controller import DomainController
from tests.lab.node import Node
from tests.lab.rules import chain, packets
from tests.lab.world import Lab

REJECTIONS = {
    "tcp-reset": "tcp reset",
    "admin-prohibited": "icmpx admin-prohibited",
    "host-unreachable": "icmpx host-unreachable",
    "net-unreachable": "icmpx no-route",
    "no-route": "icmpx no-route",
    "port-unreachable": "icmpx port-unreachable",
    "host-prohibited": "icmp host-prohibited",
    "net-prohibited": "icmp net-prohibited",
    "prot-unreachable": "icmp prot-unreachable",
}
KERBEROS_PORTS = ("88", "464")
SCAVENGED = ("88/tcp", "464/tcp", "389/tcp", "636/tcp", "3268/tcp", "3269/tcp")
BEFORE_DEFRAGMENTATION = -450  # conntrack puts fragments together at -400
BEFORE_CONNTRACK = -300
DESTINATION_NAT = -100


@contextmanager
def drop(
    lab: Lab, dc: DomainController | None, *ports: str, at: Node | None = None, back: bool = False, early: bool = False
) -> Iterator[None]:
    """Silence: packets to the DC's ports (none named: the whole host) vanish; `back`: those from them.

    `early` drops before the machine looks at the TTL, so that it does not show up in a TTL walk.
    """
    node = at or lab.fw2
    with chain(node, "prerouting" if early else node.hook, *_each(packets(dc, *ports, back=back), "drop")):
        yield


@contextmanager
def reject(
    lab: Lab, dc: DomainController | None, *ports: str, how: str = "admin-prohibited", at: Node | None = None
) -> Iterator[None]:
    """A device says no, in one of the `REJECTIONS`; at the DC's own node it is the host that does."""
    node, answer = at or lab.fw2, REJECTIONS[how]
    only_ipv4 = answer.startswith("icmp ")
    lines = [line for line in packets(dc, *ports) if not (only_ipv4 and line.startswith("ip6"))]
    if how == "tcp-reset" and not ports:
        lines = [f"{line} meta l4proto tcp" for line in lines]
    with chain(node, node.hook, *_each(lines, f"reject with {answer}")):
        yield


@contextmanager
def misroute(lab: Lab, dc: DomainController, kind: str = "unreachable", *, at: Node | None = None) -> Iterator[None]:
    """A route of the kind `unreachable`, `prohibit`, `blackhole`, or `throw` (as if there were none) to the DC.

    The kernel answers for such routes five times at once, then once a second; `reject` answers every time.
    """
    node = at or lab.fw1
    with ExitStack() as undo:
        for target in (f"{dc.address}/32", f"{dc.address6}/128"):
            node.ip("route", "add", kind, target)
            undo.callback(node.ip, "route", "del", kind, target)
        yield


@contextmanager
def no_route(lab: Lab, dc: DomainController) -> Iterator[None]:
    """The client itself has no route to the DC."""
    with misroute(lab, dc, "throw", at=lab.client):
        yield


@contextmanager
def dead_host(lab: Lab, dc: DomainController) -> Iterator[None]:
    """The DC's machine is off: the last router asks for its hardware address in vain, and says so after 3 s."""
    solicitations = ("icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } drop",)
    with ExitStack() as undo:
        dc.node.nft(
            "table arp dead {\nchain in { type filter hook input priority 0; policy drop; }\n"
            "chain out { type filter hook output priority 0; policy drop; }\n}"
        )
        undo.callback(dc.node.nft, "delete table arp dead")
        for hook in ("input", "output"):
            undo.enter_context(chain(dc.node, hook, *solicitations))
        _forget_neighbours(lab, dc)
        undo.callback(_forget_neighbours, lab, dc)
        yield


@contextmanager
def lose(lab: Lab, percent: int, dc: DomainController | None = None) -> Iterator[None]:
    """Each packet is lost with this chance, in both directions, at the near router."""
    both = {*packets(dc), *packets(dc, back=True)}
    with chain(lab.fw1, "forward", *_each(sorted(both), f"numgen random mod 100 < {percent} drop")):
        yield


@contextmanager
def police(lab: Lab, rate: int = 20, burst: int = 5) -> Iterator[None]:
    """A firewall that lets only so many new connections a second through, and drops the rest in silence."""
    with chain(lab.fw1, "forward", f"ct state new limit rate over {rate}/second burst {burst} packets drop"):
        yield


@contextmanager
def forget_idle(lab: Lab, seconds: int, *, reset: bool = False, at: Node | None = None) -> Iterator[None]:
    """A firewall that forgets TCP sessions which were quiet for so long, and drops (`reset`: resets) what follows."""
    node, action = at or lab.fw2, "reject with tcp reset" if reset else "drop"
    usual = {"net.netfilter.nf_conntrack_tcp_timeout_established": 432000, "net.netfilter.nf_conntrack_tcp_loose": 1}
    with chain(node, "forward", f"meta l4proto tcp ct state invalid {action}"), ExitStack() as undo:
        node.sysctl(
            f"net.netfilter.nf_conntrack_tcp_timeout_established={seconds}", "net.netfilter.nf_conntrack_tcp_loose=0"
        )
        for key, value in usual.items():
            undo.callback(node.sysctl, f"{key}={value}")
        yield


@contextmanager
def limited_icmp(*nodes: Node) -> Iterator[None]:
    """These machines limit their ICMP errors as Linux does by default: a burst of six, then one a second."""
    with ExitStack() as undo:
        for node in nodes:
            node.limit_icmp(on=True)
            undo.callback(node.limit_icmp, on=False)
        yield


@contextmanager
def refuse_source_port(
    dc: DomainController, source: int = 53249, ports: tuple[str, ...] = KERBEROS_PORTS
) -> Iterator[None]:
    """The KDC's loop protection hits a client port by mistake (KB2000061): reset over TCP, silence over UDP."""
    tcp = [f"{line} tcp sport {source} reject with tcp reset" for line in packets(dc, *ports) if " tcp " in line]
    udp = [f"{line} udp sport {source} drop" for line in packets(dc, *ports) if " udp " in line]
    with chain(dc.node, "input", *tcp, *udp):
        yield


@contextmanager
def reset_on_payload(
    lab: Lab, dc: DomainController, *ports: str, at: Node | None = None, silent: bool = False
) -> Iterator[None]:
    """An intrusion prevention system lets the handshake through and resets (`silent`: drops) what follows."""
    node, action = at or lab.fw2, "drop" if silent else "reject with tcp reset"
    # The longest SYN has 80 bytes (IPv6 and 20 bytes of options).
    with chain(node, node.hook, *_each(packets(dc, *ports), f"meta length > 80 {action}")):
        yield


@contextmanager
def syn_proxy(lab: Lab, dc: DomainController, *ports: str, at: Node | None = None) -> Iterator[None]:
    """A middlebox answers the handshake itself, whether the DC would or not."""
    node, lines = at or lab.fw2, packets(dc, *ports)
    untracked = _each(lines, "tcp flags syn / fin,syn,rst,ack notrack")
    proxy = "ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm"
    invalid = _each(lines, "ct state invalid drop")
    with ExitStack() as undo:
        node.sysctl("net.netfilter.nf_conntrack_tcp_loose=0")
        undo.callback(node.sysctl, "net.netfilter.nf_conntrack_tcp_loose=1")
        undo.enter_context(chain(node, "prerouting", *untracked, priority=BEFORE_CONNTRACK))
        undo.enter_context(chain(node, "forward", *_each(lines, proxy), *invalid))
        yield


@contextmanager
def translate(lab: Lab, dc: DomainController, other: DomainController, *ports: str) -> Iterator[None]:
    """NAT: behind this DC's address (or some ports of it) another forest's DC answers."""
    targets = {"ip": f"dnat ip to {other.address}", "ip6": f"dnat ip6 to {other.address6}"}
    lines = [f"{line} {targets[line.partition(' ')[0]]}" for line in packets(dc, *ports)]
    with chain(lab.fw2, "prerouting", *lines, priority=DESTINATION_NAT, kind="nat"):
        yield


@contextmanager
def narrow_link(lab: Lab, mtu: int = 1280, *, icmp: bool = True) -> Iterator[None]:
    """The link between the routers carries less than its neighbours; without ICMP that is a black hole."""
    ends = ((lab.fw1, "to-fw2"), (lab.fw2, "to-fw1"))
    too_big = ("icmp type destination-unreachable icmp code frag-needed drop", "icmpv6 type packet-too-big drop")
    with ExitStack() as undo:
        for node in (lab.client, *(dc.node for dc in lab.dcs)):  # they learn a path MTU and keep it for ten minutes
            for family in ("-4", "-6"):
                undo.callback(node.ip, family, "route", "flush", "cache")
        for node, port in ends:
            node.ip("link", "set", port, "mtu", str(mtu))
            undo.callback(node.ip, "link", "set", port, "mtu", "1500")
            if not icmp:
                undo.enter_context(chain(node, "output", *too_big))
        yield


@contextmanager
def drop_fragments(lab: Lab, dc: DomainController, *, back: bool = False) -> Iterator[None]:
    """Fragments to the DC vanish; `back`: those that come from it. What fits into one packet passes."""
    node, port = (lab.fw2, f"to-{dc.site.key}") if back else (lab.fw1, "to-client")
    address = "saddr" if back else "daddr"
    lines = (
        f'iifname "{port}" ip {address} {dc.address} ip frag-off & 0x3fff != 0 drop',
        f'iifname "{port}" ip6 {address} {dc.address6} exthdr frag exists drop',
    )
    with chain(node, "prerouting", *lines, priority=BEFORE_DEFRAGMENTATION):
        yield


def _each(lines: list[str], action: str) -> list[str]:
    return [f"{line} {action}".strip() for line in lines]


def _forget_neighbours(lab: Lab, dc: DomainController) -> None:
    lab.fw2.ip("neigh", "flush", "dev", f"to-{dc.site.key}")
    dc.node.ip("neigh", "flush", "dev", "eth0")
