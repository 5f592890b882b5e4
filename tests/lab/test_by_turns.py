"""What answers one time and not the next: members of a pool, resolvers behind one address, a path that was cut for a
while; and answers that come from where nobody was asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.lab import faults, resolvers
from tests.lab.joined import joined_controller
from tests.lab.rules import chain
from tests.lab.test_more_kinds import asked_of, byname, finding, listed
from tests.lab.world import Lab

SYN = "tcp flags & (syn | ack) == syn"
EVERY_SECOND, NAT = "numgen inc mod 2 == 0", -100


# A member of a pool that does not offer the service


@pytest.mark.parametrize(("which", "code", "severity"), [(EVERY_SECOND, 0, "warning"), ("", 1, "error")])
def test_a_port_that_refuses_every_second_connection_is_no_service_that_is_down(
    lab: Lab, which: str, code: int, severity: str
) -> None:
    with chain(lab.bravo.node, "input", f"tcp dport 636 {SYN} {which} reject with tcp reset"):
        run = listed(lab, lab.bravo)
    told = finding(run, "service-down")
    assert (run.code, told["severity"]) == (code, severity)
    assert ("one time" in told["title"]) is bool(which)
    assert ("start" in told["fix"]) is not bool(which)


def test_a_host_that_refuses_every_second_connection_has_no_limit_on_sessions(lab: Lab) -> None:
    with chain(lab.bravo.node, "input", f"meta l4proto tcp {SYN} {EVERY_SECOND} reject with tcp reset"):
        run = listed(lab, lab.bravo)
    assert run.codes("bravo")[0] == "service-down"
    assert "blocked-after-burst" not in run.codes("bravo")
    assert (run.code, run.verdicts("bravo") & {"fail", "unknown"}) == (0, set())


# A pool of resolvers behind one address


@contextmanager
def pool(lab: Lab, which: str, **habits: object) -> Iterator[None]:
    """Of two resolvers behind the address that is configured here, one has these habits."""
    turn = f"ip daddr {resolvers.ODD} udp dport 53 {which} dnat ip to {resolvers.OTHER}"
    with (
        resolvers.forwarder(lab, resolvers.ODD),
        resolvers.forwarder(lab, resolvers.OTHER, **habits),
        resolvers.asks(lab, resolvers.ODD),
        chain(lab.client, "output", turn, priority=NAT, kind="nat"),
    ):
        yield


def test_a_member_that_does_not_know_the_forest_is_no_missing_record(lab: Lab) -> None:
    with pool(lab, EVERY_SECOND, rcode={"*": "NXDOMAIN"}):
        run = byname(lab)
    assert run.codes("bravo") == ["dns-views-differ"]
    assert "one time to the next" in finding(run, "dns-views-differ")["title"]
    assert asked_of(run) == {"dns"}


def test_a_member_with_an_old_address_is_no_matter_of_this_machines_hosts_file(lab: Lab) -> None:
    """Which member programs and checks meet is chance: it is told, or they happened to meet the same."""
    old = {"bdc1.": {"records": {"A": ["10.77.2.99"]}}}
    with pool(lab, "numgen random mod 2 == 0", names=old):
        runs = [byname(lab) for _ in range(3)]
    assert all("resolution-differs" not in run.codes("bravo") for run in runs)
    assert all("hosts file" not in str(run.report) for run in runs)


def test_an_old_address_in_the_hosts_file_is_this_machines(lab: Lab) -> None:
    with resolvers.hosts_file(lab, f"10.77.2.99 {lab.bravo.host}"):
        run = byname(lab)
    assert run.codes("bravo") == ["resolution-differs"]


# Who answers under a controller's name


def test_a_name_that_leads_to_a_read_only_controller_does_not_make_the_named_one_read_only(lab: Lab) -> None:
    with joined_controller(lab, lab.bravo) as other:
        leads = {"bdc1.": {"records": {"A": [other.address]}}}
        with resolvers.asks_only(lab, names=leads):
            run = byname(lab)
    told = finding(run, "read-only-dc")
    assert f"leads to {other.host}, a read-only controller" in told["title"]
    assert "kerberos-name-mismatch" in run.codes("bravo")


# Cut for a while


@contextmanager
def interrupted(lab: Lab, after_s: float, for_s: float) -> Iterator[None]:
    def cut() -> None:
        time.sleep(after_s)  # the fault itself takes time
        with faults.drop(lab, lab.bravo, at=lab.fw1):
            time.sleep(for_s)

    meanwhile = threading.Thread(target=cut)
    meanwhile.start()
    try:
        yield
    finally:
        meanwhile.join()


def test_a_path_that_was_cut_for_a_while_blocks_nothing(lab: Lab) -> None:
    """How much of the run falls into it depends on the machine."""
    with interrupted(lab, 1.0, 5.0):
        run = listed(lab, lab.bravo)
    assert run.code == 0
    assert set(run.codes("bravo")) <= {"packet-loss", "forest-ok"}


# Answers from where nobody was asked


@pytest.mark.parametrize(("ports", "services"), [("389", {"ldap-ping"}), ("88, 389, 464", {"ldap-ping", "kpasswd"})])
def test_datagrams_answered_from_another_port_are_told_as_that(lab: Lab, ports: str, services: set[str]) -> None:
    rule = f"ip saddr {lab.bravo.address} udp sport {{ {ports} }} udp sport set 40000"
    with chain(lab.bravo.node, "output", rule):
        run = listed(lab, lab.bravo)
    assert (run.code, run.codes("bravo")) == (1, ["answer-from-other-address"])
    told = finding(run, "answer-from-other-address")
    assert ("from another port" in told["title"], "ort 40000 answered for" in told["explanation"]) == (True, True)
    assert {check["service"] for check in run.of("bravo") if check["verdict"] == "fail"} == services
    assert [ask["udp"] for ask in told["asks"]] == [[]]


# A device that shortens the life of packets


def test_a_device_that_shortens_the_life_of_packets_is_not_ruled_out_by_calling_it_a_circle(lab: Lab) -> None:
    short = f"ip daddr {lab.bravo.address} ip ttl set 2"
    with chain(lab.fw1, "prerouting", short, priority=-150):
        run = listed(lab, lab.bravo)
    told = finding(run, "host-unreachable")
    assert "or a device that sets the time to live too low" in told["explanation"]
    assert "what shortens the time to live" in told["fix"]


def test_a_device_that_makes_segments_small_is_no_fault(lab: Lab) -> None:
    with chain(lab.fw1, "forward", "tcp flags syn tcp option maxseg size set 536"):
        run = listed(lab, lab.bravo)
    assert (run.code, run.codes("bravo")) == (0, ["forest-ok"])
