"""Routers that speak seldom, limits that few connections pass, filters in DNS, loops, and names that two share."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from tests.bench.steady import shape
from tests.lab import faults, resolvers
from tests.lab.namesake import namesake
from tests.lab.program import Run
from tests.lab.rules import chain
from tests.lab.test_more_kinds import asked_of, byname, finding, listed
from tests.lab.world import Lab

DESTINATION_NAT = -100
DEAD = "10.77.2.77"
"""Nobody has this address."""


# A machine that is off, behind a router that says so as seldom as routers do


@pytest.mark.parametrize("limited", [False, True])
def test_a_dead_host_is_told_as_the_router_tells_it_on_every_port(lab: Lab, *, limited: bool) -> None:
    saved = str(lab.vantage.home / f"dead-{limited}.json")
    with faults.dead_host(lab, lab.bravo), ExitStack() as undo:
        if limited:
            undo.enter_context(faults.limited_icmp(lab.fw2))
        run = listed(lab, lab.bravo, saved=saved)
    assert (run.code, run.codes("bravo")) == (1, ["host-unreachable"])
    assert run.states("bravo") <= {"unreachable", "skipped"}
    assert "finds nobody at that address" in finding(run, "host-unreachable")["fix"]
    assert "Is it up" in lab.portcheck("request", saved).stdout


def test_a_silent_host_behind_such_a_router_is_not_called_off(lab: Lab) -> None:
    with faults.drop(lab, lab.bravo), faults.limited_icmp(lab.fw2):
        run = listed(lab, lab.bravo)
    assert run.codes("bravo") == ["host-unreachable"]
    assert run.states("bravo") <= {"filtered", "skipped"}


# One of several machines behind an address is off


@pytest.mark.parametrize("chosen", ["inc", "random"])
@pytest.mark.parametrize("silent", [False, True])
def test_a_dead_machine_among_several_is_no_blocked_port(lab: Lab, chosen: str, *, silent: bool) -> None:
    """Half of the connections are lost, whole, so several tries in a row; the router says so, or nobody does."""
    half = f"ip daddr {lab.bravo.address} ct state new numgen {chosen} mod 2 == 1 dnat ip to {DEAD}"
    with ExitStack() as undo:
        undo.enter_context(chain(lab.fw2, "prerouting", half, priority=DESTINATION_NAT, kind="nat"))
        if silent:
            undo.enter_context(chain(lab.fw2, "forward", f"ip daddr {DEAD} drop"))
        run = listed(lab, lab.bravo)
    assert (run.code, set(run.codes("bravo"))) in ((0, {"packet-loss"}), (1, {"source-ports-filtered"}))


def test_a_blocked_port_of_such_an_address_is_the_only_one(lab: Lab) -> None:
    half = f"ip daddr {lab.bravo.address} ct state new numgen random mod 2 == 1 dnat ip to {DEAD}"
    blocked = f"ip daddr {lab.bravo.address} th dport 464 drop"
    with ExitStack() as undo:
        undo.enter_context(chain(lab.fw2, "prerouting", half, priority=DESTINATION_NAT, kind="nat"))
        undo.enter_context(chain(lab.fw2, "forward", f"ip daddr {DEAD} drop"))
        undo.enter_context(chain(lab.fw2, "forward", blocked))
        run = listed(lab, lab.bravo)
    assert {c["service"] for c in run.of("bravo") if c["verdict"] == "fail"} <= {"kpasswd"}
    assert run.codes("bravo")[0] in {"kpasswd-blocked", "source-ports-filtered"}


def test_a_rule_that_says_host_unreachable_of_one_port_is_still_a_rule(lab: Lab) -> None:
    with faults.reject(lab, lab.bravo, "464", how="host-unreachable"):
        run = listed(lab, lab.bravo)
    assert run.codes("bravo")[0] == "kpasswd-blocked"


# A circle of routes


def test_a_circle_of_routes_is_the_networks_matter(lab: Lab) -> None:
    saved, route = str(lab.vantage.home / "loop.json"), (f"{lab.bravo.address}/32", "via", "10.77.100.1")
    lab.fw2.ip("route", "add", *route)
    try:
        run = listed(lab, lab.bravo, saved=saved)
    finally:
        lab.fw2.ip("route", "del", *route)
    told = finding(run, "host-unreachable")
    assert run.codes("bravo") == ["host-unreachable"]
    assert "a circle of routes" in told["explanation"]
    assert "allow" not in told["fix"]


# Limits on what is new


def test_a_limit_of_ten_connections_a_minute_is_no_blocked_port(lab: Lab) -> None:
    with chain(lab.fw1, "forward", "ct state new limit rate over 10/minute burst 5 packets drop"):
        run = listed(lab, lab.bravo)
    assert (run.code, run.states("bravo") & {"filtered", "unreachable"}) == (0, set())
    assert "a limit on new connections" in finding(run, "packet-loss")["fix"]


def test_a_limit_of_two_datagrams_a_second_blocks_nothing(lab: Lab) -> None:
    few = 'iifname "to-client" meta l4proto udp limit rate over 2/second burst 5 packets drop'
    with chain(lab.fw1, "forward", few):
        run = lab.check(config=lab.forests_toml(defaults={"profiles": ["mim"]}))
    assert run.code == 0
    assert run.report is not None
    assert {found["code"] for found in run.report["findings"]} <= {"packet-loss", "forest-ok"}


@contextmanager
def full_table(lab: Lab, sessions: int) -> Iterator[None]:
    """The near router tracks no more sessions of the client, and drops what would be a new one."""
    table = f"full_{secrets.token_hex(4)}"
    lab.fw1.nft(
        f"table inet {table} {{\nset s {{ type ipv4_addr; size 65535; flags dynamic; }}\nchain c {{\n"
        f'type filter hook forward priority 0\niifname "to-client" ct state new add @s {{ ip saddr ct count over'
        f" {sessions} }} drop\n}}\n}}"
    )
    try:
        yield
    finally:
        lab.fw1.nft(f"delete table inet {table}")


def test_a_table_so_full_that_names_fall_silent_too_asks_for_no_rule(lab: Lab) -> None:
    with full_table(lab, 12):
        run = lab.check(config=lab.forests_toml(defaults={"profiles": ["mim"]}))
    assert run.code == 1
    assert all("blocked-after-burst" in run.codes(dc.site.key) for dc in lab.dcs)
    assert asked_of_rules(run) == []


def asked_of_rules(run: Run) -> list[Any]:
    """What of the firewall team is asked for as ports to open."""
    assert run.report is not None
    asks = [ask for found in run.report["findings"] for ask in found["asks"] if ask["of"] == "firewall"]
    return [ask for ask in asks if ask["tcp"] or ask["udp"]]


# DNS


@pytest.mark.parametrize("address", ["0.0.0.0", "127.0.0.1"])
@pytest.mark.parametrize("every", [False, True])
def test_a_block_list_in_dns_is_named_by_its_server(lab: Lab, address: str, *, every: bool) -> None:
    names = {f"{name}.": {"records": {"A": [address]}} for name in (lab.bravo.host, lab.bravo.domain)}
    with resolvers.asks_only(lab, **({"alike": address} if every else {"names": names})) as server:
        run = byname(lab)
    assert (run.code, run.codes("bravo")) == (1, ["resolver-filters-addresses"])
    assert f"({server}) leads" in finding(run, "resolver-filters-addresses")["title"]
    assert asked_of(run) == {"dns"}


def test_a_single_name_that_leads_to_nobody_is_no_block_list(lab: Lab) -> None:
    with resolvers.asks_only(lab, names={f"{lab.bravo.host}.": {"records": {"A": ["0.0.0.0"]}}}):
        run = byname(lab)
    assert run.codes("bravo") == ["srv-stale"]


def test_where_all_is_dark_each_run_tells_the_same(lab: Lab) -> None:
    own = {dc.site.key: {"dns": None} for dc in lab.dcs}
    config = lab.forests_toml(defaults={"profiles": ["mim"]}, **own)
    with faults.drop(lab, None):
        told = {shape(lab.check(config=config))[1] for _ in range(5)}
    assert len(told) == 1
    assert {code for found in told for code, *_ in found} == {"dns-blocked"}


# Clocks and names


def test_a_certificate_that_this_machines_clock_alone_refuses_is_the_clocks_matter(lab: Lab) -> None:
    run = lab.check_with_clock("-500d", lab.forests_toml("bravo", defaults={"profiles": ["mim"]}, bravo={"dns": None}))
    assert run.codes("bravo") == ["time-skew"]
    assert run.verdicts("bravo", "ldaps") == {"fail"}


def test_two_forests_with_one_short_name_and_one_netbios_name_are_told_apart(lab: Lab) -> None:
    with namesake(lab, lab.alpha) as four, faults.drop(lab, four.dcs[3], "464"):
        run = four.check(config=four.forests_toml("alpha", "delta", defaults={"profiles": ["mim"]}))
        with faults.translate(lab, four.dcs[3], lab.alpha):
            led_astray = four.check(config=four.forests_toml("delta", defaults={"profiles": ["mim"]}))
    assert run.codes("alpha") == ["forest-ok"]
    told = finding(run, "kpasswd-blocked")
    assert (told["forest"], told["hosts"]) == ("delta.test", ["dc1.delta.test"])
    assert [to["address"] for ask in told["asks"] for to in ask["to"]] == [four.dcs[3].address]
    assert led_astray.codes("delta")[0] == "wrong-forest"
