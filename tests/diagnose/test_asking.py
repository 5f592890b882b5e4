"""What a finding asks for, as values: held against its sentence, and against the codes that there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from diagnose.scenarios import cases, report_of

from portcheck.catalogue.brief import briefs
from portcheck.diagnose import RULES, diagnose
from portcheck.model import AskedOf, Finding, Severity
from portcheck.report.asks import consolidated, ranges


def found() -> Iterator[Finding]:
    for case in cases().values():
        yield from diagnose(report_of(case))


FOUND = list(found())


def test_every_finding_has_its_few_words_and_no_words_are_of_a_finding_that_there_is_not() -> None:
    assert set(briefs()) == {rule.code for rule in RULES}
    assert max(len(brief.words) for brief in briefs().values()) <= 50


def test_what_hurts_and_tells_what_to_do_asks_for_something_and_what_only_informs_for_nothing() -> None:
    silent = {f.code for f in FOUND if f.severity is not Severity.INFO and f.fix and not f.asks}
    assert silent <= {code for code, brief in briefs().items() if brief.follows}
    assert not [f.code for f in FOUND if f.severity is Severity.INFO and f.asks]


def test_a_path_is_asked_for_with_what_is_done_through_it_and_never_with_what_is_wrong() -> None:
    asked = [(finding.code, ask) for finding in FOUND for ask in finding.asks if ask.is_path]
    assert {ask.purpose for code, ask in asked if code == "service-down"} == {""}
    assert "passwords" in {ask.purpose for _, ask in asked}


def test_a_path_asks_for_the_ports_and_the_places_of_its_sentence() -> None:
    paths = [(f, ask) for f in FOUND for ask in f.asks if ask.is_path]
    assert len(paths) > 40
    for finding, ask in paths:
        for port in (*ask.tcp, *ask.udp):
            assert port in finding.fix, (finding.code, port)
        assert any((to.address or to.host) in ask.words for to in ask.to) or "more hosts" in ask.words
        assert ask.words in finding.fix


def test_what_is_asked_only_after_something_else_is_clear_says_so() -> None:
    conditions = {ask.provided for f in FOUND for ask in f.asks if f.code == "host-unreachable" and ask.is_path}
    assert conditions
    assert all(re.search(r"\b(up|meant|reached|routes|lets)\b", words) for words in conditions), conditions
    plain = {ask.provided for f in FOUND for ask in f.asks if f.code == "kpasswd-blocked"}
    assert plain == {""}


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (("3268", "464", "3269"), ("464", "3268-3269")),
        (("49152-65535", "49667", "135"), ("135", "49152-65535")),
        (("1", "3"), ("1", "3")),
        ((), ()),
    ],
)
def test_ports_are_joined_and_nothing_is_added(given: tuple[str, ...], wanted: tuple[str, ...]) -> None:
    assert ranges(given) == wanted


def test_a_place_is_asked_for_once_whatever_findings_it_has() -> None:
    for case in cases().values():
        run = report_of(case)
        asked = [ask for ask in consolidated(replace(run, findings=diagnose(run))) if ask.is_path]
        places = [(ask.of, ask.sources, ask.to, ask.provided) for ask in asked]
        assert len(set(places)) == len(places)
        assert all(len(ask.to) == 1 for ask in asked)


def test_whom_the_sentence_names_is_whose_matter_it_is() -> None:
    asked = [(f.code, ask.of) for f in FOUND for ask in f.asks if ask.words.startswith("Ask the firewall team which")]
    assert ("wrong-forest", AskedOf.FIREWALL) in asked
    assert {of for _, of in asked} == {AskedOf.FIREWALL}


def test_what_the_firewall_team_is_not_spoken_to_about_is_not_theirs() -> None:
    others = [(f.code, ask) for f in FOUND for ask in f.asks if not ask.is_path]
    assert {ask.of for _, ask in others if ask.words.startswith("Ask the AD team ")} >= {AskedOf.AD}
    assert not [ask for _, ask in others if ask.words.startswith("Ask the AD team ") and ask.of is AskedOf.FIREWALL]
    assert {ask.of for code, ask in others if code == "ipv6-blocked"} == {AskedOf.AD}
    assert AskedOf.DNS in {ask.of for code, ask in others if code == "dns-blocked"}


@pytest.mark.parametrize(
    ("title", "whose"),
    [
        ("hosts: one port has no route of this machine: nobody is asked for a rule", AskedOf.THIS_MACHINE),
        (
            "hosts: to one of two ports this machine has no route, the other is silent: the firewall is asked",
            AskedOf.FIREWALL,
        ),
        ("hosts: this machine has no route", AskedOf.THIS_MACHINE),
        ("services: this machine itself was asked, and is no controller", AskedOf.THIS_MACHINE),
        (
            "services: a TLS port is asked in plain LDAP: the port is in doubt before any device",
            AskedOf.THIS_MACHINE,
        ),
        (
            "names: the forests file itself names another forest's controller: no record is to blame",
            AskedOf.THIS_MACHINE,
        ),
        ("names: DNS too gives the address that the forests file names: record or setting", AskedOf.DNS),
    ],
)
def test_what_is_this_machines_is_asked_of_it(title: str, whose: AskedOf) -> None:
    (told,) = diagnose(report_of(cases()[title]))
    assert {ask.of for ask in told.asks} == {whose}
