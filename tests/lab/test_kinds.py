"""Kinds of forests and controllers that are not as most are, each with its twin in which nothing is to be said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from tests.lab import faults, records, services
from tests.lab.domain_controller import DomainController
from tests.lab.program import Run
from tests.lab.relay import Line, relay
from tests.lab.rules import chain
from tests.lab.twin import second_controller
from tests.lab.world import Lab

NTDS = "CN=NTDS Settings,CN={},CN=Servers,CN=Default-First-Site-Name,CN=Sites,CN=Configuration,DC={},DC=test"
CHANGE = """
import sys
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB
settings = LoadParm()
settings.load_default()
SamDB("/var/lib/samba/private/sam.ldb", session_info=system_session(), lp=settings).modify_ldif(sys.argv[1])
"""
SAMBAS_OWN_PYTHON = "/usr/bin/python3"


def byname(lab: Lab, *more: str, profile: str = "mim", **own: Any) -> Run:
    """Bravo, found by this machine's own resolver."""
    named = {"dns": None, **own}
    return lab.check(*more, config=lab.forests_toml("bravo", defaults={"profiles": [profile]}, bravo=named))


def both(lab: Lab, second: DomainController) -> dict[str, Any]:
    """Two controllers by their addresses."""
    hosts = {"bdc1.bravo.test": lab.bravo.address, "bdc12.bravo.test": second.address}
    listed = [{"host": host, "address": address} for host, address in hosts.items()]
    return {"domain_controllers": listed, "discover": False}


def finding(run: Run, code: str) -> Mapping[str, Any]:
    assert run.report is not None
    (found,) = [found for found in run.report["findings"] if found["code"] == code]
    return dict(found)


# The Global Catalog


@contextmanager
def no_global_catalog(dc: DomainController) -> Iterator[None]:
    """Its flag is taken from it; the ports of a running Samba stay as they are."""
    entry = NTDS.format(dc.site.host, dc.site.key)
    script = (SAMBAS_OWN_PYTHON, "-c", CHANGE, f"dn: {entry}\nchangetype: modify\nreplace: options\noptions: ")
    dc.node.run(*dc.view(*script[:-1], f"{script[-1]}0\n"))
    try:
        yield
    finally:
        dc.node.run(*dc.view(*script[:-1], f"{script[-1]}1\n"))


def test_a_forest_without_a_global_catalog_lacks_that_and_no_record(lab: Lab) -> None:
    record = records.missing(lab.bravo, "_gc._tcp", "SRV", records.srv(lab.bravo, 3268))
    with no_global_catalog(lab.bravo), record:
        run = byname(lab)
    assert (run.code, run.codes("bravo")) == (1, ["not-a-gc"])
    told = finding(run, "not-a-gc")
    assert "the forest has none" in told["explanation"]
    assert "make a controller a Global Catalog" in told["fix"]
    assert "Netlogon" not in told["fix"]


def test_a_controller_that_dns_calls_a_global_catalog_and_is_none(lab: Lab) -> None:
    with no_global_catalog(lab.bravo):
        run = byname(lab)
    assert (run.code, run.codes("bravo")) == (0, ["not-a-gc"])
    assert "DNS lists bdc1.bravo.test as a Global Catalog all the same" in finding(run, "not-a-gc")["explanation"]


def test_a_global_catalog_whose_record_is_gone_lacks_the_record(lab: Lab) -> None:
    with records.missing(lab.bravo, "_gc._tcp", "SRV", records.srv(lab.bravo, 3268)):
        run = byname(lab)
    assert run.codes("bravo") == ["srv-missing"]


# Who it is


def test_two_controllers_of_two_domains_of_one_name(lab: Lab) -> None:
    with second_controller(lab, lab.bravo, stranger=True) as second:
        run = byname(lab, **both(lab, second))
    assert run.code == 1
    assert run.codes("bravo")[0] == "two-domains-one-name"
    assert second.address in finding(run, "two-domains-one-name")["title"]


def test_two_controllers_of_one_domain_are_no_two_domains(lab: Lab) -> None:
    with second_controller(lab, lab.bravo) as second:
        run = byname(lab, **both(lab, second))
    assert (run.code, "two-domains-one-name" in run.codes("bravo")) == (0, False)


def test_a_controller_that_dns_lists_by_a_former_name(lab: Lab) -> None:
    listed = ("_ldap._tcp.dc._msdcs", "_ldap._tcp", "_kerberos._tcp", "_kpasswd._tcp", "_gc._tcp")
    ports = dict(zip(listed, (389, 389, 88, 464, 3268), strict=True))
    with ExitStack() as undo:
        undo.enter_context(records.added(lab.bravo, "former", "A", lab.bravo.address))
        for name, port in ports.items():
            undo.enter_context(records.missing(lab.bravo, name, "SRV", records.srv(lab.bravo, port)))
            former = records.srv(lab.bravo, port, "former.bravo.test")
            undo.enter_context(records.added(lab.bravo, name, "SRV", former))
        run = byname(lab)
    assert run.code == 0
    told = finding(run, "kerberos-name-mismatch")
    assert "the SRV records name former.bravo.test, where bdc1.bravo.test answers" in told["fix"]
    assert "setspn" not in told["fix"]


# What it offers


def test_kerberos_over_tcp_alone_runs(lab: Lab) -> None:
    with faults.reject(lab, lab.bravo, "88/udp", "464/udp", how="port-unreachable", at=lab.bravo.node):
        run = byname(lab)
    assert run.codes("bravo") == ["service-down"]
    told = finding(run, "service-down")
    assert "over TCP the same services answer" in told["title"]
    assert "start" not in told["fix"]


def test_kerberos_over_neither_is_down(lab: Lab) -> None:
    with faults.reject(lab, lab.bravo, "88", "464", how="port-unreachable", at=lab.bravo.node):
        run = byname(lab)
    assert "not running on bdc1" in finding(run, "service-down")["title"]


def test_a_controller_of_which_only_ldap_is_up_may_have_started_just_now(lab: Lab) -> None:
    shut = ("88", "464", "135/tcp", "445/tcp")
    with faults.reject(lab, lab.bravo, *shut, how="port-unreachable", at=lab.bravo.node):
        run = byname(lab)
    assert run.codes("bravo") == ["service-down"]
    assert "if it was started just now" in finding(run, "service-down")["fix"]


@pytest.mark.parametrize("profile", ["mim", "domain-join"])
def test_a_kdc_of_another_realm_behind_port_88_is_the_translations(lab: Lab, profile: str) -> None:
    with faults.translate(lab, lab.bravo, lab.charlie, "88"):
        run = byname(lab, profile=profile)
    assert (run.code, run.codes("bravo")) == (1, ["wrong-forest"])
    assert [ask["of"] for ask in finding(run, "wrong-forest")["asks"]] == ["firewall"]


@pytest.mark.parametrize("but", ["53", "{ 53, 443 }"])
def test_a_path_that_lets_dns_alone_pass_is_one_finding(lab: Lab, but: str) -> None:
    with chain(lab.fw1, "forward", f"ip daddr {lab.bravo.address} meta l4proto {{ tcp, udp }} th dport != {but} drop"):
        run = byname(lab, dns=[lab.bravo.address])
    assert (run.code, run.codes("bravo")) == (1, ["host-unreachable"])
    assert "nothing but DNS on bdc1 answers" in finding(run, "host-unreachable")["title"]


# TLS


@pytest.mark.parametrize("must", [True, False])
def test_a_server_that_takes_only_clients_with_a_certificate(lab: Lab, must: bool) -> None:
    with services.present(lab.bravo, lab.bravo.certificate, "636/tcp", "3269/tcp", clients_must=must):
        run = byname(lab)
    assert (run.code, run.codes("bravo")) == ((1, ["tls-failed"]) if must else (0, ["forest-ok"]))
    if must:
        assert "client certificate" in finding(run, "tls-failed")["fix"]
        assert "firewall team" not in finding(run, "tls-failed")["fix"]


# Loss


def test_a_hole_for_large_packets_on_a_line_that_loses_others_too(lab: Lab) -> None:
    hole = f"ip daddr {lab.bravo.address} ip length > 1280 drop"
    with relay(lab, Line(delay_ms=75, lose=10)), chain(lab.fw1, "forward", hole):
        run = byname(lab, dns=None)
    assert "mtu-black-hole" in run.codes("bravo")


@pytest.mark.parametrize("number", range(3))
def test_a_line_that_loses_a_fifth_has_no_hole_and_no_slow_server(lab: Lab, number: int) -> None:
    with relay(lab, Line(delay_ms=150, lose=20)):
        run = byname(lab)
    assert not {"mtu-black-hole", "dns-slow"} & set(run.codes("bravo"))


@contextmanager
def first_syn_dropped(lab: Lab) -> Iterator[None]:
    """A protection against SYN floods: only who asks again is let in."""
    syn = f"ip daddr {lab.bravo.address} tcp flags & (syn | ack) == syn"
    who = "ip saddr . tcp sport . tcp dport"
    lab.fw1.nft(
        "table inet first_syn {\nset seen {\ntype ipv4_addr . inet_service . inet_service\nflags dynamic,timeout\n"
        "timeout 30s\n}\nchain c {\ntype filter hook forward priority 0\n"
        f"{syn} {who} @seen accept\n{syn} add @seen {{ {who} }} drop\n}}\n}}"
    )
    try:
        yield
    finally:
        lab.fw1.nft("delete table inet first_syn")


def test_a_protection_against_floods_is_no_bad_line(lab: Lab) -> None:
    with first_syn_dropped(lab):
        run = byname(lab)
    assert (run.code, run.codes("bravo")) == (0, ["packet-loss"])
    assert "drops the first SYN of every connection" in finding(run, "packet-loss")["explanation"]


def test_a_bad_line_is_no_protection_against_floods(lab: Lab) -> None:
    with faults.lose(lab, 30):
        run = byname(lab)
    assert "first SYN" not in str(run.report)


# This machine


def test_a_network_of_this_machine_that_overlaps_with_the_controllers(lab: Lab) -> None:
    """A container bridge takes what is meant for the controller."""
    own = {"domain_controllers": [{"host": lab.bravo.host, "address": lab.bravo.address}], "dns": None}
    lab.client.ip("link", "add", "bridge9", "type", "bridge")
    try:
        lab.client.ip("addr", "add", "10.77.2.1/24", "dev", "bridge9")
        lab.client.ip("link", "set", "bridge9", "up")
        run = byname(lab, **own)
    finally:
        lab.client.ip("link", "del", "bridge9")
    assert run.codes("bravo") == ["host-unreachable"]
    assert "it was asked from 10.77.2.1" in finding(run, "host-unreachable")["fix"]
    assert "it was asked from" not in str(byname(lab, **own).report)


def test_a_controller_that_is_off_overlaps_with_nothing(lab: Lab) -> None:
    with faults.dead_host(lab, lab.bravo):
        run = byname(lab, dns=[lab.alpha.address], discover=False, domain_controllers=[lab.bravo.address])
    assert "host-unreachable" in run.codes("bravo")
    assert "it was asked from" not in str(run.report)
