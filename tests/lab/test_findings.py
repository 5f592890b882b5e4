"""The whole program against real domain controllers: each fault gets its own finding, the leading one first."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab import faults, records, services
from tests.lab.program import Run
from tests.lab.world import Lab

MIM = {"profiles": ["mim"]}


def check(lab: Lab, *more: str) -> Run:
    return lab.check(*more, config=lab.forests_toml(defaults=MIM))


def findings(run: Run, forest: str) -> list[dict[str, Any]]:
    assert run.report is not None
    return [finding for finding in run.report["findings"] if finding["forest"] == f"{forest}.test"]


def test_all_well_is_said(lab: Lab) -> None:
    run = check(lab)
    assert (run.code, [run.codes(forest) for forest in ("alpha", "bravo", "charlie")]) == (0, [["forest-ok"]] * 3)


def test_the_founding_case_leads_with_kpasswd_and_names_the_error(lab: Lab) -> None:
    with (
        faults.drop(lab, lab.bravo, "464/tcp", "464/udp"),
        faults.drop(lab, lab.charlie, "464/tcp", "464/udp", "3268/tcp", "3269/tcp"),
    ):
        run = check(lab)
    assert run.code == 1
    assert run.codes("alpha") == ["forest-ok"]
    assert run.codes("bravo") == ["kpasswd-blocked"]
    assert run.codes("charlie") == ["kpasswd-blocked", "gc-blocked", "gc-tls-blocked"]
    leading = findings(run, "bravo")[0]
    assert leading["errors"] == ["kerberos-no-logon-server"]
    assert leading["hosts"] == ["bdc1.bravo.test"]
    assert "464" in leading["fix"]
    assert "10.77.2.10" in leading["fix"]
    assert "10.77.0.10" in leading["fix"]


SILENT = {
    "53/udp": ["dns-blocked"],
    "53/tcp": ["dns-tcp-blocked"],
    "88/tcp": ["kerberos-blocked"],
    "88/udp": ["kerberos-udp-blocked"],
    "135/tcp": ["rpc-mapper-blocked"],
    "389/tcp": ["ldap-blocked"],
    "389/udp": ["dc-locator-blocked"],
    "445/tcp": ["smb-blocked"],
    "464/tcp": ["kpasswd-blocked"],
    "464/udp": ["kpasswd-udp-blocked"],
    "636/tcp": ["ldaps-blocked"],
    "3268/tcp": ["gc-blocked"],
    "3269/tcp": ["gc-tls-blocked"],
    "49152/tcp": ["rpc-dynamic-blocked"],
    "49153/tcp": ["rpc-dynamic-blocked"],
}


@pytest.mark.parametrize("port", SILENT)
def test_each_single_silent_service_gives_its_own_code_and_nothing_else(lab: Lab, port: str) -> None:
    with faults.drop(lab, lab.bravo, port):
        run = check(lab)
    blocking = [finding["code"] for finding in findings(run, "bravo") if finding["code"] != "forest-ok"]
    assert blocking == SILENT[port]
    assert run.codes("alpha") == ["forest-ok"]
    if port == "88/udp":
        assert findings(run, "bravo")[0]["severity"] in {"info", "warning"}
        assert run.code == 0
    else:
        assert findings(run, "bravo")[0]["severity"] == "error"
        assert run.code == 1


def test_a_silent_locator_names_the_error_with_the_locator_as_cause(lab: Lab) -> None:
    with faults.drop(lab, lab.bravo, "389/udp"):
        run = check(lab)
    leading = findings(run, "bravo")[0]
    assert "kerberos-no-logon-server" in leading["errors"]
    assert "locator" in (leading["title"] + leading["explanation"]).lower()


def test_silent_dynamic_ports_show_as_1722(lab: Lab) -> None:
    with faults.drop(lab, lab.bravo, "49152-65535/tcp"):
        run = check(lab)
    assert run.codes("bravo") == ["rpc-dynamic-blocked"]
    assert "win32-1722" in findings(run, "bravo")[0]["errors"]


@pytest.mark.parametrize("fault", [faults.drop, faults.dead_host])
def test_a_dead_host_is_one_finding(lab: Lab, fault) -> None:
    named = lab.forests_toml("bravo", defaults=MIM, bravo={"domain_controllers": [
        {"host": "bdc1.bravo.test", "address": lab.bravo.address}], "dns": None})  # fmt: skip
    with fault(lab, lab.bravo):
        run = lab.check(config=named)
    assert run.codes("bravo") == ["host-unreachable"]


@pytest.mark.parametrize("fault", [faults.drop, faults.dead_host, faults.reject])
def test_a_dead_host_that_only_its_own_dns_would_name_is_one_finding(lab: Lab, fault) -> None:
    """Its name is not known then, and every service is asked all the same."""
    with fault(lab, lab.bravo):
        run = check(lab)
    assert run.code == 1
    assert run.codes("bravo")[0] == "host-unreachable"
    assert [finding["code"] for finding in findings(run, "bravo") if finding["severity"] == "error"] == [
        "host-unreachable"
    ]
    assert run.states("bravo", "kpasswd") == run.states("bravo", "ldap") == run.states("bravo", "dns")
    assert run.codes("alpha") == ["forest-ok"]


def test_silent_dns_hides_nothing_else(lab: Lab) -> None:
    with faults.drop(lab, lab.bravo, "53", "464"):
        run = check(lab)
    assert run.codes("bravo") == ["dns-blocked", "kpasswd-blocked"]
    assert findings(run, "bravo")[0]["hosts"] == ["bdc1.bravo.test"]


def test_a_resolver_that_gets_no_answer_itself_is_told_from_a_silent_one(lab: Lab) -> None:
    with faults.drop(lab, lab.bravo):
        run = lab.check(config=lab.forests_toml("bravo", defaults=MIM, bravo={"dns": None}))
    assert run.code == 1
    assert run.codes("bravo") == ["dns-blocked"]
    assert "answers, but not about bravo.test" in findings(run, "bravo")[0]["title"]


def test_a_clock_twenty_minutes_off_is_named(lab: Lab) -> None:
    with services.skewed(lab.bravo, 1200):
        run = check(lab)
    assert run.codes("bravo") == ["time-skew"]
    leading = findings(run, "bravo")[0]
    assert "kerberos-time-skew" in leading["errors"]
    assert "20" in leading["title"] + leading["explanation"] + leading["evidence"]


def test_missing_records_are_names_not_ports(lab: Lab) -> None:
    record = records.srv(lab.bravo, 464)
    with records.missing(lab.bravo, "_kpasswd._tcp", "SRV", record):
        run = check(lab)
    assert run.codes("bravo") == ["srv-missing"]


def test_a_record_that_points_at_nothing_is_stale(lab: Lab) -> None:
    with records.added(lab.bravo, "_ldap._tcp.dc._msdcs", "SRV", records.srv(lab.bravo, 389, "gone.bravo.test")):
        run = check(lab)
    assert "srv-stale" in run.codes("bravo")
    assert not {code for code in run.codes("bravo") if code.endswith("-blocked")}


def test_another_forests_controller_behind_the_name_comes_before_everything(lab: Lab) -> None:
    with faults.translate(lab, lab.bravo, lab.charlie):
        named = lab.forests_toml("bravo", defaults=MIM, bravo={"domain_controllers": [
            {"host": "bdc1.bravo.test", "address": lab.bravo.address}], "dns": None})  # fmt: skip
        run = lab.check(config=named)
    assert run.codes("bravo")[0] == "wrong-forest"
    assert not {code for code in run.codes("bravo") if code.endswith("-blocked")}


def test_a_stopped_kdc_is_a_service_that_is_down(lab: Lab) -> None:
    with services.stopped_kdc(lab.bravo):
        run = check(lab)
    assert run.codes("bravo") == ["service-down"]


def test_a_device_that_says_no_is_named(lab: Lab) -> None:
    with faults.reject(lab, lab.bravo, "464/tcp", "464/udp"):
        run = check(lab)
    assert run.codes("bravo") == ["kpasswd-blocked", "explicit-reject"]
    assert "10.77.100.2" in findings(run, "bravo")[0]["evidence"]


def test_a_saved_run_gives_the_same_findings_elsewhere(lab: Lab) -> None:
    saved = lab.vantage.home / "run.json"
    with faults.drop(lab, lab.bravo, "464/tcp", "464/udp"):
        run = check(lab, "--save", str(saved))
    again = lab.portcheck("explain", "--report", str(saved), "--json")
    assert again.report is not None
    assert run.report is not None
    assert again.report["findings"] == run.report["findings"]


def test_an_error_is_explained_from_a_run(lab: Lab) -> None:
    import json

    with faults.drop(lab, lab.bravo, "464/tcp", "464/udp"):
        run = lab.portcheck("explain", "kerberos-no-logon-server", "--check", "bravo.test", "--json")
    weighed = json.loads(run.stdout)["errors"][0]["weighed"]
    holding = [cause["services"] for cause in weighed if cause["standing"] == "holds"]
    assert holding == [["kpasswd/tcp", "kpasswd/udp"]]


def test_a_host_asked_by_address_is_not_told_that_its_certificate_has_another_name(lab: Lab) -> None:
    """With the ping and LDAP silent, only LDAPS itself says what the host is called."""
    with faults.drop(lab, lab.bravo, "389"):
        run = lab.portcheck("check", lab.bravo.address, "--format", "json")
    assert run.codes(lab.bravo.address) == ["dc-locator-blocked", "ldap-blocked"]
