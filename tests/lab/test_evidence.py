"""The second look against real faults: who said no, where the silence begins, and when "blocked" would be a lie."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab import faults, records, services
from tests.lab.program import Run
from tests.lab.rules import count_packets
from tests.lab.twin import second_controller
from tests.lab.world import Lab

MIM = {"profiles": ["mim"]}
FW1, FW2 = "10.77.0.1", "10.77.100.2"


def check(lab: Lab, *more: str, **own: Any) -> Run:
    return lab.check(*more, config=lab.forests_toml(defaults=MIM, **own))


def named(lab: Lab, *more: str) -> Run:
    """Only bravo, by address, whatever its DNS says."""
    config = lab.forests_toml("bravo", defaults=MIM, bravo={
        "domain_controllers": [{"host": "bdc1.bravo.test", "address": lab.bravo.address}], "dns": None})  # fmt: skip
    return lab.check(*more, config=config)


def one(run: Run, service: str) -> dict[str, Any]:
    (found,) = run.of("bravo", service)
    return found


@pytest.mark.parametrize(("at", "by"), [("fw1", FW1), ("fw2", FW2)])
def test_a_reset_of_a_firewall_is_told_from_the_hosts_and_the_firewall_is_named(lab: Lab, at: str, by: str) -> None:
    with faults.reject(lab, lab.bravo, "464/tcp", how="tcp-reset", at=getattr(lab, at)):
        found = one(check(lab), "kpasswd/tcp")
    assert (found["state"], found["blocked_at"]["by"]) == ("rejected", by)


def test_a_reset_of_the_host_stays_the_hosts(lab: Lab) -> None:
    with faults.reject(lab, lab.bravo, "464/tcp", how="tcp-reset", at=lab.bravo.node):
        found = one(check(lab), "kpasswd/tcp")
    assert (found["state"], found["facts"]["reset_ttl"]) == ("refused", 62)


SILENCE = [("fw1", False, (FW1, 1)), ("fw2", False, (FW2, 2)), ("fw2", True, (FW1, 1)), ("host", False, (FW2, 2))]


@pytest.mark.parametrize(("at", "early", "where"), SILENCE)
def test_silence_is_located_between_two_hops(lab: Lab, at: str, early: bool, where: tuple[str, int]) -> None:
    node = lab.bravo.node if at == "host" else getattr(lab, at)
    with faults.drop(lab, lab.bravo, "464/tcp", "464/udp", at=node, early=early):
        run = check(lab)
    for service in ("kpasswd/tcp", "kpasswd/udp"):
        found = one(run, service)
        assert found["state"] == "filtered"
        assert (found["blocked_at"]["after"], found["blocked_at"]["hop"]) == where
        suspects = found["blocked_at"]["suspects"]
        assert suspects[0] == where[0]  # whether it drops them itself (after it has said that their time is up)
        assert suspects[-1] == (lab.bravo.address if where == (FW2, 2) else FW2)  # or something up to here


def test_a_syn_proxy_for_a_dead_host_is_a_middlebox(lab: Lab) -> None:
    every_port = "1-65535/tcp"
    with faults.syn_proxy(lab, lab.bravo, every_port), faults.drop(lab, lab.bravo, at=lab.bravo.node):
        run = named(lab, "--answer-timeout", "3s")
    assert run.codes("bravo")[0] == "middlebox-answers"
    assert "ok" not in run.states("bravo")


def test_one_mute_port_is_that_service(lab: Lab) -> None:
    with services.mute(lab.bravo, "389/tcp"):
        run = check(lab, "--answer-timeout", "3s")
    assert run.states("bravo", "ldap") == {"mute"}
    assert run.codes("bravo") == ["service-mute"]
    assert one(run, "ldap/tcp")["facts"]["unacked_bytes"] == 0


def test_a_payload_that_is_reset_on_the_way_is_a_cut_connection(lab: Lab) -> None:
    with faults.reset_on_payload(lab, lab.bravo, "389/tcp"):
        run = check(lab)
    assert run.states("bravo", "ldap") == {"reset"}
    assert run.codes("bravo") == ["connection-reset"]
    assert one(run, "ldap/tcp")["facts"]["unacked_bytes"] > 0


def test_a_narrow_link_without_icmp_is_a_black_hole(lab: Lab) -> None:
    with faults.narrow_link(lab, 1280, icmp=False):
        run = check(lab, "--answer-timeout", "3s")
    for forest in ("alpha", "bravo", "charlie"):
        assert run.codes(forest)[0] == "mtu-black-hole"


def test_a_narrow_link_with_icmp_is_no_fault(lab: Lab) -> None:
    with faults.narrow_link(lab, 1280, icmp=True):
        run = check(lab)
    assert run.states("bravo") == {"ok"}
    assert "mtu-black-hole" not in run.codes("bravo")


@pytest.mark.parametrize(("back", "lost"), [(False, "to"), (True, "from")])
def test_lost_fragments_are_told_with_their_direction(lab: Lab, back: bool, lost: str) -> None:
    with faults.drop_fragments(lab, lab.bravo, back=back):
        run = check(lab)
    assert run.codes("bravo") == ["fragments-dropped"]
    assert one(run, "kerberos/udp")["facts"]["fragments_lost"] == lost


def test_answers_dropped_on_the_way_back_are_a_one_way_path(lab: Lab) -> None:
    with faults.drop(lab, lab.bravo, "1-65535/tcp", back=True):
        run = named(lab)
    assert run.codes("bravo")[0] == "one-way-path"
    assert run.states("bravo", "kerberos/udp") == {"ok"}


def test_tls_re_signed_on_one_port_is_interception(lab: Lab) -> None:
    with services.present(lab.bravo, lab.stranger.issue((lab.bravo.host,)), "636/tcp"):
        run = check(lab)
    assert run.codes("bravo")[0] == "tls-intercepted"


def test_start_tls_on_389_gives_636_away_where_no_other_port_has_tls(lab: Lab) -> None:
    with services.present(lab.bravo, lab.stranger.issue((lab.bravo.host,)), "636/tcp"):
        run = check(lab, "--only", "ldap", "--only", "ldaps")
    assert run.codes("bravo")[0] == "tls-intercepted"
    assert one(run, "ldap/tcp")["facts"]["certificate_trusted"] is True
    assert run.verdicts("bravo", "ldap") == {"pass"}


def test_an_expired_certificate_is_named(lab: Lab) -> None:
    expired = lab.authority.issue((lab.bravo.host,), valid_days=-2, label="expired")
    with services.present(lab.bravo, expired, "636/tcp", "3269/tcp"):
        run = check(lab)
    assert "certificate-expired" in run.codes("bravo")
    assert run.states("bravo", "ldaps") == {"ok"}
    assert run.verdicts("bravo", "ldaps") == {"warn"}


def test_a_controller_without_certificate_is_told_from_a_block(lab: Lab) -> None:
    with services.reset_on_data(lab.bravo, "636/tcp", "3269/tcp"):
        run = check(lab)
    assert run.states("bravo", "ldaps") == {"reset"}
    assert not {code for code in run.codes("bravo") if code.endswith("-blocked")}


@pytest.mark.parametrize("at", ["fw2", "host"])
def test_forty_rejected_ports_are_forty_rejections_behind_an_icmp_limit(lab: Lab, at: str) -> None:
    node = lab.bravo.node if at == "host" else lab.fw2
    extra = [{"name": f"port {port}", "port": port} for port in range(6000, 6040)]
    config = lab.forests_toml("bravo", defaults=MIM, bravo={"extra": extra})
    with (
        faults.limited_icmp(node),
        faults.reject(lab, lab.bravo, "6000-6039/tcp", how="port-unreachable", at=node),
    ):
        run = lab.check(config=config)
    states = [check["state"] for check in run.of("bravo", "tcp")]
    for port in range(6000, 6040):
        states += [check["state"] for check in run.of("bravo", f"tcp/{port}")]
    assert set(states) == {"rejected" if at == "fw2" else "refused"}


def test_an_ipv6_path_that_drops_is_told_as_such(lab: Lab) -> None:
    with (
        records.published_ipv6(lab.bravo),
        faults.chain(lab.fw2, "forward", f"ip6 daddr {lab.bravo.address6} drop"),
    ):
        run = check(lab)
    assert run.codes("bravo")[0] == "ipv6-blocked"
    assert {c["state"] for c in run.of("bravo") if ":" not in c["address"]} == {"ok"}


def test_loss_is_reported_with_counts_and_is_no_block(lab: Lab) -> None:
    with faults.lose(lab, 30):
        run = check(lab)
    told = {code for forest in ("alpha", "bravo", "charlie") for code in run.codes(forest)}
    assert "packet-loss" in told


@pytest.mark.parametrize("flag", ["--trace", "--no-trace"])
def test_all_healthy_costs_no_packet_beyond_the_checks_own(lab: Lab, flag: str) -> None:
    """Every SYN and every datagram is one that a check accounts for: nothing is sent to learn what is wrong."""
    for _ in range(5):  # a busy machine may be late with an answer, and a repeat is accounted for, but no healthy run
        with count_packets(lab.client) as count:
            run = named(lab, flag)
        tries = {(c["transport"], c["port"]): 0 for c in run.checks}
        for c in run.checks:
            tries[c["transport"], c["port"]] += c["attempts"]
        if {c["attempts"] for c in run.checks} == {1} and one(run, "ldap-ping/udp")["latency_ms"] < 200:
            break
    assert (run.code, run.codes("bravo")) == (0, ["forest-ok"])
    assert count.syns == sum(number for (transport, _), number in tries.items() if transport == "tcp")
    fragmented = {88: 1}  # whether fragments pass is part of the check of 88/udp
    for port in (88, 389, 464):
        assert count.datagrams[port] == tries["udp", port] + fragmented.get(port, 0)


def test_servers_that_answer_the_same_question_differently_are_told_apart(lab: Lab) -> None:
    """The system's resolver asks the first server; the second one has not the record."""
    extra = records.srv(lab.bravo, 464, "other.bravo.test")
    with second_controller(lab, lab.bravo) as second, records.added(lab.bravo, "_kpasswd._tcp", "SRV", extra):
        run = lab.portcheck("discover", "bravo.test", "--dns", second.address, "--json")
    assert run.report is not None
    (found,) = [f for f in run.report["findings"] if f["code"] == "dns-views-differ"]
    assert "this machine's own resolver (127.0.0.1) says bdc1.bravo.test and other.bravo.test" in found["evidence"]


def test_a_device_that_drops_edns_is_told_and_dns_is_not_called_blocked(lab: Lab) -> None:
    with_options = f"ip daddr {lab.bravo.address} udp dport 53 @th,144,16 != 0 drop"  # the number of additional records
    with faults.chain(lab.fw2, "forward", with_options):
        run = check(lab)
    assert run.codes("bravo") == ["dns-edns-dropped"]
    assert (run.states("bravo", "dns/udp"), run.verdicts("bravo", "dns/udp")) == ({"ok"}, {"warn"})


@pytest.mark.parametrize("reset", [False, True])
def test_a_firewall_that_forgets_quiet_sessions_is_found_by_holding_some(lab: Lab, reset: bool) -> None:
    with faults.forget_idle(lab, 3, reset=reset):
        run = check(lab, "--idle", "8s")
    for forest in ("alpha", "bravo", "charlie"):
        assert run.codes(forest) == ["idle-timeout"]
    facts = one(run, "ldap/tcp")["facts"]
    assert facts["idle_held_s"] < 3 <= facts["idle_lost_s"] <= 4
    assert facts["idle_end"] == ("reset" if reset else "silent")
    assert run.verdicts("bravo", "ldap") == {"warn"}


def test_sessions_that_nobody_forgets_are_held_and_told_as_such(lab: Lab) -> None:
    run = check(lab, "--idle", "2s")
    assert (run.code, run.codes("bravo")) == (0, ["forest-ok"])
    assert one(run, "ldap/tcp")["facts"]["idle_held_s"] == 2


ALL_UDP = ("53/udp", "88/udp", "123/udp", "389/udp", "464/udp")
HOST_AND_LIMITS = [("fw1", (FW1, 1), FW2), ("fw2", (FW2, 2), None), ("host", (FW2, 2), None)]


@pytest.mark.parametrize(("at", "where", "before"), HOST_AND_LIMITS)
def test_many_silent_ports_are_located_behind_routers_that_limit_their_icmp(
    lab: Lab, at: str, where: tuple[str, int], before: str | None
) -> None:
    node = lab.bravo.node if at == "host" else getattr(lab, at)
    ports = ("88", "464", "445/tcp", "636/tcp", "3268/tcp")
    with faults.limited_icmp(lab.fw1, lab.fw2), faults.drop(lab, lab.bravo, *ports, at=node):
        run = check(lab)
    silent = [c for c in run.of("bravo") if c["state"] == "filtered"]
    assert len(silent) == 7
    placed = {(c["blocked_at"]["after"], c["blocked_at"]["hop"]) for c in silent if c["blocked_at"]}
    assert placed == {where}  # what could not be told in time is left open, and never told wrongly
    assert {c["facts"].get("lost_before") for c in silent if c["blocked_at"]} == {before}


def test_ports_that_are_lost_at_different_hops_each_have_their_own_place(lab: Lab) -> None:
    with (
        faults.drop(lab, lab.bravo, "464", at=lab.fw1),
        faults.drop(lab, lab.bravo, "3268/tcp", at=lab.fw2),
    ):
        run = check(lab)
    hops = {c["port"]: c["blocked_at"]["hop"] for c in run.of("bravo") if c["state"] == "filtered"}
    assert hops == {464: 1, 3268: 2}


def test_datagrams_dropped_by_the_near_firewall_alone(lab: Lab) -> None:
    with faults.drop(lab, lab.bravo, *ALL_UDP, at=lab.fw1):
        run = named(lab)
    udp = [c for c in run.of("bravo") if c["transport"] == "udp" and c["verdict"] != "skip"]
    assert {(c["state"], c["blocked_at"]["after"]) for c in udp} == {("filtered", FW1)}
    assert {c["state"] for c in run.of("bravo") if c["transport"] == "tcp"} == {"ok"}
    assert "dc-locator-blocked" in run.codes("bravo")


def test_two_faults_at_once_on_two_hosts_are_told_apart(lab: Lab) -> None:
    with (
        faults.drop(lab, lab.bravo, "464"),
        faults.reject(lab, lab.charlie, "389/tcp"),
        faults.drop(lab, lab.alpha, "3268/tcp", at=lab.fw1),
    ):
        run = check(lab)
    assert [run.codes(forest)[0] for forest in ("alpha", "bravo", "charlie")] == [
        "gc-blocked", "kpasswd-blocked", "ldap-blocked"]  # fmt: skip


def test_a_firewall_that_copies_the_hosts_ttl_is_not_called_proven(lab: Lab) -> None:
    copied = f"ip saddr {lab.bravo.address} tcp flags & rst == rst ip ttl set 63"
    with faults.reject(lab, lab.bravo, "464/tcp", how="tcp-reset"), faults.chain(lab.fw2, "postrouting", copied):
        found = one(run := check(lab), "kpasswd/tcp")
    assert (found["state"], run.codes("bravo")) == ("refused", ["service-down"])
    assert run.report is not None
    assert "unless it answers in the host's name" in run.report["findings"][1]["explanation"]


def test_a_port_unreachable_in_the_hosts_name_is_told_from_the_hosts(lab: Lab) -> None:
    forged = f"icmp type destination-unreachable ip saddr set {lab.bravo.address}"
    with (
        faults.reject(lab, lab.bravo, "464/udp", how="port-unreachable"),
        faults.chain(lab.fw2, "output", forged),
    ):
        found = one(check(lab), "kpasswd/udp")
    assert (found["state"], found["blocked_at"]["by"]) == ("rejected", FW2)


@pytest.mark.parametrize("closed", [False, True])
def test_a_syn_proxy_on_one_port_is_a_middlebox(lab: Lab, closed: bool) -> None:
    stand = faults.reject if closed else faults.drop
    how = {"how": "tcp-reset"} if closed else {}
    with faults.syn_proxy(lab, lab.bravo, "464/tcp"), stand(lab, lab.bravo, "464/tcp", at=lab.bravo.node, **how):
        run = check(lab, "--answer-timeout", "3s")
    assert run.codes("bravo") == ["middlebox-answers"]
    assert run.states("bravo", "kpasswd/tcp") == {"reset" if closed else "mute"}


@pytest.mark.parametrize(("at", "by"), [("fw1", FW1), ("fw2", FW2)])
def test_who_cuts_a_conversation_is_named_by_the_ttl_of_its_reset(lab: Lab, at: str, by: str) -> None:
    with faults.reset_on_payload(lab, lab.bravo, "389/tcp", at=getattr(lab, at)):
        found = one(run := check(lab), "ldap/tcp")
    assert (found["state"], found["blocked_at"]["by"]) == ("reset", by)
    assert run.codes("bravo") == ["connection-reset"]


def test_a_service_that_cuts_the_conversation_itself_is_not_called_a_device(lab: Lab) -> None:
    with services.reset_on_data(lab.bravo, "389/tcp"):
        found = one(run := check(lab), "ldap/tcp")
    assert (found["state"], found["facts"]["reset_by_device"], found["blocked_at"]) == ("reset", False, None)
    assert run.codes("bravo") == ["connection-reset"]


def test_a_payload_that_vanishes_on_the_way_is_said_never_to_have_arrived(lab: Lab) -> None:
    with faults.reset_on_payload(lab, lab.bravo, "389/tcp", silent=True):
        run = check(lab, "--answer-timeout", "3s")
    assert run.states("bravo", "ldap") == {"mute"}
    assert run.codes("bravo") == ["service-mute"]
    assert run.report is not None
    assert "never acknowledged" in run.report["findings"][1]["explanation"]


def test_a_clock_off_on_one_of_two_controllers_is_that_controllers(lab: Lab) -> None:
    with second_controller(lab, lab.bravo, clock_s=1200) as second:
        both = [{"host": "bdc1.bravo.test", "address": lab.bravo.address},
                {"host": "bdc12.bravo.test", "address": second.address}]  # fmt: skip
        run = check(lab, bravo={"domain_controllers": both, "discover": False})
    assert run.report is not None
    (found,) = [f for f in run.report["findings"] if f["code"] == "time-skew"]
    assert (found["forest"], found["hosts"]) == ("bravo.test", ["bdc12.bravo.test"])
    assert "the controller's clock" in found["explanation"]
    skews = {c["facts"]["clock_skew_s"] for c in run.of("bravo") if "clock_skew_s" in c["facts"]}
    assert {round(skew, -1) for skew in skews} == {0, 1200}
    assert run.codes("alpha") == ["forest-ok"]


def test_a_clock_of_this_machine_is_told_by_all_forests(lab: Lab) -> None:
    run = lab.check_with_clock("-40m", lab.forests_toml(defaults=MIM))
    assert run.report is not None
    found = [f for f in run.report["findings"] if f["code"] == "time-skew"]
    assert [f["forest"] for f in found] == ["alpha.test", "bravo.test", "charlie.test"]
    assert all("this machine's clock is 40 min behind" in f["title"] for f in found)
    assert all("3 controllers of 3 forests" in f["explanation"] for f in found)


def test_one_of_two_controllers_that_is_silent_leaves_the_other(lab: Lab) -> None:
    with second_controller(lab, lab.bravo) as second, faults.drop(lab, second):
        both = [{"host": "bdc1.bravo.test", "address": lab.bravo.address},
                {"host": "bdc12.bravo.test", "address": second.address}]  # fmt: skip
        run = check(lab, bravo={"domain_controllers": both, "discover": False})
    assert run.codes("bravo") == ["host-unreachable", "partial-forest"]
    silent = [c for c in run.of("bravo") if c["address"] == second.address and c["state"] == "filtered"]
    assert {(c["blocked_at"]["after"], c["blocked_at"]["hop"]) for c in silent if c["verdict"] != "skip"} == {(FW2, 2)}


def over_ipv6(lab: Lab, *more: str) -> Run:
    """Only bravo, by its IPv6 address."""
    named = [{"host": "bdc1.bravo.test", "address": lab.bravo.address6}]
    own = {"domain_controllers": named, "discover": False, "dns": None}
    return lab.check(*more, config=lab.forests_toml("bravo", defaults=MIM, bravo=own))


SIX = {"fw1": "fd77:0:0:1::1", "fw2": "fd77:0:0:100::2"}
NOES_OVER_IPV6 = [
    ("tcp-reset", "fw1", "rejected"),
    ("tcp-reset", "fw2", "rejected"),
    ("tcp-reset", "host", "refused"),
    ("admin-prohibited", "fw2", "rejected"),
    ("port-unreachable", "fw2", "rejected"),
    ("port-unreachable", "host", "refused"),
    ("no-route", "fw2", "unreachable"),
    ("host-unreachable", "fw2", "unreachable"),
]


@pytest.mark.parametrize(("how", "at", "state"), NOES_OVER_IPV6)
def test_over_ipv6_a_no_tells_who_said_it(lab: Lab, how: str, at: str, state: str) -> None:
    node = lab.bravo.node if at == "host" else getattr(lab, at)
    ports = ("464/tcp",) if how == "tcp-reset" else ("464",)
    with faults.reject(lab, lab.bravo, *ports, how=how, at=node):
        run = over_ipv6(lab)
    said = {(c["state"], (c["blocked_at"] or {}).get("by")) for c in run.of("bravo") if c["state"] != "ok"}
    assert said == {(state, SIX.get(at))}


@pytest.mark.parametrize(("at", "where"), [("fw1", ("fw1", 1)), ("fw2", ("fw2", 2)), ("host", ("fw2", 2))])
def test_over_ipv6_silence_is_located_between_two_hops(lab: Lab, at: str, where: tuple[str, int]) -> None:
    node = lab.bravo.node if at == "host" else getattr(lab, at)
    with faults.drop(lab, lab.bravo, "464", at=node):
        run = over_ipv6(lab)
    for service in ("kpasswd/tcp", "kpasswd/udp"):
        found = one(run, service)["blocked_at"]
        assert (found["after"], found["hop"]) == (SIX[where[0]], where[1])


def test_over_ipv6_a_dead_host_is_told_by_the_last_router(lab: Lab) -> None:
    with faults.dead_host(lab, lab.bravo):
        run = over_ipv6(lab)
    assert run.codes("bravo") == ["host-unreachable"]
    told = {c["blocked_at"]["by"] for c in run.of("bravo") if c["state"] == "unreachable"}
    assert told == {SIX["fw2"]}


def test_over_ipv6_who_cuts_a_conversation_is_named(lab: Lab) -> None:
    with faults.reset_on_payload(lab, lab.bravo, "389/tcp", at=lab.fw2):
        found = one(over_ipv6(lab), "ldap/tcp")
    assert (found["state"], found["blocked_at"]["by"]) == ("reset", SIX["fw2"])


@pytest.mark.parametrize("icmp", [False, True])
def test_over_ipv6_a_narrow_link_is_a_black_hole_without_icmp_alone(lab: Lab, icmp: bool) -> None:
    with faults.narrow_link(lab, 1280, icmp=icmp):
        run = over_ipv6(lab, "--answer-timeout", "3s")
    assert ("mtu-black-hole" in run.codes("bravo")) is not icmp


def test_a_device_that_resets_all_tcp_is_named_although_only_udp_answers(lab: Lab) -> None:
    with faults.reject(lab, lab.bravo, how="tcp-reset"):
        run = check(lab)
    cut = [c for c in run.of("bravo") if c["state"] == "rejected"]
    assert cut
    assert {(c["blocked_at"] or {}).get("by") for c in cut if c["verdict"] != "skip"} == {FW2}
