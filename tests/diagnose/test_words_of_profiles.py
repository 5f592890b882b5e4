"""Findings speak the words of the profile at hand, and a profile that needs one of two ports fails without both."""

from __future__ import annotations

from dataclasses import replace

import pytest
from diagnose.test_profiles import OWN_CODE, ROLES, checks, run
from factories import outcome

from portcheck.catalogue.errors import errors
from portcheck.catalogue.profiles import built_in, merge
from portcheck.diagnose import diagnose, symptoms
from portcheck.diagnose.symptoms import OF_THE_ENGINE, SYNC
from portcheck.diagnose.verdict import Offered, settle
from portcheck.model import Need, Outcome, Severity, State, Verdict

ENGINE = ("MIM", "export", "import", "management agent", "no-logon-server")
ABOUT_MIM = {"pcns"}  # its server is one of MIM
OTHERS = [n for n, p in built_in().items() if p.dc_rows and SYNC not in p.speaks and n not in ABOUT_MIM]


def spoken(profile: str, silent: str) -> list[str]:
    """Everything that the findings of bravo.test say to a user."""
    return [
        words
        for found in diagnose(run(profile, {"bravo.test": {silent}}))
        for words in (found.title, found.explanation, found.fix, *found.breaks, *found.errors)
    ]


@pytest.mark.parametrize("profile", OTHERS)
def test_who_runs_no_synchronisation_engine_reads_none_of_its_words(profile: str) -> None:
    for name in (check.name for check in checks("bravo.test", "bdc1", profile)):
        told = " ".join(spoken(profile, name))
        assert not [word for word in ENGINE if word in told], (name, told)


def test_a_linux_member_reads_no_words_of_windows_and_its_own_instead() -> None:
    seen = set()
    for check in checks("bravo.test", "bdc1", "linux-member"):
        for found in diagnose(run("linux-member", {"bravo.test": {check.name}})):
            seen |= set(found.errors)
            said = f"{found.title} {found.explanation} {found.fix}"
            assert "Windows" not in said or found.code in {"kpasswd-blocked", "kpasswd-udp-blocked"}, said
    assert not [name for name in seen if name.startswith(("win32-", "sspi-", "winsock-"))]
    assert {"adcli-no-dc", "krb5-kdc-unreach", "adcli-set-password", "sssd-gpo", "resolver-again"} <= seen


def test_with_a_windows_role_beside_it_the_words_of_windows_are_told_too() -> None:
    for profiles, told in ((("linux-member",), False), (("linux-member", "member"), True)):
        locator = outcome(replace(checks("bravo.test", "bdc1", "member")[0], profiles=profiles), SILENT)
        ping = replace(locator, check=replace(locator.check, service="ldap-ping", transport="udp", port=389))
        assert ("win32-1355" in symptoms.errors("dc-locator-blocked", [ping])) is told


@pytest.mark.parametrize("profile", ["mim", "entra-connect", "all"])
def test_who_runs_one_reads_them(profile: str) -> None:
    told = " ".join(spoken(profile, "kpasswd/tcp") + spoken(profile, "ldap/tcp"))
    assert "failed-connection" in told


def test_the_engine_s_words_are_its_own_by_the_catalogue() -> None:
    for name in OF_THE_ENGINE & set(errors()):
        assert "MIM" in errors()[name].where, name


def test_a_join_fails_without_the_password_service_and_says_who_needs_it() -> None:
    (found,) = (f for f in diagnose(run("domain-join", {"bravo.test": {"kpasswd"}})) if f.forest == "bravo.test")
    assert (found.code, found.severity) == ("kpasswd-blocked", Severity.ERROR)
    assert found.breaks == ("set the machine password",)
    assert "adcli, realmd and Samba" in found.explanation
    (mim,) = (f for f in diagnose(run("mim", {"bravo.test": {"kpasswd"}})) if f.forest == "bravo.test")
    assert "adcli" not in mim.explanation


def settled(profiles: tuple[str, ...], states: dict[str, State]) -> dict[str, Outcome]:
    """The directory's two ports of one host, as a run judges them at its end."""
    rows = {row.service: row for row in merge(built_in()[name] for name in profiles)}
    known = {check.service: check for check in checks("bravo.test", "bdc1", profiles[0])}
    seen = [
        outcome(replace(known[name], need=rows[name].need, one_of=rows[name].one_of), s) for name, s in states.items()
    ]
    offered = {o.check.id: Offered(frozenset(ROLES)) for o in seen}
    return {o.check.service: o for o in settle(seen, offered)}


SILENT, GOOD = State.FILTERED, State.OK


@pytest.mark.parametrize(
    ("profiles", "ldap", "ldaps", "verdicts"),
    [
        (("ldap-app",), SILENT, GOOD, ("warn", "pass")),
        (("ldap-app",), GOOD, SILENT, ("pass", "warn")),
        (("ldap-app",), GOOD, State.REFUSED, ("pass", "warn")),
        (("ldap-app",), SILENT, SILENT, ("fail", "fail")),
        (("ldap-app",), State.MUTE, State.RESET, ("fail", "fail")),
        (("ldap-app",), GOOD, GOOD, ("pass", "pass")),
        (("ldap-app", "mim"), SILENT, GOOD, ("fail", "pass")),
        (("mim",), SILENT, GOOD, ("fail", "pass")),
    ],
)
def test_one_of_389_and_636_is_enough_where_the_profile_says_so(
    profiles: tuple[str, ...], ldap: State, ldaps: State, verdicts: tuple[str, str]
) -> None:
    found = settled(profiles, {"ldap": ldap, "ldaps": ldaps})
    assert (found["ldap"].verdict, found["ldaps"].verdict) == tuple(map(Verdict, verdicts))
    if verdicts[0] == "warn":
        assert "636/tcp answers, and one of the two is enough" in found["ldap"].reason
        assert found["ldap"].check.need is Need.CONDITIONAL


def test_every_single_service_of_a_join_has_its_own_code() -> None:
    for check in checks("bravo.test", "bdc1", "domain-join"):
        codes = [f.code for f in diagnose(run("domain-join", {"bravo.test": {check.name}})) if f.forest == "bravo.test"]
        assert codes == [OWN_CODE[check.name]]
