"""Errors and sources that findings name are in the catalogue; what hurts nobody breaks nothing."""

from __future__ import annotations

import pytest
from diagnose.scenarios import cases, report_of

from portcheck.catalogue.errors import errors
from portcheck.catalogue.services import services
from portcheck.catalogue.sources import sources
from portcheck.diagnose import RULES, diagnose
from portcheck.diagnose.symptoms import OUT_OF_ORDER, SYMPTOMS, WITHOUT
from portcheck.model import Severity

NAMED = sorted(
    {name for s in SYMPTOMS.values() for name in s.errors} | {n for known in WITHOUT.values() for n in known}
)


@pytest.mark.parametrize("name", NAMED)
def test_each_named_error_is_catalogued(name: str) -> None:
    assert name in errors()


@pytest.mark.parametrize("code", SYMPTOMS)
def test_each_symptom_belongs_to_a_rule_and_has_a_source(code: str) -> None:
    assert code in {rule.code for rule in RULES}
    assert SYMPTOMS[code].source in sources()


def test_tables_name_known_services_and_rules() -> None:
    assert set(WITHOUT) <= set(services())
    assert {rule.code for rule in RULES} >= OUT_OF_ORDER


def test_what_hurts_nobody_names_no_error_and_breaks_nothing() -> None:
    found = [finding for case in cases().values() for finding in diagnose(report_of(case))]
    harmless = [finding for finding in found if finding.severity is Severity.INFO]
    assert harmless
    assert not [finding.code for finding in harmless if finding.errors or finding.breaks]
