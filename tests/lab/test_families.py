"""IPv4 and IPv6: controllers with both, targets that are addresses, and what `-4` and `-6` leave."""

from __future__ import annotations

import pytest

from tests.lab import faults, records
from tests.lab.program import Run
from tests.lab.world import Lab


def addresses(run: Run) -> set[str]:
    return {check["address"] for check in run.checks}


@pytest.mark.parametrize("flag", [(), ("-4",), ("-6",)])
def test_a_controller_is_asked_at_each_address_that_the_flags_leave(lab: Lab, flag: tuple[str, ...]) -> None:
    four, six = lab.bravo.address, lab.bravo.address6
    with records.published_ipv6(lab.bravo):
        run = lab.portcheck("check", "bravo.test", "-f", "json", *flag)
    assert addresses(run) == {(): {four, six}, ("-4",): {four}, ("-6",): {six}}[flag]
    assert run.verdicts("bravo") == {"pass"}, run.stdout
    assert run.code == 0


def test_one_silent_family_fails_its_own_cells_alone(lab: Lab) -> None:
    rule = f"ip6 daddr {lab.bravo.address6} tcp dport 464 drop"
    with records.published_ipv6(lab.bravo), faults.chain(lab.fw2, "forward", rule):
        run = lab.portcheck("check", "bravo.test", "-f", "json")
    wrong = {(c["address"], c["service"], c["transport"], c["state"]) for c in run.checks if c["verdict"] == "fail"}
    assert wrong == {(lab.bravo.address6, "kpasswd", "tcp", "filtered")}


def test_a_name_without_an_address_of_the_wanted_family_is_no_stale_record(lab: Lab) -> None:
    run = lab.portcheck("check", "bravo.test", "-6", "-f", "json")
    assert run.states("bravo") == {"unresolved"}
    assert run.codes("bravo") == ["dc-unresolved"]
    assert {check["reason"] for check in run.checks} == {"bdc1.bravo.test has no IPv6 address"}
    assert run.code == 1


def test_an_address_is_a_target_and_tells_its_name(lab: Lab) -> None:
    for target in (lab.bravo.address, lab.bravo.address6, f"[{lab.bravo.address6}]"):
        run = lab.portcheck("check", target, "-f", "json")
        assert addresses(run) == {target.strip("[]")}
        judged = {(c["service"], c["verdict"]) for c in run.checks if c["verdict"] != "pass"}
        assert judged == {("ldaps", "warn"), ("gc-tls", "warn")}  # no certificate here names the address
        assert run.codes(target.strip("[]")) == ["certificate-name-mismatch", "kerberos-name-mismatch"]
        assert run.report is not None
        (controller,) = run.report["forests"][0]["domain_controllers"]
        assert controller["facts"]["dns_host_name"] == "bdc1.bravo.test"
        assert controller["facts"]["domain"] == "bravo.test"
        trusted = {c["facts"]["certificate_name_matches"] for c in run.checks if c["service"] == "ldaps"}
        assert trusted == {True}


def test_a_controller_s_name_is_a_target(lab: Lab) -> None:
    run = lab.portcheck("check", "bdc1.bravo.test", "-f", "json")
    assert {(c["host"], c["address"]) for c in run.checks} == {("bdc1.bravo.test", lab.bravo.address)}
    assert {check["verdict"] for check in run.checks} == {"pass"}
    assert run.code == 0


def test_a_host_without_an_address_of_the_wanted_family_says_so(lab: Lab) -> None:
    run = lab.portcheck("check", "bdc1.bravo.test", "-6")
    assert "bdc1.bravo.test has no IPv6 address" in " ".join(run.stdout.split())
    assert run.code == 1
