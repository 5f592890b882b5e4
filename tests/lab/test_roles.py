"""The roles of this machine against real domain controllers: well as they are, one fault told in their own words."""

from __future__ import annotations

from typing import Any

import pytest

from portcheck.diagnose.symptoms import OF_THE_ENGINE, OF_WINDOWS
from tests.lab import faults
from tests.lab.program import Run
from tests.lab.world import Lab

# what is shut, what that is called, and what the role does through it
ROLES: dict[str, tuple[tuple[str, ...], str, str]] = {
    "linux-member": (("464",), "kpasswd-blocked", "set the machine password, change passwords"),
    "nas": (("445/tcp",), "smb-blocked", "Netlogon, SAM and LSA over named pipes"),
    "pta": (("88/tcp",), "kerberos-blocked", "check passwords at sign-in"),
    "cloud-sync": (("389/tcp",), "ldap-blocked", "read and write the directory"),
    "defender-identity": (("3268/tcp",), "gc-blocked", "read the directory of the whole forest"),
    "admin-workstation": (("135/tcp",), "rpc-mapper-blocked", "consoles: event log, services, DNS, WMI"),
    "rodc": (("49152-65535/tcp",), "rpc-dynamic-blocked", "replication towards this controller"),
    "dc-replication": (("49152-65535/tcp",), "rpc-dynamic-blocked", "directory replication"),
    "forest-trust": (("135/tcp",), "rpc-mapper-blocked", "name the RPC ports"),
    "adfs": (("389/tcp",), "ldap-blocked", "group policy, directory lookups"),
}


def check(lab: Lab, profile: str) -> Run:
    config = lab.forests_toml("bravo", defaults={"profiles": [profile]})
    return lab.check("-4", "--skip", "cloud", "--no-trace", config=config)


def first(run: Run) -> dict[str, Any]:
    assert run.report is not None
    return dict(run.report["findings"][0])


@pytest.mark.parametrize("profile", ROLES)
def test_a_healthy_forest_is_well_for_every_role(lab: Lab, profile: str) -> None:
    run = check(lab, profile)
    assert (run.codes("bravo"), run.code) == (["forest-ok"], 0), run.stdout[-2000:]
    assert run.verdicts("bravo") <= {"pass", "skip"}
    both_ways = profile in {"dc-replication", "forest-trust"}
    assert ("another direction" in first(run)["explanation"]) is both_ways


@pytest.mark.parametrize("profile", ROLES)
def test_one_fault_tells_what_the_role_cannot_do_in_the_role_s_own_words(lab: Lab, profile: str) -> None:
    shut, code, operation = ROLES[profile]
    with faults.drop(lab, lab.bravo, *shut):
        run = check(lab, profile)
    told = first(run)
    assert (run.code, told["code"], told["severity"]) == (1, code, "error")
    assert operation in told["breaks"]
    assert not OF_THE_ENGINE & {*told["errors"], *told["breaks"]}
    if profile == "linux-member":
        assert not [name for name in told["errors"] if name.startswith(OF_WINDOWS)]


def test_a_controller_without_dfsr_is_no_fault_and_its_port_is_not_invented(lab: Lab) -> None:
    """Samba replicates SYSVOL by no way of Windows, and its mapper knows no such interface."""
    (sysvol,) = check(lab, "dc-replication").of("bravo", "rpc-dfsr")
    assert (sysvol["state"], sysvol["verdict"], sysvol["port"]) == ("skipped", "skip", None)
    assert "does not know this interface" in sysvol["reason"]


def test_a_host_that_is_no_certification_authority_is_told_as_that(lab: Lab) -> None:
    config = lab.forests_toml("bravo", defaults={"profiles": ["adcs-client"]})
    run = lab.check("-4", "--no-trace", "--system", "ca=bdc1.bravo.test", config=config)
    (asked,) = run.of("bravo", "rpc-cert")
    assert (run.code, asked["verdict"]) == (1, "fail")
    assert first(run)["code"] == "rpc-interface-missing"
    assert "enrol for a certificate" in first(run)["breaks"]


def test_who_opens_what_is_not_asked_from_the_wrong_end(lab: Lab) -> None:
    config = lab.forests_toml("bravo", defaults={"profiles": ["pcns"]})
    run = lab.check("-4", "--no-trace", "--system", "sync=10.77.3.10", config=config)
    assert {c["state"] for c in run.of("bravo")} == {"skipped"}
    assert run.codes("bravo") == ["reverse-direction"]
    assert run.code == 1  # nothing was asked, so nothing is known to be as expected
