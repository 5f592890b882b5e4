"""Every rule: a case in which it fires, one in which it keeps quiet; and what must hold for any run."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from diagnose.scenarios import cases, report_of

from portcheck.catalogue.services import services
from portcheck.diagnose import RULES, diagnose
from portcheck.diagnose.rule import WORST_FIRST, Rule
from portcheck.model import Finding

FIRST = {f"{name}/{port or 49667}/{t}": name for name, row in services().items() for t, port in row.ports.items()}
"""Each service, by the first outcome that a case can give of it."""
CASES = cases() | {
    f"plain: {place} is silent": {"given": {place: "filtered", "tcp/9/tcp": "open"}, "expect": [row.plainly]}
    for place, row in ((place, services()[name]) for place, name in FIRST.items())
    if row.plainly
}
CODES = [rule.code for rule in RULES]
RULE_FILES = Path(__file__).parents[2] / "portcheck/diagnose/rules"

OWN = Path(__file__).parents[2] / "portcheck/catalogue/own.toml"
CONTRACT = set((Path(__file__).parent / "contract-codes.txt").read_text(encoding="utf-8").split())
"""The finding codes that users' scripts rely on."""

ADDED = set(tomllib.loads(OWN.read_text(encoding="utf-8"))["finding"])
"""Whatever else portcheck finds has its word there, which `explain` gives."""
PLAIN = {f"{service}-blocked" for service in services()}
BY_TRANSPORT = {"dns/53/tcp", "kerberos/88/udp", "kpasswd/464/udp"}
"""Their silence means something else than that of the service's other transport."""


def codes(case: dict[str, Any]) -> list[str]:
    return [finding.code for finding in diagnose(report_of(case))]


def _told(case: dict[str, Any], rules: tuple[Rule, ...] = RULES) -> list[tuple[str, str]]:
    return [(finding.code, finding.title) for finding in diagnose(report_of(case), rules)]


@cache
def everything() -> dict[str, list[tuple[str, str]]]:
    """What each case tells, by its title; reckoned by whoever first needs it, and not by all who only collect."""
    return {title: _told(case) for title, case in CASES.items()}


@pytest.mark.parametrize("title", CASES)
def test_a_case_gives_exactly_its_findings_in_their_order(title: str) -> None:
    found, expected = codes(CASES[title]), CASES[title]["expect"]
    unruled = sorted({*expected} - {*CODES})
    assert unruled == [], f"portcheck/diagnose/rules/: no file has a row for {', '.join(unruled)}"
    assert found == expected


def test_each_row_of_each_file_is_a_rule() -> None:
    """A file of rules that nobody gathers says nothing, and nobody misses it."""
    files = sorted(path.stem for path in RULE_FILES.glob("[!_]*.py"))
    listed = {id(rule) for rule in RULES}
    lost = {file: rule.code for file in files for rule in rows(file) if id(rule) not in listed}
    assert lost == {}, f"portcheck/diagnose/rules/__init__.py: RULES lacks what stands in {', '.join(lost)}"


def rows(file: str) -> Iterator[Rule]:
    for value in vars(import_module(f"portcheck.diagnose.rules.{file}")).values():
        if isinstance(value, tuple):
            yield from (row for row in value if isinstance(row, Rule))


def test_each_code_has_one_rule() -> None:
    """Where a device refuses everything, it is the finding itself; hosts are gone in three ways, told apart; name
    servers that differ come before the silence that they led to, and after what else is amiss in DNS; an answer comes
    from another address, or from another port of the same; a service is down on the host, or on one of several."""
    hosts, dns = {"explicit-reject", "host-unreachable"}, {"dns-views-differ", "resolver-filters-addresses"}
    several = {"answer-from-other-address", "service-down", "resolution-differs", *hosts, *dns}
    assert {code for code in CODES if CODES.count(code) > 1} == several


def test_each_code_is_of_the_contract_or_says_plainly_that_a_service_is_blocked() -> None:
    unsaid = set(CODES) - CONTRACT - ADDED - PLAIN
    assert unsaid == set(), f"portcheck/catalogue/own.toml: no word for {unsaid}: run python -m tests.reference.make"
    assert set(CODES) >= CONTRACT


@pytest.mark.parametrize("code", CODES)
def test_each_rule_is_seen_to_fire_and_to_keep_quiet(code: str) -> None:
    told = [code in [found for found, _ in findings] for findings in everything().values()]
    assert any(told), f"tests/diagnose/cases/: no file has a case in which {code} speaks"
    assert not all(told), f"tests/diagnose/cases/: no file has a case in which {code} keeps quiet"


@pytest.mark.parametrize("code", CODES)
def test_no_rule_can_be_taken_away_unnoticed(code: str) -> None:
    rest = tuple(rule for rule in RULES if rule.code != code)
    likeliest = sorted(CASES, key=lambda title: code not in [found for found, _ in everything()[title]])
    assert any(_told(CASES[title], rest) != everything()[title] for title in likeliest)


@pytest.mark.parametrize("title", CASES)
def test_the_order_of_the_outcomes_does_not_matter(title: str) -> None:
    report = report_of(CASES[title])
    shuffled = list(report.outcomes)
    random.Random(title).shuffle(shuffled)
    assert diagnose(replace(report, outcomes=tuple(shuffled))) == diagnose(report)


@pytest.mark.parametrize("title", CASES)
def test_findings_come_worst_first_and_in_whole_sentences(title: str) -> None:
    found = diagnose(report_of(CASES[title]))
    ranks = [WORST_FIRST.index(finding.severity) for finding in found]
    assert ranks == sorted(ranks)
    for finding in found:
        _well_spoken(finding)


def _well_spoken(finding: Finding) -> None:
    for line in (finding.title, finding.explanation, finding.fix, finding.evidence):
        assert "{" not in line
        assert "  " not in line
        assert "\n" not in line
        assert line.strip() == line
    assert finding.title.startswith(f"{finding.forest}: ")
    assert finding.explanation.endswith(".")
    assert not finding.fix or finding.fix.endswith(".")
    assert ".." not in finding.explanation
    assert finding.evidence


@pytest.mark.parametrize("place", FIRST)
def test_every_service_has_a_rule_that_tells_of_its_block(place: str) -> None:
    row = services()[FIRST[place]]
    found = codes({"given": {place: "filtered", "tcp/9/tcp": "open"}})
    assert len(found) == 1
    assert found[0].endswith("-blocked")
    usual = [row.finding or row.plainly]
    assert found == usual or place in BY_TRANSPORT, f"portcheck/catalogue/services.toml: [{row.name}] finding"
