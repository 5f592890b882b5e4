"""Resolvers that mislead, and programs that reach another address than DNS says, at real controllers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.lab import faults, records, resolvers
from tests.lab.program import Run
from tests.lab.world import Lab

SILENT_WORDS = ("restart Netlogon", "metadata", "remove", "firewall team")
"""Never said of a resolver's fault."""


def check(lab: Lab, *more: str, **own: Any) -> Run:
    """By this machine's own resolver, unless a test names servers."""
    named = {"dns": None, **own}
    return lab.check(*more, config=lab.forests_toml("bravo", defaults={"profiles": ["mim"]}, bravo=named))


def finding(run: Run, code: str) -> Mapping[str, Any]:
    assert run.report is not None
    found = [each for each in run.report["findings"] if each["code"] == code]
    assert len(found) == 1, run.report["findings"]
    assert not [word for word in SILENT_WORDS if word in " ".join(str(part) for part in found[0].values())]
    return dict(found[0])


def all_well(run: Run) -> None:
    assert (run.codes("bravo"), run.code) == (["forest-ok"], 0)


# Programs and DNS


def test_a_hosts_file_with_an_old_address_of_a_controller_is_an_error(lab: Lab) -> None:
    with resolvers.hosts_file(lab, f"10.77.2.99 {lab.bravo.host}"):
        run = check(lab)
    told = finding(run, "resolution-differs")
    assert (told["severity"], run.code, run.codes("bravo")) == ("error", 1, ["resolution-differs"])
    assert "10.77.2.99" in told["title"]
    assert lab.bravo.address in told["title"]
    assert "No controller of this name answers LDAP at 10.77.2.99" in told["explanation"]


def test_a_hosts_file_with_another_controllers_address_names_who_answers_there(lab: Lab) -> None:
    with resolvers.hosts_file(lab, f"{lab.charlie.address} {lab.bravo.host}"):
        run = check(lab)
    told = finding(run, "resolution-differs")
    assert (told["severity"], run.code) == ("error", 1)
    assert f"{lab.charlie.address} answers as {lab.charlie.host}" in told["explanation"]


def test_a_hosts_file_with_the_domains_own_name_is_held_against_its_controllers(lab: Lab) -> None:
    with resolvers.hosts_file(lab, f"10.77.2.99 {lab.bravo.domain}"):
        run = check(lab)
    assert finding(run, "resolution-differs")["hosts"] == [lab.bravo.domain]


def test_a_search_list_that_comes_before_the_name_itself_is_seen(lab: Lab) -> None:
    """ndots:5, as in containers: `bdc1.bravo.test` is looked for under the search suffix first."""
    with (
        resolvers.forwarder(lab, zones_alike={"corner.test": "10.77.2.98"}) as odd,
        resolvers.asks(lab, odd, more="search corner.test\noptions ndots:5\n"),
    ):
        run = check(lab)
    told = finding(run, "resolution-differs")
    assert (told["severity"], run.code) == ("error", 1)
    assert "10.77.2.98" in told["title"]


@pytest.mark.parametrize("own", [{}, {"dns": ["10.77.2.10"]}])
def test_a_hosts_file_that_says_what_dns_says_is_no_finding(lab: Lab, own: dict[str, Any]) -> None:
    with resolvers.hosts_file(lab, f"{lab.bravo.address} {lab.bravo.host} {lab.bravo.domain}"):
        all_well(check(lab, **own))


def test_another_address_of_the_same_host_works_and_is_told_as_that(lab: Lab) -> None:
    with resolvers.hosts_file(lab, f"{lab.bravo.address6} {lab.bravo.host}"):
        run = check(lab)
    assert run.code == 0
    assert finding(run, "resolution-differs")["severity"] == "info"
    assert "forest-ok" in run.codes("bravo")


# Several servers


@pytest.mark.parametrize("order", [(resolvers.USUAL, resolvers.ODD), (resolvers.ODD, resolvers.USUAL)])
@pytest.mark.parametrize("habit", [{"rcode": {"*": "NXDOMAIN"}}, {"empty": {"SRV": True}}])
def test_the_one_of_several_servers_that_serves_no_ad_is_named_whatever_its_place(
    lab: Lab, order: tuple[str, ...], habit: dict[str, Any]
) -> None:
    with resolvers.forwarder(lab, **habit), resolvers.asks(lab, *order):
        run = check(lab)
    assert run.codes("bravo") == ["dns-views-differ"]
    told = finding(run, "dns-views-differ")
    first = order[0] == resolvers.ODD
    assert (told["severity"], run.code) == (("error", 1) if first else ("warning", 0))
    assert resolvers.ODD in told["title"]
    assert resolvers.USUAL not in told["title"]
    assert run.states("bravo", "ldap") == {"ok"}


def test_a_dead_server_of_several_is_named(lab: Lab) -> None:
    with resolvers.forwarder(lab, drop={"*": True}), resolvers.asks(lab, resolvers.USUAL, resolvers.ODD):
        run = check(lab)
    assert (run.codes("bravo"), run.code) == (["dns-views-differ"], 0)
    told = finding(run, "dns-views-differ")
    assert f"{resolvers.ODD} does not answer" in told["title"]
    assert "answered differently" not in told["explanation"]


@pytest.mark.parametrize("habit", [{"strip": True}, {"names": {"bdc1.": {"records": {"A": ["10.77.2.99"]}}}}])
def test_the_second_server_gives_the_records_and_not_the_addresses(lab: Lab, habit: dict[str, Any]) -> None:
    with resolvers.forwarder(lab, **habit), resolvers.asks(lab, resolvers.USUAL, resolvers.ODD):
        run = check(lab)
    assert (run.codes("bravo"), run.code) == (["dns-views-differ"], 0)
    assert f"{lab.bravo.host} A: DNS server {resolvers.ODD}" in finding(run, "dns-views-differ")["evidence"]


def test_a_silent_resolver_of_this_machine_is_told_though_the_file_names_a_server_that_answers(lab: Lab) -> None:
    with resolvers.asks_only(lab, drop={"*": True}):
        run = check(lab, dns=[lab.bravo.address])
    told = finding(run, "dns-views-differ")
    assert (told["severity"], run.code) == ("warning", 0)
    assert "Programs on this machine" in told["explanation"]


def test_a_wildcard_server_first_in_the_list_is_one_finding(lab: Lab) -> None:
    with resolvers.forwarder(lab, alike="10.77.0.1"), resolvers.asks(lab, resolvers.ODD, resolvers.USUAL):
        run = check(lab)
    assert (run.codes("bravo"), run.code) == (["dns-views-differ"], 1)


def test_servers_that_agree_are_no_finding(lab: Lab) -> None:
    with resolvers.forwarder(lab), resolvers.asks(lab, resolvers.USUAL, resolvers.ODD):
        all_well(check(lab))


# Filters


def test_a_rebinding_filter_is_no_retired_controller(lab: Lab) -> None:
    with resolvers.asks_only(lab, strip=True):
        run = check(lab)
    assert (run.codes("bravo"), run.code) == (["resolver-filters-addresses"], 1)
    assert "rebind" in finding(run, "resolver-filters-addresses")["explanation"]


def test_one_controller_without_address_among_others_is_no_filter(lab: Lab) -> None:
    with records.added(lab.bravo, "_ldap._tcp.dc._msdcs", "SRV", records.srv(lab.bravo, 389, "gone.bravo.test")):
        run = check(lab)
    assert run.codes("bravo") == ["srv-stale"]
    assert run.report is not None
    assert "remove its SRV records" in run.report["findings"][0]["fix"]  # the forest's own server says so


def test_a_wildcard_resolver_teaches_nothing_of_the_forests(lab: Lab) -> None:
    with resolvers.asks_only(lab, alike="10.77.0.1"):
        by_resolver = {dc.site.key: {"dns": None} for dc in lab.dcs}
        run = lab.check(config=lab.forests_toml(defaults={"profiles": ["mim"]}, **by_resolver))
    assert run.code == 1
    assert [run.codes(forest) for forest in by_resolver] == [["wildcard-dns"]] * 3


SWALLOWED = {
    "drop": ({"drop": {"SRV": True}}, "swallows"),
    "NOTIMP": ({"rcode": {"SRV": "NOTIMP"}}, "NOTIMP"),
    "REFUSED": ({"rcode": {"SRV": "REFUSED"}}, "REFUSED"),
    "NODATA": ({"empty": {"SRV": True}}, "no such record"),
    "NXDOMAIN": ({"rcode": {"SRV": "NXDOMAIN"}}, "no such name"),
}


@pytest.mark.parametrize("habit", SWALLOWED)
def test_srv_questions_that_one_resolver_keeps_back_are_its_fault(lab: Lab, habit: str) -> None:
    habits, words = SWALLOWED[habit]
    with resolvers.asks_only(lab, **habits):
        run = check(lab)
    assert run.code == 1
    assert run.codes("bravo") == ["srv-missing"]
    told = finding(run, "srv-missing")
    assert f"{lab.bravo.address}, one of the forest's own, gives {lab.bravo.host}" in told["evidence"]
    assert words in " ".join((told["title"], told["explanation"], told["evidence"]))


def test_srv_questions_that_fail_behind_the_resolver_are_told_with_servfail(lab: Lab) -> None:
    with resolvers.asks_only(lab, rcode={"SRV": "SERVFAIL"}):
        run = check(lab)
    assert run.code == 1
    assert len(run.codes("bravo")) == 1
    assert "SERVFAIL" in finding(run, run.codes("bravo")[0])["evidence"]


def test_a_record_that_the_forests_own_server_lacks_is_the_ad_teams(lab: Lab) -> None:
    record = records.srv(lab.bravo, 464)
    for own in ({"dns": None}, {"dns": [lab.bravo.address]}):
        with records.missing(lab.bravo, "_kpasswd._tcp", "SRV", record):
            run = check(lab, **own)
        assert (run.codes("bravo"), run.code) == (["srv-missing"], 1)
        assert run.report is not None
        assert "restart Netlogon" in run.report["findings"][0]["fix"]


# One question, one kind of question


@pytest.mark.parametrize(
    ("habit", "words"), [({"drop": {"SRV": True}}, "said nothing"), ({"rcode": {"SRV": "NXDOMAIN"}}, "no such name")]
)
def test_a_single_srv_question_that_is_kept_back_is_told_beside_the_others(
    lab: Lab, habit: dict[str, Any], words: str
) -> None:
    with resolvers.asks_only(lab, names={"_kpasswd._tcp.": habit}):
        run = check(lab)
    assert (run.codes("bravo"), run.code) == (["srv-missing"], 1)
    told = finding(run, "srv-missing")
    assert "_kpasswd._tcp.bravo.test" in told["title"]
    assert words in told["evidence"]
    assert run.states("bravo") == {"ok"}


def test_questions_for_ipv6_that_are_swallowed_are_told_as_slow(lab: Lab) -> None:
    with resolvers.asks_only(lab, drop={"AAAA": True}):
        run = check(lab)
    assert (run.codes("bravo"), run.code) == (["dns-slow"], 0)
    assert "AAAA" in finding(run, "dns-slow")["title"]


def test_questions_for_ipv6_that_are_answered_with_nothing_or_an_error_cost_nobody_time(lab: Lab) -> None:
    for habit in ({"empty": {"AAAA": True}}, {"rcode": {"AAAA": "SERVFAIL"}}):
        with resolvers.asks_only(lab, **habit):
            all_well(check(lab))


@pytest.mark.parametrize("code", ["SERVFAIL", "REFUSED"])
def test_an_error_code_for_a_controllers_address_is_no_record_that_is_stale(lab: Lab, code: str) -> None:
    with resolvers.asks_only(lab, names={lab.bravo.host: {"rcode": {"*": code}}}):
        run = check(lab)
    assert (run.codes("bravo"), run.code) == (["dc-unresolved"], 1)
    assert code in finding(run, "dc-unresolved")["evidence"]


def test_a_resolver_that_cuts_its_answers_and_is_mute_over_tcp_is_one_finding_and_no_firewalls(lab: Lab) -> None:
    with resolvers.asks_only(lab, cut=True):
        run = check(lab)
    assert (run.codes("bravo"), run.code) == (["dns-tcp-blocked"], 1)
    assert "whoever runs this machine's own resolver" in finding(run, "dns-tcp-blocked")["fix"]


def test_a_resolver_that_does_not_run_is_one_finding(lab: Lab) -> None:
    with resolvers.asks(lab, "127.0.0.9"):
        run = check(lab)
    assert (run.codes("bravo"), run.code) == (["dns-blocked"], 1)
    assert "127.0.0.9" in finding(run, "dns-blocked")["title"]


def test_a_server_of_the_forests_file_that_refuses_is_no_retired_controller(lab: Lab) -> None:
    run = check(lab, dns=["10.77.0.1"])
    assert (run.codes("bravo"), run.code) == (["dns-blocked"], 1)
    assert "10.77.0.1 refuses DNS questions" in finding(run, "dns-blocked")["title"]


# A zone of the same name that is not the directory's


PUBLIC = {"NS": ["ns1.bravo.test."]}


@pytest.mark.parametrize("address", ["10.77.0.1", "10.77.2.77"])
def test_a_public_zone_of_the_same_name_is_no_controller_without_services(lab: Lab, address: str) -> None:
    """A web server's address refuses, or nobody is there."""
    names = {"bravo.test.": {"records": {"A": [address], **PUBLIC}}, "": {"rcode": {"*": "NXDOMAIN"}}}
    with resolvers.asks_only(lab, names=names):
        runs = [check(lab), lab.portcheck("check", "bravo.test", "-f", "json")]
    for run in runs:
        assert (run.codes("bravo"), run.code) == (["srv-missing"], 1)
        assert f"leads to {address}, and no controller answers there" in finding(run, "srv-missing")["explanation"]


def test_a_zone_that_leads_to_another_forests_controller_is_no_alias(lab: Lab) -> None:
    names = {"bravo.test.": {"records": {"A": [lab.alpha.address], **PUBLIC}}, "": {"rcode": {"*": "NXDOMAIN"}}}
    with resolvers.asks_only(lab, names=names):
        run = check(lab)
    assert run.code == 1
    assert run.codes("bravo")[0] == "wrong-forest"
    assert "kerberos-name-mismatch" not in run.codes("bravo")


def test_a_resolver_that_answers_everything_with_another_forests_controller(lab: Lab) -> None:
    with resolvers.asks_only(lab, alike=lab.alpha.address):
        run = check(lab)
    assert (run.codes("bravo"), run.code) == (["wildcard-dns"], 1)


# Slow


@pytest.mark.parametrize("delay_s", [0.8, 2.5, 3.5])
def test_a_slow_resolver_is_waited_for_and_told_with_the_time(lab: Lab, delay_s: float) -> None:
    with resolvers.asks_only(lab, delay_s={"*": delay_s}):
        run = check(lab)
    assert (run.codes("bravo"), run.code) == (["dns-slow"], 0)
    told = finding(run, "dns-slow")["title"].removesuffix(" s to answer").rpartition(" ")[2]
    assert float(told) >= delay_s  # and what a busy machine adds
    assert {check["host"] for check in run.of("bravo", "ldap")} == {lab.bravo.host}


def test_a_slow_server_that_the_file_names_too(lab: Lab) -> None:
    with resolvers.forwarder(lab, delay_s={"*": 1.0}) as odd:
        run = check(lab, dns=[odd])
    assert run.code == 0
    assert "dns-slow" in run.codes("bravo")


def test_a_quick_forwarder_is_not_slow(lab: Lab) -> None:
    with resolvers.asks_only(lab):
        all_well(check(lab))


# Interception


def test_an_interceptor_that_answers_for_every_server_is_told(lab: Lab) -> None:
    with resolvers.interception(lab):
        run = check(lab, dns=[lab.bravo.address])
    assert (run.codes("bravo"), run.code) == (["dns-intercepted"], 0)
    assert "192.0.2.53" in finding(run, "dns-intercepted")["evidence"]


def test_an_interceptor_that_strips_addresses_is_no_missing_record(lab: Lab) -> None:
    with resolvers.interception(lab, strip=True):
        run = check(lab, dns=[lab.bravo.address])
    assert (run.codes("bravo"), run.code) == (["resolver-filters-addresses", "dns-intercepted"], 1)
    assert "whoever answers in the place of" in finding(run, "resolver-filters-addresses")["title"]


def test_an_interceptor_that_does_not_know_the_forest_is_no_missing_record(lab: Lab) -> None:
    with resolvers.interception(lab, rcode={"*": "NXDOMAIN"}):
        run = check(lab, dns=[lab.bravo.address])
    assert run.code == 1
    assert finding(run, "dns-intercepted")["severity"] == "error"
    assert not {"srv-missing", "dns-views-differ"} & set(run.codes("bravo"))


def test_a_servers_own_answers_are_no_interception(lab: Lab) -> None:
    all_well(check(lab, dns=[lab.bravo.address]))


# Steady


@pytest.mark.parametrize("dark", [False, True])
def test_the_same_network_gives_the_same_checks_in_the_same_order(lab: Lab, dark: bool) -> None:
    def keys() -> tuple[list[str], list[tuple[str, str]]]:
        run = check(lab)
        assert run.report is not None
        found = run.report["forests"][0]["domain_controllers"]
        return [check["id"] for check in run.checks], [(dc["host"], dc["source"]) for dc in found]

    if dark:
        with faults.drop(lab, lab.bravo):
            assert all(each == first for first in [keys()] for each in [keys(), keys()])
    else:
        assert all(each == first for first in [keys()] for each in [keys() for _ in range(5)])
