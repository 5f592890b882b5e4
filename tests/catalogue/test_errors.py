"""The error catalogue: sourced, spelled, ranked, and free of strings that nobody has vouched for."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from portcheck.catalogue import codes
from portcheck.catalogue.books import FOLDER, SOURCES, bound, table
from portcheck.catalogue.conditions import SIGNS, Condition
from portcheck.catalogue.endpoints import endpoints
from portcheck.catalogue.errors import BETWEEN, CataloguedError, code_of, errors, families, number_forms
from portcheck.catalogue.profiles import built_in
from portcheck.catalogue.services import known
from portcheck.catalogue.sources import Sure, sources
from portcheck.model.target import TARGETS

OF_A_FAMILY = pytest.mark.parametrize("family", families())


def of(family: str) -> list[CataloguedError]:
    return [error for error in errors().values() if error.family.name == family]


UNVOUCHED = {
    "stopped-dll-exception",
    "stopped-credentials",
    "stopped-connectivity-failure",
    "cd-connectivity-error",
    "password-set-failed",
}

ONLY_RECALLED = {"stopped-deadlocked", "stopped-out-of-memory", "stopped-error-limit", "no-start-server"}


@OF_A_FAMILY
def test_an_error_says_what_it_means_and_who_says_so(family: str) -> None:
    for error in of(family):
        assert error.meaning.endswith((".", ")")), error.name
        assert error.where, error.name
        assert error.source in sources(), error.name
        assert error.spellings or family == "by-words", error.name
        assert (error.source == "COMMON") == (error.sure is Sure.COMMON), error.name


@OF_A_FAMILY
def test_a_cause_names_known_services_and_its_own_source(family: str) -> None:
    for error, cause in [(e, cause) for e in of(family) for cause in e.causes]:
        assert cause.says, error.name
        assert cause.source in sources(), error.name
        assert cause.target in (*TARGETS, BETWEEN), error.name
        assert all(known(*name.split("/")) for name in cause.services), error.name
        assert cause.source != "OWN" or cause.sure is Sure.REASONED, error.name
        assert (cause.source == "COMMON") == (cause.sure is Sure.COMMON), error.name


@OF_A_FAMILY
def test_what_an_error_proves_to_work_is_not_blamed(family: str) -> None:
    for error in of(family):
        assert all(known(*name.split("/")) for name in error.proves), error.name
        blocked = {name for cause in error.causes if cause.condition is Condition.BLOCKED for name in cause.services}
        assert not blocked & set(error.proves), error.name


def test_a_number_in_a_name_belongs_to_its_family() -> None:
    for error in errors().values():
        written = code_of(error.name) if error.name.startswith(f"{error.family.name}-") else None
        if error.family.numbers and written is not None:
            assert written in error.codes, error.name
        assert bool(error.codes) == bool(error.forms), error.name


def test_a_symbol_beside_a_number_is_the_vendor_s_own_for_it() -> None:
    for family, name in (("win32", "win32"), ("winsock", "win32"), ("ntstatus", "ntstatus"), ("sspi", "hresult")):
        vendor = {(row.code, row.symbol) for row in codes.rows(name)}
        coded = {code for code, _ in vendor}
        for error in of(family):
            symbols = {text for text in error.texts if re.fullmatch(r"[A-Za-z0-9]+(?:_[A-Za-z0-9]+)+", text)}
            if symbols and error.codes[0] in coded:
                assert {(error.codes[0], symbol) for symbol in symbols} & vendor, error.name


def test_no_name_and_no_cause_is_given_by_two_books() -> None:
    books = [tomllib.loads(book.read_text(encoding="utf-8")) for book in Path(str(FOLDER)).glob("*.toml")]
    for kind in ("family", "cause"):
        names = [name for book in books for name in book.get(kind, {})]
        assert sorted(names) == sorted(set(names))
    names = [row["name"] for book in books for row in book.get("error", ())]
    assert sorted(names) == sorted(set(names))
    shared = {cause for book in books for rows in (book.get("error", ()), book.get("kind", ())) for row in rows
              for cause in row.get("causes", ()) if isinstance(cause, str)}  # fmt: skip
    assert shared == set(table()["cause"])


def test_the_copy_that_packaging_makes_is_what_the_books_say() -> None:
    books = [*sorted(Path(str(FOLDER)).glob("*.toml")), SOURCES]
    read = bound(tomllib.loads(book.read_text(encoding="utf-8")) for book in books)
    assert {**json.loads(json.dumps(read)), "stamp": table()["stamp"]} == json.loads(json.dumps(table()))


def test_no_string_that_nobody_has_vouched_for() -> None:
    written = {spelled.casefold() for error in errors().values() for spelled in (error.name, *error.spellings)}
    assert not written & (UNVOUCHED | ONLY_RECALLED)


def test_only_the_vendor_s_own_doubles_are_written_twice_in_one_family() -> None:
    doubled: set[str] = set()
    for family in families():
        mine = [text for error in errors().values() if error.family.name == family for text in error.texts]
        doubled |= {text for text in mine if mine.count(text) > 1}
    assert doubled == {
        "The network location cannot be reached",
        "Could not find the domain controller for this domain",
        "DNS name does not exist",
    }


def test_what_proves_something_can_be_said_by_that_service_alone() -> None:
    """Servers that are given a ticket answer with Kerberos errors too (RFC 4120, 3.2.3): those prove no KDC."""
    of_servers = {f"krb-{code}" for code in (31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 44, 45, 46, 60)}
    assert not [name for name in of_servers if name in errors() and errors()[name].proves]
    by_two_ways = ["win32-1325", "new-password-violate-policy", "password-policy-violation"]  # kpasswd, LDAP, SAM
    assert not [name for name in by_two_ways if errors()[name].proves]
    clients = [error for error in errors().values() if any(code < 0 for code in error.codes)]
    assert len(clients) > 10
    assert not [error.name for error in clients if error.proves]


OF_THE_WAY = {
    Condition.BLOCKED, Condition.MUTE, Condition.RESET, Condition.UNREACHABLE, Condition.REFUSED, Condition.UNRESOLVED,
    Condition.SRV_MISSING, Condition.PROXY, Condition.MTU, Condition.PACKET_LOSS, Condition.IDLE, Condition.PARTIAL,
}  # fmt: skip
ACQUITS = re.compile(
    r"(?:not (?:the network|a blocked port|a port)|no error)(?! by itself| of | to | between | for | yet)"
)


def test_none_that_a_fault_of_the_way_can_cause_acquits_the_way() -> None:
    """`not the network` beside a cause that is the network would send the reader home."""
    contrary = [
        (error.name, error.is_not, cause.says)
        for error in errors().values()
        for cause in error.causes
        if ACQUITS.match(error.is_not) and cause.condition in OF_THE_WAY
    ]
    assert contrary == []


def test_every_family_and_every_source_is_used() -> None:
    named = {cause.source for error in errors().values() for cause in error.causes}
    named |= {error.source for error in errors().values()}
    named |= {row.source for profile in built_in().values() for row in profile.rows}
    named |= {codes.told(codes.rows(name)[-1]).source for name in codes.TABLES}
    named |= {one.source for endpoint in endpoints() for told in endpoint.elsewhere.values() for one in told}
    assert {e.family.name for e in errors().values()} == set(families())
    assert set(sources()) - named == set()


def test_every_condition_says_how_it_shows_or_where_to_look() -> None:
    assert set(SIGNS) == set(Condition)
    assert all(sign.visible or sign.look for sign in SIGNS.values())
    used = {cause.condition for error in errors().values() for cause in error.causes}
    assert set(Condition) - used == set()


def test_a_twin_takes_over_causes_and_what_it_is_not() -> None:
    assert errors()["ntstatus-0xc0020017"].causes == errors()["win32-1722"].causes
    assert errors()["ntstatus-0xc0000413"].is_not == errors()["win32-1935"].is_not


def test_documents_that_disagree_are_both_told() -> None:
    error = errors()["win32-1753"]
    assert {cause.source for cause in error.causes} >= {"R1753", "JOIN"}
    assert "disagree" in error.note


def test_the_founding_error_leads_to_464_and_says_how_sure_that_is() -> None:
    error = errors()["kerberos-no-logon-server"]
    assert error.causes[0].services == ("kpasswd/tcp", "kpasswd/udp")
    assert error.causes[0].sure is Sure.REASONED
    assert error.causes[1].services == ("ldap-ping/udp",)
    assert "464" in error.note


def test_ldap_49_never_blames_a_port() -> None:
    for error in errors().values():
        if error.name.startswith("ldap-49"):
            assert "ldap/tcp" in error.proves
            assert not [cause for cause in error.causes if cause.condition is Condition.BLOCKED]


@pytest.mark.parametrize(
    ("numbers", "code", "forms"),
    [
        ("win32", 1722, {"1722", "0x6BA", "0x800706BA", "-2147023174"}),
        ("hresult", 0xC000005E, {"0xC000005E", "C000005E", "-1073741730"}),
        ("hresult", 0x80090322, {"0x80090322", "-2146893022"}),
        ("krb", 37, {"37", "0x25", "-1765328347"}),
        ("event", 5719, {"5719", "event 5719", "event ID 5719"}),
        ("plain", 81, {"81", "0x51"}),
    ],
)
def test_a_number_is_written_in_every_way_of_its_kind(numbers: str, code: int, forms: set[str]) -> None:
    assert forms <= set(number_forms(numbers, code))


def test_names_can_be_typed() -> None:
    assert all(re.fullmatch(r"[A-Za-z0-9-]+", name) for name in errors())
