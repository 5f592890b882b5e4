"""Names, identity, clocks and certificates of real controllers: what is told is true, and nothing else is told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab import faults, records, services
from tests.lab.program import Run
from tests.lab.world import Lab

TLS = ("636/tcp", "3269/tcp")


def check(lab: Lab, *more: str, **own: Any) -> Run:
    return lab.check(*more, config=lab.forests_toml("bravo", defaults={"profiles": ["mim"]}, bravo=own))


def leading(run: Run) -> dict[str, Any]:
    assert run.report is not None
    return dict(run.report["findings"][0])


@pytest.mark.parametrize("port", ["88/tcp", "88/udp", "464/tcp", "464/udp", "636/tcp", "3268/tcp"])
def test_a_single_port_that_leads_to_another_forests_controller_is_named(lab: Lab, port: str) -> None:
    with faults.translate(lab, lab.bravo, lab.charlie, port):
        run = check(lab)
    assert run.codes("bravo") == ["wrong-forest"]
    assert f"{port} of {lab.bravo.address}" in leading(run)["title"]
    assert "address translation" in leading(run)["explanation"]


def test_a_controller_that_a_block_list_sends_to_this_machine_is_not_down(lab: Lab) -> None:
    with (
        records.added(lab.bravo, lab.bravo.site.host, "A", "127.0.0.1"),
        records.missing(lab.bravo, lab.bravo.site.host, "A", lab.bravo.address),
    ):
        run = check(lab)
    assert run.codes("bravo") == ["srv-stale"]
    assert "this machine itself" in leading(run)["evidence"]


def test_a_name_with_an_address_of_nobody_is_no_address(lab: Lab) -> None:
    with (
        records.added(lab.bravo, lab.bravo.site.host, "A", "0.0.0.0"),
        records.missing(lab.bravo, lab.bravo.site.host, "A", lab.bravo.address),
    ):
        run = check(lab)
    assert run.codes("bravo") == ["srv-stale"]
    assert "0.0.0.0" in leading(run)["evidence"]


def test_a_controller_with_an_address_too_many_is_up(lab: Lab) -> None:
    spare = lab.bravo.address.rpartition(".")[0] + f".{records.SPARE_ADDRESS}"
    with records.added(lab.bravo, lab.bravo.site.host, "A", spare):
        run = check(lab)
    assert run.codes("bravo") == ["host-unreachable"]
    assert f"answers at {lab.bravo.address}, so it is up" in leading(run)["explanation"]


def test_a_stale_record_for_the_global_catalog_alone_is_found(lab: Lab) -> None:
    with records.added(lab.bravo, "_gc._tcp", "SRV", records.srv(lab.bravo, 3268, "gone.bravo.test")):
        run = check(lab)
    assert (run.codes("bravo"), run.code) == (["srv-stale"], 0)


def test_a_site_without_records_is_told(lab: Lab) -> None:
    run = check(lab, site="Nowhere")
    assert (run.codes("bravo"), run.code) == (["srv-missing"], 0)
    assert "name of the site" in leading(run)["fix"]


@pytest.mark.parametrize(
    "said", [{"valid_days": 30, "valid_from_days": 2}, {"purposes": ("1.3.6.1.5.5.7.3.2",)}, {"rsa_bits": 1024}]
)
def test_a_certificate_that_every_verifier_refuses_is_told_with_the_reason(lab: Lab, said: dict[str, Any]) -> None:
    certificate = lab.authority.issue((lab.bravo.host,), label="odd", **said)
    with services.present(lab.bravo, certificate, *TLS):
        run = check(lab)
    reasons = {"valid_days": "not valid before", "purposes": "clientAuth", "rsa_bits": "key too weak"}
    assert run.codes("bravo") == ["certificate-untrusted"]
    assert reasons[next(iter(said))] in leading(run)["explanation"]
    assert run.verdicts("bravo", "ldaps") == {"warn"}


def test_an_expired_certificate_is_not_called_one_of_an_unknown_issuer(lab: Lab) -> None:
    expired = lab.authority.issue((lab.bravo.host,), valid_days=-2, label="expired-alone")
    with services.present(lab.bravo, expired, *TLS):
        run = check(lab)
    assert run.codes("bravo") == ["certificate-expired"]


def test_a_server_of_old_tls_that_cuts_everybody_else_is_told_by_its_version(lab: Lab) -> None:
    certificate = lab.authority.issue((lab.bravo.host,), label="old-tls")
    with services.present(lab.bravo, certificate, *TLS, newest="TLSv1"):
        run = check(lab)
    assert run.codes("bravo") == ["tls-outdated"]
    assert (run.states("bravo", "ldaps"), run.verdicts("bravo", "ldaps")) == ({"ok"}, {"warn"})


def test_a_time_service_with_another_time_than_its_hosts_kerberos_is_told(lab: Lab) -> None:
    with services.clock_on(lab.bravo, 1200):
        run = lab.check(config=lab.forests_toml("bravo"))
    assert run.codes("bravo") == ["time-skew"]
    assert "20 min ahead of the same host's own clock" in leading(run)["title"]


def test_discover_gives_the_table_as_a_report(lab: Lab) -> None:
    run = lab.portcheck("discover", "bravo.test", "--dns", lab.bravo.address, "-f", "json")
    assert run.code == 0
    assert [check["service"] for check in run.checks] == ["ldap-ping"]
