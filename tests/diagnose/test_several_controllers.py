"""A forest of several controllers: what is said of one of them is true of it, and no advice contradicts another."""

from __future__ import annotations

from typing import Any

from diagnose.scenarios import report_of

from portcheck.diagnose import diagnose
from portcheck.model import Finding

SILENT = {"kerberos/88/tcp": "filtered", "ldap/389/tcp": "filtered"}
WELL = {"kerberos/88/tcp": "ok", "ldap/389/tcp": "ok"}
NOBODY = {"state": "unreachable", "facts": {"icmp_from": "10.77.1.1", "icmp_type": 3, "icmp_code": 1}}
EMPTY = {"kerberos/88/tcp": NOBODY, "ldap/389/tcp": NOBODY}


def found(case: dict[str, Any]) -> dict[tuple[str, tuple[str, ...]], Finding]:
    """By code and hosts, the hosts without the forest's name."""
    told = diagnose(report_of(case))
    return {(f.code, tuple(host.removesuffix(".alpha.test") for host in f.hosts)): f for f in told}


def test_a_silent_host_and_one_that_a_router_misses_are_two_faults() -> None:
    two = {"dc2.alpha.test": {"given": SILENT}, "dc3.alpha.test": {"given": EMPTY}}
    told = found({"given": WELL, "hosts": two})
    assert "not even a refusal" in told["host-unreachable", ("dc2",)].explanation
    assert "10.77.1.1" not in told["host-unreachable", ("dc2",)].fix
    assert told["host-unreachable", ("dc3",)].fix.startswith("10.77.1.1 finds nobody at that address")


def test_a_dead_host_and_a_spare_address_are_two_faults() -> None:
    two = {
        "spare": {"host": "dc1.alpha.test", "address": "10.77.1.50", "given": SILENT},
        "dc2.alpha.test": {"given": SILENT},
    }
    told = found({"given": WELL, "hosts": two})
    assert "so it is up" in told["host-unreachable", ("dc1",)].explanation
    assert "so it is up" not in told["host-unreachable", ("dc2",)].explanation


def test_two_silent_hosts_are_one_fault() -> None:
    two = {"dc2.alpha.test": {"given": SILENT}, "dc3.alpha.test": {"given": SILENT}}
    told = found({"given": WELL, "hosts": two})
    assert ("host-unreachable", ("dc2", "dc3")) in told


def test_where_the_only_name_server_is_dead_it_is_said_that_no_other_controller_is_known() -> None:
    record = {"name": "_ldap._tcp.dc._msdcs.alpha.test", "record": "SRV", "server": "10.77.2.10", "status": "timeout"}
    dead = {"10.77.2.10": {"address": "10.77.2.10", "source": "dns-server", "given": SILENT}}
    lone = found({"hosts": dead, "lookups": [record]})["host-unreachable", ("10.77.2.10",)]
    assert "which controllers the forest has is not known" in lone.explanation
    known = found({"hosts": dead, "lookups": [record | {"status": "ok"}]})["host-unreachable", ("10.77.2.10",)]
    assert "is not known" not in known.explanation


def test_one_port_of_one_controller_does_not_make_it_unreachable() -> None:
    one = {"dc2.alpha.test": {"given": WELL | {"kpasswd/464/tcp": "filtered"}}}
    part = found({"given": WELL | {"kpasswd/464/tcp": "ok"}, "hosts": one})["partial-forest", ("dc2",)]
    assert part.title == "alpha.test: what can be reached depends on the controller: dc2"
    dead = found({"given": WELL, "hosts": {"dc2.alpha.test": {"given": SILENT}}})["partial-forest", ("dc2",)]
    assert dead.title == "alpha.test: some controllers can be reached and others cannot: dc2"


def test_each_controller_blocked_on_another_port_leaves_none_that_works() -> None:
    one = {"dc2.alpha.test": {"given": WELL | {"smb/445/tcp": "ok", "kpasswd/464/tcp": "filtered"}}}
    told = found({"given": WELL | {"smb/445/tcp": "filtered", "kpasswd/464/tcp": "ok"}, "hosts": one})
    part = told["partial-forest", ("dc1", "dc2")]
    assert part.explanation.startswith("What is blocked on one controller answers on another.")


def test_a_stopped_kdc_is_no_matter_for_the_firewall_team() -> None:
    stopped = {
        "ldap-ping/389/udp": {"state": "ok", "facts": {"roles": ["gc", "writable"]}},
        "ldap/389/tcp": "ok",
        "kerberos/88/tcp": "filtered",
    }
    told = found({"given": WELL, "hosts": {"dc2.alpha.test": {"given": stopped}}})
    assert list(told) == [("service-down", ("dc2",))]


def test_a_name_server_of_which_only_dns_was_asked_is_no_other_controller() -> None:
    server = {"address": "10.77.1.9", "source": "dns-server", "given": {"dns/53/udp": "ok"}}
    told = found({"given": SILENT | {"dns/53/udp": "filtered"}, "hosts": {"10.77.1.9": server}})
    assert [code for code, _ in told] == ["host-unreachable"]


def test_a_host_that_refuses_all_is_asked_after_and_not_told_to_start_ten_services() -> None:
    refusing = {"kerberos/88/tcp": "refused", "ldap/389/tcp": "refused", "rpc/135/tcp": "refused"}
    down = found({"given": WELL, "hosts": {"dc2.alpha.test": {"given": refusing}}})["service-down", ("dc2",)]
    assert down.title == "alpha.test: not running on dc2: anything of a domain controller"
    assert down.fix.startswith("Ask the AD team whether dc2.alpha.test is still a domain controller")


def test_a_port_of_the_files_own_goes_by_its_purpose() -> None:
    down = found({"given": WELL | {"tcp/5000/tcp": {"state": "refused", "purpose": "PCNS"}}})["service-down", ("dc1",)]
    assert down.fix == "Ask the AD team to start PCNS (5000/tcp) on dc1.alpha.test, or to say which host offers it."


def test_hosts_that_fare_alike_are_told_together() -> None:
    more = {f"dc{n}.alpha.test": {"given": WELL | {"kpasswd/464/tcp": "filtered"}} for n in (2, 3)}
    told = found({"given": WELL | {"kpasswd/464/tcp": "filtered"}, "hosts": more})
    evidence = told["kpasswd-blocked", ("dc1", "dc2", "dc3")].evidence
    assert evidence.startswith("464/tcp to dc1.alpha.test, dc2.alpha.test and dc3.alpha.test: silent after 3 tries")


def test_two_read_only_controllers_are_named_once_each() -> None:
    ping = {"ldap-ping/389/udp": {"state": "ok", "facts": {"roles": ["rodc", "kdc"]}}, "kpasswd/464/tcp": "ok"}
    more = {
        "six": {"host": "dc1.alpha.test", "address": "fd77:1::10", "given": ping},
        "dc2.alpha.test": {"given": ping},
    }
    told = found({"given": ping, "hosts": more})
    assert told["read-only-dc", ("dc1", "dc2")].title == "alpha.test: dc1 and dc2 are read-only controllers"


def test_a_mapper_that_names_another_known_address_of_the_host_is_no_translation() -> None:
    told = {"rpc/135/tcp": {"state": "ok", "facts": {"tower_address": "10.77.1.10"}}}
    second = {"address": "10.77.1.50", "given": WELL | told}
    assert list(found({"given": WELL, "hosts": {"x": {"host": "dc1.alpha.test", **second}}})) == [
        ("forest-ok", ("dc1",))
    ]
    assert ("address-translated", ("dc2",)) in found({"given": WELL, "hosts": {"dc2.alpha.test": second}})


def test_a_sid_alone_that_differs_blames_no_address_translation() -> None:
    facts = {"forest": "alpha.test", "domain_sid_told": "differs", "expected_domain_sid": "S-1-5-21-1-2-3"}
    other = {"state": "ok", "verdict": "fail", "facts": facts | {"wrong_forest": True}}
    one = found({"given": WELL | {"ldap/389/tcp": other}})["wrong-forest", ("dc1",)]
    assert "the SID in the forests file is wrong" in one.explanation
    assert one.fix.startswith("Compare the SID")


def test_own_name_servers_that_contradict_each_other_lack_replication_and_no_forwarder() -> None:
    record = {"name": "_ldap._tcp.dc._msdcs.alpha.test", "record": "SRV"}
    both = [
        record | {"server": "10.77.1.10", "answers": ["0 100 389 dc1.alpha.test"]},
        record | {"server": "10.77.10.21", "answers": ["0 100 389 dc2.alpha.test"]},
    ]
    hosts = {"dc1.alpha.test": {"address": "10.77.1.10"}, "dc2.alpha.test": {"address": "10.77.10.21"}}
    for roles, ask in (({"roles": ["dns"]}, "replication"), ({}, "conditional forwarder")):
        case = {"hosts": {name: row | roles | {"given": WELL} for name, row in hosts.items()}, "lookups": both}
        assert ask in found(case)["dns-views-differ", ()].fix


def test_a_host_that_refuses_all_tcp_and_whose_kdc_answers_over_udp_has_a_firewall() -> None:
    refusing = {"kerberos/88/tcp": "refused", "ldap/389/tcp": "refused", "rpc/135/tcp": "refused"}
    two = {"dc2.alpha.test": {"given": refusing | {"kerberos/88/udp": "ok"}}}
    down = found({"given": WELL, "hosts": two})["service-down", ("dc2",)]
    assert down.title == "alpha.test: all TCP refused by dc2, while UDP answers"
    assert "answer at 88/udp: they run" in down.explanation
    assert "allow tcp 88, 135, 389 from" in down.fix


def test_a_sentence_that_cannot_name_all_hosts_says_where_they_are_named() -> None:
    more = {f"dc{n}.alpha.test": {"given": WELL | {"kpasswd/464/tcp": "filtered"}} for n in range(2, 21)}
    told = diagnose(report_of({"given": WELL | {"kpasswd/464/tcp": "filtered"}, "hosts": more}))
    assert told[0].fix.endswith("and 9 more hosts (portcheck request lists them all).")
