"""Every probe against a controller of our own in both manners: ok, with what the answer tells."""

from __future__ import annotations

from pathlib import Path

import pytest
from probes.asking import ask, controller

from portcheck.model import State
from portcheck.server.controller.record import FIXED, SAMBA_LACKS, Certificate, Manner
from portcheck.server.controller.serving import serving

INTERFACES = tuple(f"rpc-{name}/tcp" for name in ("netlogon", "lsarpc", "samr", "drsuapi"))
SERVED = [
    (manner, service)
    for manner in Manner
    for service in (*FIXED, *INTERFACES)
    if manner is Manner.WINDOWS or service not in SAMBA_LACKS
]
ROOT = {"dns_host_name": "dc1.alpha.test", "domain": "alpha.test", "site": "Default-First-Site-Name"}
SMB = {"dialect": "3.1.1", "signing_required": True}
DNS = {"rcode": "NOERROR", "authoritative": True, "truncated": False, "answers": 1}
KERBEROS = {"kerberos_error": 25, "realm_proven": "ALPHA.TEST"}
FACTS: dict[str, dict[str, object]] = {
    "ldap/tcp": ROOT,
    "gc/tcp": ROOT,
    "ldaps/tcp": ROOT | {"certificate_name_matches": True, "certificate_expired": False},
    "gc-tls/tcp": ROOT | {"certificate_name_matches": True, "certificate_expired": False},
    "ldap-ping/udp": {"dns_host_name": "dc1.alpha.test", "netbios_host": "DC1", "hosts_domain": True, "opcode": 23},
    "kerberos/tcp": KERBEROS,
    "kerberos/udp": KERBEROS,
    "dns/tcp": DNS,
    "dns/udp": DNS,
    "smb/tcp": SMB,
    "time/udp": {"synchronized": True},
    "netbios-ssn/tcp": {"session_accepted": True},
    "rpc-netlogon/tcp": {"accepted": True},
    "winrm/tcp": {"http_status": 200, "http_server": "Microsoft-HTTPAPI/2.0"},
    "adws/tcp": {"framing": "upgrade"},
}
DIFFERENT: list[tuple[str, str, object, object]] = [
    ("kpasswd/tcp", "framed", False, True),
    ("kpasswd/udp", "framed", False, True),
    ("kerberos/tcp", "etypes", [18, 17, 23], [18]),
    ("time/udp", "version", 3, 4),
    ("time/udp", "stratum", 1, 2),
    ("time/udp", "reference_id", "LOCL", "10.0.0.1"),
    ("ldaps/tcp", "tls_version", "TLSv1.2", "TLSv1.3"),
    ("ldap/tcp", "vendor", None, "Samba Team (https://www.samba.org)"),
    ("dns/udp", "edns_payload", 1221, None),
    ("rpc/tcp", "tower_address", "127.0.0.1", "0.0.0.0"),
]


@pytest.mark.parametrize(("manner", "service"), SERVED)
async def test_every_probe_is_answered_in_both_manners(manner: Manner, service: str) -> None:
    async with serving(controller(manner)) as running:
        outcome = await ask(running, service)
    assert (outcome.state, outcome.answers > 0) == (State.OK, True), outcome.reason
    assert {key: outcome.facts.get(key) for key in FACTS.get(service, {})} == FACTS.get(service, {})


@pytest.mark.parametrize(("service", "fact", "windows", "samba"), DIFFERENT)
async def test_a_difference_of_manner_shows_in_the_facts(
    service: str, fact: str, windows: object, samba: object
) -> None:
    seen = []
    for manner in (Manner.WINDOWS, Manner.SAMBA):
        async with serving(controller(manner)) as running:
            seen.append((await ask(running, service)).facts.get(fact))
    assert seen == [windows, samba]


async def test_the_mapper_tells_where_each_wanted_interface_is() -> None:
    async with serving(controller()) as running:
        outcome = await ask(running, "rpc/tcp")
    assert outcome.facts["endpoints"] == {"rpc-netlogon": list(running.candidates("rpc-netlogon"))}
    assert len(set(running.candidates("rpc-netlogon"))) == 2


async def test_over_ipv6_every_service_answers_too() -> None:
    async with serving(controller(address="::1")) as running:
        outcomes = [await ask(running, service) for service in (*FIXED, *INTERFACES)]
    assert {o.check.name: o.state for o in outcomes if o.state is not State.OK} == {}


async def test_a_mapper_that_refuses_strangers_is_reachable() -> None:
    async with serving(controller(mapper_refuses_strangers=True)) as running:
        outcome = await ask(running, "rpc/tcp")
    assert (outcome.state, outcome.facts["anonymous_refused"]) == (State.OK, True)


async def test_a_certificate_that_the_forests_file_names_is_trusted(tmp_path: Path) -> None:
    async with serving(controller()) as running:
        pem = tmp_path / "ca.pem"
        pem.write_bytes(running.pem)
        named, unnamed = await ask(running, "ldaps/tcp", pem), await ask(running, "ldaps/tcp")
    assert (named.facts["certificate_trusted"], unnamed.facts["certificate_trusted"]) == (True, False)


@pytest.mark.parametrize(
    ("kind", "expired", "matches"), [(Certificate.EXPIRED, True, True), (Certificate.OTHER_NAME, False, False)]
)
async def test_a_bad_certificate_is_told_and_the_port_is_ok(kind: Certificate, expired: bool, matches: bool) -> None:
    async with serving(controller(certificate=kind)) as running:
        outcome = await ask(running, "gc-tls/tcp")
    assert outcome.state is State.OK
    assert (outcome.facts["certificate_expired"], outcome.facts["certificate_name_matches"]) == (expired, matches)


async def test_tls_without_a_certificate_is_cut_at_the_client_hello() -> None:
    async with serving(controller(certificate=Certificate.NONE)) as running:
        outcome = await ask(running, "ldaps/tcp")
    assert (outcome.state, outcome.stage) == (State.RESET, "tls")


async def test_a_ping_for_a_domain_not_hosted_names_the_domain_that_is() -> None:
    async with serving(controller()) as running:
        outcome = await ask(running, "ldap-ping/udp", domain="beta.test")
    assert (outcome.state, outcome.facts["hosts_domain"], outcome.facts["domain"]) == (State.OK, False, "alpha.test")


async def test_a_foreign_realm_of_a_windows_controller_is_an_answer_and_proves_no_realm() -> None:
    async with serving(controller()) as running:
        outcome = await ask(running, "kerberos/tcp", domain="beta.test")
    assert (outcome.state, outcome.facts["kerberos_error"]) == (State.OK, 68)
    assert "realm_proven" not in outcome.facts
    assert (outcome.facts["knows_controller"], outcome.facts["wrong_forest"]) == (False, True)


@pytest.mark.parametrize("service", ["kpasswd/tcp", "kpasswd/udp"])
async def test_the_password_service_of_another_realm_tells_its_own(service: str) -> None:
    async with serving(controller(Manner.SAMBA)) as running:
        strange, own = await ask(running, service, domain="beta.test"), await ask(running, service)
    assert (strange.facts["realm_answered"], strange.facts["wrong_forest"]) == ("ALPHA.TEST", True)
    assert not {"realm_answered", "wrong_forest"} & own.facts.keys()


@pytest.mark.parametrize("service", ["kerberos/udp", "kpasswd/tcp", "ldap/tcp", "smb/tcp", "time/udp", "gc-tls/tcp"])
async def test_a_clock_that_is_ahead_shows_in_every_source(service: str) -> None:
    async with serving(controller(clock_ahead_s=1200.0)) as running:
        skew = (await ask(running, service)).facts["clock_skew_s"]
    assert skew == pytest.approx(1200, abs=10)
