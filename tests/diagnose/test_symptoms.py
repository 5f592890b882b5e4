"""Errors and sources that findings name are in the catalogue; what hurts nobody breaks nothing."""

from __future__ import annotations

import pytest
from diagnose.scenarios import cases, report_of
from factories import check, outcome, report

from portcheck.catalogue.errors import errors
from portcheck.catalogue.services import services
from portcheck.catalogue.sources import sources
from portcheck.diagnose import RULES, diagnose
from portcheck.diagnose.symptoms import ON_UNIX, OUT_OF_ORDER, SYMPTOMS, WITHOUT
from portcheck.model import Severity

NAMED = sorted(
    {name for s in SYMPTOMS.values() for name in s.errors}
    | {n for known in (*WITHOUT.values(), *ON_UNIX.values()) for n in known}
)


@pytest.mark.parametrize("name", NAMED)
def test_each_named_error_is_catalogued(name: str) -> None:
    assert name in errors()


@pytest.mark.parametrize("code", SYMPTOMS)
def test_each_symptom_belongs_to_a_rule_and_has_a_source(code: str) -> None:
    assert code in {rule.code for rule in RULES}
    assert SYMPTOMS[code].source in sources()


def test_every_fault_that_windows_users_see_has_its_words_for_linux_too() -> None:
    of_windows_alone = {"adws-blocked", "mim-service-blocked", "read-only-dc"}
    told = {code for code, symptom in SYMPTOMS.items() if symptom.errors}
    assert told - set(ON_UNIX) == of_windows_alone


def test_tables_name_known_services_and_rules() -> None:
    assert set(WITHOUT) <= set(services())
    assert {rule.code for rule in RULES} >= OUT_OF_ORDER | set(ON_UNIX)


@pytest.mark.parametrize(("profile", "told"), [("domain-join", True), ("ldap-app", True), ("mim", False)])
def test_the_words_are_those_of_the_profile_linux_tools_where_it_may_run_there(profile: str, told: bool) -> None:
    blocked = outcome(check("kpasswd/tcp", profiles=(profile,)), "filtered")
    (finding,) = [f for f in diagnose(report(blocked, outcome("kerberos/tcp"))) if f.code == "kpasswd-blocked"]
    assert ("kerberos-no-logon-server" in finding.errors) != told  # the sync engine's own word
    assert ("adcli-set-password" in finding.errors) == told


def test_what_hurts_nobody_names_no_error_and_breaks_nothing() -> None:
    found = [finding for case in cases().values() for finding in diagnose(report_of(case))]
    harmless = [finding for finding in found if finding.severity is Severity.INFO]
    assert harmless
    assert not [finding.code for finding in harmless if finding.errors or finding.breaks]
