"""A machine of the lab: a network namespace, and what can be done inside it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

LIMITED_ICMP = 0b1100000011000  # the kernel's default: unreachable, source quench, time exceeded, parameter problem


class LabError(Exception):
    """The lab could not do what a test asked of it."""


def run(*command: str, stdin: str | None = None) -> str:
    """Run a program to its end and return what it printed; its own words are in the error if it fails."""
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, errors="replace", timeout=300)
    if done.returncode:
        raise LabError(f"{' '.join(command)}: exit {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


@dataclass(frozen=True, slots=True)
class Node:
    """Where packets are seen depends on the machine: a router forwards them, a DC gets them, the client sends them."""

    name: str
    netns: str
    hook: str  # the netfilter hook that sees the traffic between client and DC

    def argv(self, *command: str) -> list[str]:
        return ["ip", "netns", "exec", self.netns, *command]

    def run(self, *command: str, stdin: str | None = None) -> str:
        return run(*self.argv(*command), stdin=stdin)

    def start(self, *command: str, log: Path) -> subprocess.Popen[bytes]:
        """Start a program that stays, in a session of its own, so that all its children can be found again."""
        with log.open("ab") as out:
            return subprocess.Popen(
                self.argv(*command), stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )

    def ip(self, *arguments: str) -> str:
        return run("ip", "-n", self.netns, *arguments)

    def nft(self, script: str) -> str:
        return self.run("nft", "-f", "-", stdin=script)

    def sysctl(self, *settings: str) -> None:
        self.run("sysctl", "-qw", *settings)

    def create(self) -> None:
        run("ip", "netns", "add", self.netns)
        self.ip("link", "set", "lo", "up")
        # Before any link exists: new links inherit `default`.
        for scope in ("all", "default"):
            self.sysctl(f"net.ipv4.conf.{scope}.rp_filter=0", f"net.ipv6.conf.{scope}.accept_dad=0")
        self.limit_icmp(on=False)

    def limit_icmp(self, *, on: bool) -> None:
        """Whether this machine sends ICMP errors as sparingly as Linux does by default: six at once, then one a second.

        Off by the mask of limited types, not by a limit of 0: that would empty the bucket which the kernel's own
        limit for `unreachable` and `prohibit` routes draws from (five at once, then one a second, always on).
        """
        mask, pause_ms = (LIMITED_ICMP, 1000) if on else (0, 0)
        self.sysctl(f"net.ipv4.icmp_ratemask={mask}", f"net.ipv6.icmp.ratelimit={pause_ms}")


def link(one: Node, one_port: str, other: Node, other_port: str) -> None:
    """A cable between two machines."""
    run("ip", "link", "add", one_port, "netns", one.netns, "type", "veth", "peer", other_port, "netns", other.netns)


def address(node: Node, port: str, *networks: str) -> None:
    """Give the port its addresses (`10.77.0.10/24`) and switch it on."""
    for network in networks:
        node.ip("addr", "add", network, "dev", port, *(["nodad"] if ":" in network else []))
    node.ip("link", "set", port, "up")


def pids(netns: str) -> list[int]:
    """Everything that runs in the namespace, whoever started it."""
    return [int(pid) for pid in run("ip", "netns", "pids", netns).split()]
