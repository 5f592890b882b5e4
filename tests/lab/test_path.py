"""What paths do in the field, each with its twin in which the same finding has to keep quiet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from tests.lab import faults
from tests.lab.program import Run
from tests.lab.relay import Line, relay
from tests.lab.rules import chain
from tests.lab.world import Lab

FW1, FW2 = "10.77.0.1", "10.77.100.2"
PATH_CODES = {
    "packet-loss", "fragments-dropped", "mtu-black-hole", "asymmetric-path", "answer-from-other-address",
    "source-ports-filtered", "blocked-after-burst", "local-ports-exhausted",
}  # fmt: skip


def named(lab: Lab, *more: str) -> Run:
    """Only bravo, by address: no name server stands between the path and its verdict."""
    config = lab.forests_toml("bravo", defaults={"profiles": ["mim"]}, bravo={
        "domain_controllers": [{"host": "bdc1.bravo.test", "address": lab.bravo.address}], "dns": None})  # fmt: skip
    return lab.check(*more, config=config)


def finding(run: Run, code: str) -> Mapping[str, Any]:
    assert run.report is not None
    (found,) = [found for found in run.report["findings"] if found["code"] == code]
    return found  # type: ignore[no-any-return]


@contextmanager
def sysctl(lab: Lab, key: str, value: str) -> Iterator[None]:
    before = lab.client.run("sysctl", "-n", key).strip().replace("\t", " ")
    lab.client.sysctl(f"{key}={value}")
    try:
        yield
    finally:
        lab.client.sysctl(f"{key}={before}")


FAR = [Line(delay_ms=150), Line(delay_ms=350), Line(delay_ms=600), Line(delay_ms=750), Line(delay_ms=300, double=50)]


@pytest.mark.parametrize("line", FAR, ids=["300 ms", "700 ms", "1200 ms", "1500 ms", "600 ms and doubled"])
def test_a_far_host_is_well_and_nothing_is_lost(lab: Lab, line: Line) -> None:
    with relay(lab, line):
        run = named(lab)
    assert (run.code, run.codes("bravo"), run.states("bravo")) == (0, ["forest-ok"], {"ok"})


@pytest.mark.parametrize("line", [Line(kbit=64), Line(kbit=64, queue=16_000)], ids=["deep queue", "short queue"])
def test_a_narrow_line_slows_the_run_down_and_makes_no_fault(lab: Lab, line: Line) -> None:
    own = {dc.site.key: {"domain_controllers": [{"host": dc.host, "address": dc.address}], "dns": None}
           for dc in lab.dcs}  # fmt: skip
    with relay(lab, line):
        run = lab.check(config=lab.forests_toml(defaults={"profiles": ["mim"]}, **own))
    assert [run.codes(forest) for forest in ("alpha", "bravo", "charlie")] == [["forest-ok"]] * 3


def test_loss_on_a_far_line_is_loss_and_no_block(lab: Lab) -> None:
    """By chance a run meets too little loss to tell of; that is no block either, and the next one meets more."""
    told: list[list[str]] = []
    with relay(lab, Line(delay_ms=150, lose=20)):
        while len(told) < 4 and ["packet-loss"] not in told:
            run = named(lab)
            assert run.states("bravo") == {"ok"}
            told.append(run.codes("bravo"))
    assert told[-1:] == [["packet-loss"]]
    assert told[:-1] == [["forest-ok"]] * (len(told) - 1)


def test_a_blocked_port_far_away_is_told_as_such(lab: Lab) -> None:
    with relay(lab, Line(delay_ms=350)), faults.drop(lab, lab.bravo, "464"):
        run = named(lab)
    assert run.codes("bravo") == ["kpasswd-blocked"]


def test_connections_that_only_their_first_packet_survives_are_an_asymmetric_path(lab: Lab) -> None:
    with chain(lab.fw1, "forward", f"ip daddr {lab.bravo.address} tcp flags & syn == 0 drop"):
        run = named(lab, "--answer-timeout", "3s")
    assert (run.code, run.codes("bravo")) == (1, ["asymmetric-path"])
    assert "asymmetric routing" in finding(run, "asymmetric-path")["explanation"]


def test_one_service_whose_conversation_is_dropped_is_no_asymmetric_path(lab: Lab) -> None:
    with faults.reset_on_payload(lab, lab.bravo, "389/tcp", silent=True):
        run = named(lab, "--answer-timeout", "3s")
    assert run.codes("bravo") == ["service-mute"]


def test_datagrams_answered_from_another_address_are_told_with_both(lab: Lab) -> None:
    rule = f"ip saddr {lab.bravo.address} meta l4proto udp ip saddr set 10.77.2.11"
    with chain(lab.bravo.node, "output", rule):
        run = named(lab)
    assert (run.code, run.codes("bravo")) == (1, ["answer-from-other-address"])
    assert "10.77.2.11 answered for 10.77.2.10" in finding(run, "answer-from-other-address")["explanation"]


def test_datagrams_that_nobody_answers_are_blocked(lab: Lab) -> None:
    with faults.drop(lab, lab.bravo, "389/udp"):
        run = named(lab)
    assert run.codes("bravo") == ["dc-locator-blocked"]


SIZES = {
    "answers": ("ip saddr {} meta l4proto udp ip length > 170 drop", "from", "389/udp"),
    "questions": ("ip daddr {} meta l4proto udp ip length > 160 drop", "to", "88/udp"),
}


@pytest.mark.parametrize("what", SIZES)
def test_datagrams_that_are_lost_for_their_size_are_no_block_of_the_port(lab: Lab, what: str) -> None:
    rule, way, port = SIZES[what]
    saved = lab.vantage.home / f"sizes-{way}.json"
    with chain(lab.fw1, "forward", rule.format(lab.bravo.address)):
        run = named(lab, "--save", str(saved))
    told = finding(run, "long-datagrams-lost")
    assert run.codes("bravo") == ["long-datagrams-lost"]
    assert f"only short datagrams {way} bdc1 pass" in told["title"]
    assert f"{port} gives short answers" in told["explanation"]
    asked = lab.portcheck("request", str(saved))
    assert "(long-datagrams-lost): not a matter of one port's rule" in asked.stdout


SOME_PORTS = {
    "low ones dead": "tcp sport < 49152 drop",
    "low ones dead for datagrams too": "th sport < 49152 drop",
    "high ones dead": "tcp sport > 20000 drop",
    "some of several paths": "tcp sport & 6 == 0 drop",
    "even ones dead": "tcp sport & 1 == 0 drop",
    "low ones dead for datagrams alone": "udp sport < 49152 drop",
}


@pytest.mark.parametrize("fault", SOME_PORTS)
def test_source_ports_that_do_not_pass_are_told_from_loss_and_blocks(lab: Lab, fault: str) -> None:
    with chain(lab.fw1, "forward", f"ip daddr {lab.bravo.address} {SOME_PORTS[fault]}"):
        run = one_that_met_it(lab)
    assert run.codes("bravo") == ["source-ports-filtered"]


def one_that_met_it(lab: Lab) -> Run:
    """A run whose local ports all happened to pass has seen no fault, and says so: where one of four is dead, 2 in 100
    are such."""
    for _ in range(4):
        run = named(lab)
        if any("source_ports_unanswered" in check["facts"] for check in run.of("bravo")):
            break
    return run


def test_blocked_ports_are_no_filter_of_source_ports(lab: Lab) -> None:
    with faults.drop(lab, lab.bravo, "464", "3268/tcp", "445/tcp"):
        run = named(lab)
    assert run.codes("bravo") == ["kpasswd-blocked", "smb-blocked", "gc-blocked"]


@pytest.mark.parametrize("fault", [lambda lab: faults.lose(lab, 15), faults.police], ids=["loss", "policing"])
def test_loss_is_not_taken_for_a_filter_of_source_ports(lab: Lab, fault) -> None:
    with fault(lab):
        run = named(lab)
    assert "source-ports-filtered" not in run.codes("bravo")


@pytest.mark.parametrize(("at", "by"), [("fw1", FW1), ("fw2", FW2)])
def test_resets_and_silence_of_one_device_are_one_finding_and_one_request(lab: Lab, at: str, by: str) -> None:
    host = f"ip daddr {lab.bravo.address}"
    rules = (f"{host} meta l4proto tcp reject with tcp reset", f"{host} meta l4proto udp drop")
    saved = lab.vantage.home / "resets.json"
    with chain(getattr(lab, at), "forward", *rules):
        run = named(lab, "--save", str(saved))
    assert run.states("bravo", "ldap/tcp") == {"rejected"}
    assert {c["blocked_at"]["by"] for c in run.of("bravo") if c["state"] == "rejected" and c["verdict"] == "fail"} == {
        by
    }
    assert [f["code"] for f in (run.report or {})["findings"] if f["severity"] != "info"] == ["host-unreachable"]
    asked = lab.portcheck("request", str(saved))
    assert all(word in asked.stdout for word in ("88", "389", "445", "464", "tcp", "udp"))


def test_resets_of_the_host_itself_stay_the_hosts(lab: Lab) -> None:
    host = f"ip daddr {lab.bravo.address}"
    rules = (f"{host} meta l4proto tcp reject with tcp reset", f"{host} meta l4proto udp drop")
    with chain(lab.bravo.node, "input", *rules):
        run = named(lab)
    assert run.states("bravo", "ldap/tcp") == {"refused"}
    assert run.codes("bravo") == ["service-down"]


def test_a_redirect_of_this_machine_is_this_machines(lab: Lab) -> None:
    rule = f"ip daddr {lab.bravo.address} tcp dport {{ 88, 389 }} redirect to :9"
    with chain(lab.client, "output", rule, kind="nat", priority=-100):
        run = named(lab)
    assert run.codes("bravo") == ["local-fault"]
    assert "this machine itself redirects" in finding(run, "local-fault")["title"]
    assert run.states("bravo", "ldap/tcp") == run.states("bravo", "kerberos/tcp") == {"error"}


def test_a_redirect_of_the_first_router_is_not_this_machines(lab: Lab) -> None:
    rule = f"ip daddr {lab.bravo.address} tcp dport {{ 88, 389 }} redirect to :9"
    with chain(lab.fw1, "prerouting", rule, kind="nat", priority=-100):
        run = named(lab)
    assert run.states("bravo", "ldap/tcp") == {"rejected"}
    assert "local-fault" not in run.codes("bravo")


def test_a_reset_of_this_machines_own_firewall_is_no_routers(lab: Lab) -> None:
    with faults.reject(lab, lab.bravo, "464/tcp", how="tcp-reset", at=lab.client):
        run = named(lab)
    assert (run.code, run.codes("bravo")) == (1, ["local-fault"])
    assert "this machine's own firewall resets" in finding(run, "local-fault")["title"]


def test_a_reset_of_the_first_router_is_not_this_machines(lab: Lab) -> None:
    with faults.reject(lab, lab.bravo, "464/tcp", how="tcp-reset", at=lab.fw1):
        run = named(lab)
    assert run.codes("bravo")[0] == "kpasswd-blocked"
    assert "10.77.0.1" in finding(run, "kpasswd-blocked")["evidence"]


def test_a_drop_of_this_machines_own_firewall_is_one_finding(lab: Lab) -> None:
    with faults.drop(lab, lab.bravo, "464", at=lab.client):
        run = named(lab)
    assert (run.code, run.codes("bravo")) == (1, ["local-fault"])


@pytest.mark.parametrize(("at", "here"), [("client", True), ("fw1", False)])
def test_where_the_first_router_hears_nothing_this_machine_is_looked_at_first(lab: Lab, at: str, here: bool) -> None:
    with faults.drop(lab, lab.bravo, "389/tcp", at=getattr(lab, at)):
        run = named(lab)
    assert run.codes("bravo") == ["ldap-blocked"]
    assert ("this machine's own firewall" in finding(run, "ldap-blocked")["fix"]) is here


@pytest.mark.parametrize("most", [1, 3])
def test_a_limit_of_sessions_that_resets_the_rest_is_no_closed_ports(lab: Lab, most: int) -> None:
    rule = f"ip daddr {lab.bravo.address} tcp flags syn ct count over {most} reject with tcp reset"
    with chain(lab.fw1, "forward", rule):
        run = named(lab)
    told = finding(run, "blocked-after-burst")
    assert "at a time" in told["title"]
    assert not {code for code in run.codes("bravo") if code.endswith("-blocked")}


def test_ports_that_are_reset_whatever_else_is_open_are_no_limit_of_sessions(lab: Lab) -> None:
    with faults.reject(lab, lab.bravo, "88/tcp", "389/tcp", "464/tcp", how="tcp-reset", at=lab.fw1):
        run = named(lab)
    assert "blocked-after-burst" not in run.codes("bravo")
    assert "kerberos-blocked" in run.codes("bravo")


def test_a_translated_address_is_told_with_the_hosts_own(lab: Lab) -> None:
    outside = "10.77.2.210"
    own = {"domain_controllers": [{"host": lab.bravo.host, "address": outside}], "dns": None}
    config = lab.forests_toml("bravo", defaults={"profiles": ["mim"]}, bravo=own)
    rule = f"ip daddr {outside} dnat ip to {lab.bravo.address}"
    with chain(lab.fw1, "prerouting", rule, kind="nat", priority=-100):
        run = lab.check(config=config)
    assert run.code == 0
    told = finding(run, "address-translated")
    assert told["severity"] == "info"
    assert f"reached at {outside}, the host calls itself {lab.bravo.address}" in told["explanation"]
    assert "address-translated" not in named(lab).codes("bravo")


def test_a_ban_that_the_run_drew_leads_and_all_else_is_folded_into_it(lab: Lab) -> None:
    table = "banner"
    lab.fw1.nft(
        f"table inet {table} {{\nset banned {{ type ipv4_addr; flags timeout; timeout 60s; }}\n"
        "chain c { type filter hook forward priority 0\n ip saddr @banned drop\n ip saddr 10.77.0.10 ct state new"
        " limit rate over 3/second burst 8 packets add @banned { ip saddr } drop\n }\n}"
    )
    with ExitStack() as undo:
        undo.callback(lab.fw1.nft, f"delete table inet {table}")
        run = named(lab, "--answer-timeout", "4s")
    assert (run.code, run.codes("bravo")) == (1, ["blocked-after-burst"])
    assert "--rate" in finding(run, "blocked-after-burst")["fix"]


def test_a_ban_that_resets_is_one_finding_too(lab: Lab) -> None:
    table = "banner"
    lab.fw1.nft(
        f"table inet {table} {{\nset banned {{ type ipv4_addr; flags timeout; timeout 60s; }}\n"
        "chain c { type filter hook forward priority 0\n ip saddr @banned meta l4proto tcp reject with tcp reset\n"
        " ip saddr 10.77.0.10 tcp flags & (syn | ack) == syn limit rate over 2/second burst 6 packets"
        " add @banned { ip saddr } drop\n }\n}"
    )
    with ExitStack() as undo:
        undo.callback(lab.fw1.nft, f"delete table inet {table}")
        run = named(lab)
    assert (run.code, run.codes("bravo")) == (1, ["blocked-after-burst"])


def test_a_host_that_refuses_this_machine_in_its_own_name_is_up(lab: Lab) -> None:
    with faults.reject(lab, lab.bravo, at=lab.bravo.node):
        run = named(lab)
    told = finding(run, "host-unreachable")
    assert "so the host is up" in told["explanation"]
    assert "its own firewall" in told["fix"]
    with faults.reject(lab, lab.bravo, at=lab.fw1):
        assert "so the host is up" not in finding(named(lab), "host-unreachable")["explanation"]


HOLES = {
    "1280": (["ip daddr {} ip length > 1280 drop"], "to", 1280),
    "576": (["ip daddr {} ip length > 576 drop"], "to", 576),
    "1492": (["ip daddr {} ip length > 1492 drop"], "to", 1480),
    "1400 on the way back": (["ip saddr {} ip length > 1400 drop"], "from", 1400),
}


@pytest.mark.parametrize("hole", HOLES)
def test_a_hole_for_large_packets_is_told_with_direction_and_size(lab: Lab, hole: str) -> None:
    rules, way, passes = HOLES[hole]
    with chain(lab.fw1, "forward", *(rule.format(lab.bravo.address) for rule in rules)):
        run = named(lab, "--answer-timeout", "3s")
    assert (run.code, run.codes("bravo")) == (1, ["mtu-black-hole"])
    told = finding(run, "mtu-black-hole")
    assert f"large packets {way} bdc1 are lost" in told["title"]
    assert f"packets of {passes} bytes {way} it pass" in told["explanation"]


def test_a_host_that_answers_ping_alone_is_up(lab: Lab) -> None:
    rule = f"ip daddr {lab.bravo.address} meta l4proto != icmp drop"
    with sysctl(lab, "net.ipv4.ping_group_range", "0 2147483647"), chain(lab.bravo.node, "input", rule):
        run = named(lab)
    assert run.codes("bravo") == ["host-unreachable"]
    assert "answers ICMP echo, so the host is up" in finding(run, "host-unreachable")["explanation"]


def test_no_answer_to_ping_proves_nothing_and_where_it_cannot_be_asked_nothing_is_said(lab: Lab) -> None:
    with faults.drop(lab, lab.bravo):
        with sysctl(lab, "net.ipv4.ping_group_range", "0 2147483647"):
            asked = finding(named(lab), "host-unreachable")["explanation"]
        with sysctl(lab, "net.ipv4.ping_group_range", "1 0"):
            unasked = finding(named(lab), "host-unreachable")["explanation"]
    assert "does not answer ICMP echo either (which proves nothing)" in asked
    assert "ICMP" not in unasked


def test_a_blackhole_route_is_this_machines(lab: Lab) -> None:
    with faults.misroute(lab, lab.bravo, "blackhole", at=lab.client):
        run = named(lab)
    assert run.codes("bravo") == ["local-fault"]
    assert "blackhole route" in finding(run, "local-fault")["title"]
    assert "could not ask: could not ask" not in finding(run, "local-fault")["title"]


def test_forty_one_local_ports_carry_a_run_again_and_again(lab: Lab) -> None:
    with sysctl(lab, "net.ipv4.ip_local_port_range", "40000 40040"):
        runs = [lab.check(config=lab.forests_toml(defaults={"profiles": ["mim"]})) for _ in range(3)]
    assert [run.code for run in runs] == [0, 0, 0]
    assert {code for run in runs for forest in ("alpha", "bravo", "charlie") for code in run.codes(forest)} == {
        "forest-ok"
    }


def test_however_few_local_ports_are_left_nothing_is_called_silent(lab: Lab) -> None:
    """Run after run, each while the connections of the one before still wait (TIME_WAIT)."""
    with sysctl(lab, "net.ipv4.ip_local_port_range", "40000 40009"):
        runs = [lab.check(config=lab.forests_toml(defaults={"profiles": ["mim"]})) for _ in range(4)]
    assert {check["state"] for run in runs for check in run.checks} <= {"ok", "error", "skipped"}
    told = {code for run in runs for forest in ("alpha", "bravo", "charlie") for code in run.codes(forest)}
    assert told <= {"forest-ok", "local-ports-exhausted"}


def test_ports_that_are_truly_used_up_are_said_to_be(lab: Lab) -> None:
    with sysctl(lab, "net.ipv4.ip_local_port_range", "40000 40001"):
        runs = [named(lab) for _ in range(3)]  # what waits after a connection is this machine's own
    assert runs[-1].codes("bravo")[0] == "local-ports-exhausted"
    assert "local-fault" not in runs[-1].codes("bravo")


def test_a_healthy_path_has_none_of_these(lab: Lab) -> None:
    assert not PATH_CODES & set(named(lab).codes("bravo"))
