"""The lab itself: it comes up, every service answers the client, and two labs do not know of each other."""

from __future__ import annotations

import subprocess

import pytest

from tests.lab.domain_controller import TCP_PORTS, UDP_PORTS
from tests.lab.look import Sight
from tests.lab.network import namespaces
from tests.lab.rules import count_packets
from tests.lab.world import ROOT, Lab, _clean_if_dead

LDAP_ROOT_DSE = "300c020101600702010304008000"  # a simple bind without name or password
CONNECTED = Sight()


def test_every_tcp_port_of_every_domain_controller_accepts_the_client(lab: Lab) -> None:
    ports = [f"{port}/tcp" for port in sorted(TCP_PORTS)] + ["49152/tcp", "49153/tcp", "49154/tcp"]
    for dc in lab.dcs:
        assert lab.look(dc, *ports) == [CONNECTED] * len(ports)


def test_udp_services_answer_and_a_closed_udp_port_is_refused_by_the_host(lab: Lab) -> None:
    for dc in lab.dcs:
        time, gc = lab.look(dc, "123/udp", "3268/udp")
        assert time.heard.startswith("24")  # NTP version 4, server
        assert gc == Sight("ECONNREFUSED", (3, 3, dc.address))
    assert {123, 389, 88} <= UDP_PORTS


def test_services_that_samba_lacks_are_refused_by_reset(lab: Lab) -> None:
    assert lab.look(lab.alpha, "9389/tcp", "5985/tcp") == [Sight("ECONNREFUSED")] * 2


def test_an_answer_from_ldap_is_ldap(lab: Lab) -> None:
    (seen,) = lab.look(lab.charlie, "389/tcp", words=LDAP_ROOT_DSE)
    assert seen.heard.startswith("30")


def test_the_client_is_nobody_and_asks_the_labs_resolver(lab: Lab) -> None:
    run = lab.vantage.python(
        "-c", "import os, pathlib; print(os.getuid(), pathlib.Path('/etc/resolv.conf').read_text())"
    )
    assert run.stdout.split() == ["65534", "nameserver", "127.0.0.1"], run.stderr


@pytest.mark.parametrize("key", ["alpha", "bravo", "charlie"])
def test_the_system_resolver_knows_each_forest(lab: Lab, key: str) -> None:
    ask = f"import dns.resolver; print(dns.resolver.resolve('_gc._tcp.{key}.test', 'SRV')[0].target)"
    dc = next(dc for dc in lab.dcs if dc.site.key == key)
    run = lab.vantage.python("-c", ask)
    assert run.stdout.strip() == f"{dc.host}.", run.stderr


def test_packets_are_counted_at_the_clients_cable(lab: Lab) -> None:
    with count_packets(lab.client) as count:
        lab.look(lab.alpha, "123/udp")
    assert (count.sent, count.received) == (1, 1)


def test_a_forests_file_holds_what_the_test_asked_for(lab: Lab) -> None:
    text = lab.forests_toml("bravo", defaults={"timeout": "2s"}, bravo={"ports": {"kerberos": 10088}}).read_text()
    assert 'timeout = "2s"' in text
    assert 'name = "bravo.test"' in text
    assert "ports = { kerberos = 10088 }" in text
    assert "alpha.test" not in text


def test_what_a_dead_run_left_is_cleaned_and_a_living_one_is_left_alone(lab: Lab) -> None:
    dead = ROOT / "pclab-dead00"
    dead.mkdir(exist_ok=True)
    subprocess.run(["ip", "netns", "add", "pclab-dead00-fw1"], check=True)
    with subprocess.Popen(["ip", "netns", "exec", "pclab-dead00-fw1", "sleep", "infinity"]) as left:
        _clean_if_dead(dead)
        assert left.wait() != 0
    _clean_if_dead(lab.folder)
    assert namespaces("pclab-dead00") == []
    assert not dead.exists()
    assert len(namespaces(lab.folder.name)) == 6
