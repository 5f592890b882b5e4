"""Whole profiles, judged as a run judges them: one service silent gives its own code, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from factories import controller, report

from portcheck.catalogue.profiles import built_in, merge
from portcheck.catalogue.services import services
from portcheck.diagnose import diagnose, leading
from portcheck.diagnose.verdict import Offered, judge
from portcheck.model import Check, ForestReport, Outcome, Report, Severity, State

ROLES = ("pdc", "gc", "kdc", "writable", "time", "adws", "dns")
RPC_PORT = 49667
FORESTS = {"alpha.test": "dc1", "bravo.test": "bdc1", "charlie.test": "cdc1"}

OWN_CODE = {
    "dns/udp": "dns-blocked",
    "dns/tcp": "dns-tcp-blocked",
    "kerberos/tcp": "kerberos-blocked",
    "kerberos/udp": "kerberos-udp-blocked",
    "kpasswd/tcp": "kpasswd-blocked",
    "kpasswd/udp": "kpasswd-udp-blocked",
    "ldap/tcp": "ldap-blocked",
    "ldap-ping/udp": "dc-locator-blocked",
    "ldaps/tcp": "ldaps-blocked",
    "gc/tcp": "gc-blocked",
    "gc-tls/tcp": "gc-tls-blocked",
    "rpc/tcp": "rpc-mapper-blocked",
    "smb/tcp": "smb-blocked",
    "time/udp": "time-blocked",
    "adws/tcp": "adws-blocked",
} | {f"{name}/tcp": "rpc-dynamic-blocked" for name in ("rpc-netlogon", "rpc-lsarpc", "rpc-samr", "rpc-drsuapi")}


def checks(forest: str, host: str, profile: str) -> list[Check]:
    rows = [row for row in merge([built_in()[profile]]) if row.target == "dc"]
    return [
        Check(
            forest=forest,
            host=f"{host}.{forest}",
            address=f"10.77.{len(forest)}.10",
            service=row.service,
            transport=row.transport,
            port=row.port or services()[row.service].ports[row.transport] or RPC_PORT,
            need=row.need,
            operations=row.operations,
            profiles=row.profiles,
            domain=forest,
        )
        for row in rows
    ]


def seen(check: Check, state: State) -> Outcome:
    """A Windows controller with every role; behind a silent mapper there is nothing to ask."""
    facts: dict[str, object] = {}
    if state is State.OK and check.service == "ldap-ping":
        facts = {"roles": list(ROLES), "forest": check.forest, "domain": check.forest, "hosts_domain": True}
    raw = Outcome(check, state, state.value, attempts=3, latency_ms=2.0 if state is State.OK else None, facts=facts)
    return judge(raw, Offered(frozenset(ROLES)))


def run(profile: str, silent: dict[str, set[str]]) -> Report:
    """All three forests; `silent` names the services of each that say nothing."""
    outcomes = []
    for forest, host in FORESTS.items():
        quiet = silent.get(forest, set())
        for check in checks(forest, host, profile):
            state = State.FILTERED if {check.name, check.service} & quiet else State.OK
            behind = check.port == RPC_PORT and "rpc/tcp" in quiet
            outcomes.append(seen(replace(check, port=None) if behind else check, State.SKIPPED if behind else state))
    forests = tuple(
        ForestReport(name, (profile,), (controller(f"{host}.{name}", f"10.77.{len(name)}.10", roles=ROLES),))
        for name, host in FORESTS.items()
    )
    return report(*outcomes, forests=forests)


def codes(silent: dict[str, set[str]], forest: str, profile: str = "mim") -> list[str]:
    return [finding.code for finding in diagnose(run(profile, silent)) if finding.forest == forest]


def test_the_founding_case_leads_with_passwords_and_names_the_error() -> None:
    found = diagnose(run("mim", {"bravo.test": {"kpasswd"}, "charlie.test": {"kpasswd", "gc"}}))
    first = leading(found)
    assert {forest: finding.code for forest, finding in first.items()} == {
        "alpha.test": "forest-ok",
        "bravo.test": "kpasswd-blocked",
        "charlie.test": "kpasswd-blocked",
    }
    bravo = first["bravo.test"]
    assert bravo.severity is Severity.ERROR
    assert bravo.errors == ("kerberos-no-logon-server",)
    assert bravo.hosts == ("bdc1.bravo.test",)
    assert bravo.breaks == ("export: initial password, password reset",)
    assert bravo.fix == "Ask the firewall team: allow tcp+udp 464 from 10.77.0.10 to 10.77.10.10 (bdc1.bravo.test)."
    assert bravo.evidence.startswith("464/tcp and 464/udp to bdc1.bravo.test: silent after 3 tries; 88/tcp answered")
    assert [f.code for f in found if f.forest == "charlie.test"] == ["kpasswd-blocked", "gc-blocked"]


@pytest.mark.parametrize("profile", ["mim", "all"])
@pytest.mark.parametrize("name", OWN_CODE)
def test_one_service_silent_gives_its_own_code_and_nothing_else(profile: str, name: str) -> None:
    asked = {check.name for check in checks("bravo.test", "bdc1", profile)}
    expected = [OWN_CODE[name]] if name in asked else ["forest-ok"]
    assert codes({"bravo.test": {name}}, "bravo.test", profile) == expected
    assert codes({"bravo.test": {name}}, "alpha.test", profile) == ["forest-ok"]


@pytest.mark.parametrize("service", ["dns", "kerberos", "kpasswd"])
def test_both_transports_silent_give_one_finding(service: str) -> None:
    assert codes({"bravo.test": {service}}, "bravo.test") == [f"{service}-blocked"]


def test_all_dynamic_ports_silent_give_one_finding_with_1722() -> None:
    silent = {"rpc-netlogon", "rpc-lsarpc", "rpc-samr", "rpc-drsuapi"}
    found = [f for f in diagnose(run("mim", {"bravo.test": silent})) if f.forest == "bravo.test"]
    assert [finding.code for finding in found] == ["rpc-dynamic-blocked"]
    assert "win32-1722" in found[0].errors
    assert "49152-65535" in found[0].fix


def test_the_dc_locator_names_the_password_error_too() -> None:
    (finding,) = [f for f in diagnose(run("mim", {"bravo.test": {"ldap-ping"}})) if f.forest == "bravo.test"]
    assert finding.errors[0] == "kerberos-no-logon-server"
    assert "locator" in finding.explanation


def of_controllers() -> list[str]:
    """The profiles that ask a domain controller for more than one port."""
    return [name for name in built_in() if len({check.port for check in checks("bravo.test", "bdc1", name)}) > 1]


@pytest.mark.parametrize("profile", of_controllers())
def test_a_dead_host_gives_one_finding_with_every_profile(profile: str) -> None:
    everything = {check.service for check in checks("bravo.test", "bdc1", profile)}
    assert codes({"bravo.test": everything}, "bravo.test", profile) == ["host-unreachable"]


def test_udp_88_is_never_an_error() -> None:
    for profile in built_in():
        found = diagnose(run(profile, {"bravo.test": {"kerberos/udp"}}))
        assert not [f.code for f in found if f.severity is Severity.ERROR]


def test_clocks_that_all_differ_alike_are_this_machines() -> None:
    def off(outcome: Outcome, skew: float) -> Outcome:
        return judge(replace(outcome, facts=outcome.facts | {"clock_skew_s": skew}), Offered(frozenset(ROLES)))

    healthy = run("mim", {})
    ours = replace(healthy, outcomes=tuple(off(o, 1200.0) for o in healthy.outcomes))
    theirs = replace(
        healthy, outcomes=tuple(off(o, 1200.0 if o.check.forest == "bravo.test" else 0.1) for o in healthy.outcomes)
    )
    assert {(f.code, f.title.partition(": ")[2]) for f in diagnose(ours)} == {
        ("time-skew", "this machine's clock is 20 min behind the controllers'")
    }
    bravo = [f for f in diagnose(theirs) if f.forest == "bravo.test"]
    assert [f.code for f in bravo] == ["time-skew"]
    assert bravo[0].title == "bravo.test: the clock of bdc1 is 20 min ahead of this machine's"
    assert "kerberos-time-skew" in bravo[0].errors
