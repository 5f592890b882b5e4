"""Explaining: everything the catalogue knows of an error, in 80 columns and as JSON values."""

import json

import pytest

from portcheck.catalogue.conditions import SIGNS
from portcheck.catalogue.errors import errors, families
from portcheck.catalogue.lookup import find
from portcheck.render.explain.entry import as_dicts, lines, overview, proof, unknown


@pytest.mark.parametrize("family", families())
def test_an_error_is_told_whole_within_the_width(family: str) -> None:
    for error in [error for error in errors().values() if error.family.name == family]:
        told = lines(find(error.name)[:1], 60)
        text = " ".join(" ".join(told).split())
        assert max(map(len, told)) <= max(60, len(told[0])), error.name
        for words in (error.name, error.meaning, error.is_not, error.note, *(cause.says for cause in error.causes)):
            assert " ".join(words.split()) in text, error.name


def test_the_founding_error_reads_from_likeliest_cause_to_proof() -> None:
    text = "\n".join(lines(find("kerberos-no-logon-server")))
    first, second = text.index("kpasswd (464/tcp, 464/udp): silent"), text.index("ldap-ping (389/udp): silent")
    assert first < text.index("to prove: portcheck check FOREST --only kpasswd") < second
    assert "our reasoning, from: Password change and reset by the AD management agent" in " ".join(text.split())


def test_ldap_49_says_that_the_port_works() -> None:
    text = " ".join("\n".join(lines(find("49"))).split())
    assert "not a blocked port: LDAP 49 proves that a directory answered" in text
    assert "it proves that one of these works, the one that was asked: ldap (389/tcp), ldaps (636/tcp)" in text


def test_where_several_fit_there_is_no_verdict_and_it_says_what_decides() -> None:
    text = " ".join("\n".join(lines(find("53"))).split())
    assert "depends on who wrote it: - " in text
    assert "- ldap-53: LDAP programs and logs - win32-53: Windows programs and logs" in text
    assert "it proves" not in text
    assert "it is " not in text.replace("it is depends", "")
    assert not any(told["proves"] or told["proves_one_of"] or told["is_not"] for told in as_dicts(find("53")))


def test_several_dynamic_services_are_one_range() -> None:
    assert "dynamic RPC ports: silent, rejected or unreachable" in "\n".join(lines(find("1722")))


def test_every_cause_has_a_proof_or_a_place_to_look() -> None:
    for error in errors().values():
        for cause in error.causes:
            told = proof(cause)
            assert told.startswith("portcheck check ") == (SIGNS[cause.condition].visible and cause.target != "between")
            assert told


def test_what_happens_elsewhere_is_not_asked_of_the_domain_controllers() -> None:
    (pcns,) = find("event 6025")
    assert proof(pcns.error.causes[0]) == "portcheck check SYNC-SERVER --only rpc"


def test_matches_become_json_values() -> None:
    (told,) = json.loads(json.dumps(as_dicts(find("0x800706BA"))))
    assert (told["name"], told["matched"], told["exact"]) == ("win32-1722", "0x800706BA", True)
    assert told["causes"][0]["condition"] == "blocked"
    assert told["causes"][0]["source"]["sure"] == "vendor"
    assert told["source"]["key"] == "ERREF"


def test_the_overview_names_every_error_in_80_columns() -> None:
    told = overview()
    assert max(map(len, told)) <= 80
    assert {line.split()[0] for line in told if line.startswith("  ")} == set(errors())


def test_what_is_not_known_is_said_with_what_resembles_it() -> None:
    told = unknown("kerberos\x1b[31m-nope\n", ("kerberos-no-logon-server",))
    assert told[0] == 'No catalogued error in "kerberos\\x1b[31m-nope\\n".'
    assert "Did you mean: kerberos-no-logon-server" in told
    assert len(unknown("nothing", ())) == 2


def test_no_match_gives_no_lines() -> None:
    assert lines([]) == []
    assert as_dicts([]) == []
