"""What people really paste: every collected string leads to its entry, and none is told that the network is fine.

strings/*.toml hold them with their sources. Debug lines that say nothing of an error must not be taken for one.
"""

import ipaddress
import os
import random
import subprocess
import sys
import tomllib
import uuid
from pathlib import Path

import pytest

from portcheck.catalogue.conditions import Condition
from portcheck.catalogue.errors import errors
from portcheck.catalogue.lookup import Match, find
from portcheck.catalogue.phrases import canonical

BOOKS = sorted(Path(__file__).with_name("strings").glob("*.toml"))
STRINGS = [tuple(row) for book in BOOKS for row in tomllib.loads(book.read_text(encoding="utf-8"))["strings"]]
ANY, UNASKED = "+", "-"
OF_THE_WAY = {Condition.BLOCKED, Condition.MUTE, Condition.RESET, Condition.UNREACHABLE}


def first_services(match: Match) -> set[str]:
    lead = match.error.causes[0].services if match.error.causes else ()
    return {name.partition("/")[0] for name in lead}


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_each_string_leads_to_its_entry_and_its_first_cause_s_service(book: Path) -> None:
    wrong = []
    for text, entry, service, _ in tomllib.loads(book.read_text(encoding="utf-8"))["strings"]:
        found = find(text)
        named = bool(found) if entry == ANY else entry in [match.error.name for match in found]
        services = first_services(found[0]) if found else set()
        if not named or (service != UNASKED and (service not in services if service else services)):
            wrong.append((text, entry, service, [match.error.name for match in found[:3]], services))
    assert wrong == []


def test_no_string_that_a_block_can_cause_is_told_the_contrary() -> None:
    contrary = []
    for text, _, service, _ in STRINGS:
        if service in ("", UNASKED):
            continue
        (first, *_) = find(text)
        if first.error.causes[0].condition not in OF_THE_WAY:
            continue
        proven = {name.partition("/")[0] for name in first.error.proves} if first.sole else set()
        if service in proven or first.error.is_not.startswith(("not the network", "not a blocked port")):
            contrary.append((text, first.error.name, first.error.is_not))
    assert contrary == []


def test_there_are_enough_strings_with_their_sources_and_few_that_the_catalogue_has_word_for_word() -> None:
    assert len(STRINGS) >= 600
    assert all(text and source for text, _, _, source in STRINGS)
    assert len({text for text, *_ in STRINGS}) == len(STRINGS)
    spelled = {canonical(s) for error in errors().values() for s in error.spellings}
    assert sum(canonical(text) in spelled for text, *_ in STRINGS) < len(STRINGS) / 20


QUIET = Path(__file__).with_name("quiet-lines.txt").read_text(encoding="utf-8").splitlines()
"""Shapes of lines when all is well: sssd, samba, slapd, Java, IIS, proxies, Kubernetes, systemd, syslog."""
NAMES = ("sdap_get_rootdse", "winbindd_getpwnam", "be_ptask", "auth_check", "pool", "sync_job", "ad_ping", "cache_req")


def quiet_line(choose: random.Random) -> str:
    return choose.choice(QUIET).format(
        date=f"20{choose.randint(20, 29)}-{choose.randint(1, 12):02d}-{choose.randint(1, 28):02d}",
        time=f"{choose.randint(0, 23):02d}:{choose.randint(0, 59):02d}:{choose.randint(0, 59):02d}",
        host=f"dc{choose.randint(1, 99)}.site{choose.randint(1, 999)}.alpha{choose.randint(1, 81)}.test",
        name=choose.choice(NAMES),
        level=choose.choice((0x10, 0x20, 0x40, 0x80, 0x100, 0x200, 0x400, 0x1000, 0x2000, 0x4000)),
        n=choose.choice((choose.randint(1, 99), choose.randint(100, 1999), choose.randint(2000, 65535))),
        m=choose.choice((5, 37, 49, 53, 81, 111, 1311, 1326, 1355, 1722, 1753, 5719, 8453, 10060)),
        d=choose.randint(0, 60),
        port=choose.choice((53, 80, 88, 135, 389, 443, 445, 464, 636, 3268, 8080)),
        hash=choose.randbytes(20).hex(),
        uuid=uuid.UUID(bytes=choose.randbytes(16)),
        sid=f"S-1-5-21-{choose.getrandbits(32)}-{choose.getrandbits(31)}-{choose.randint(500, 9999)}",
        v6=ipaddress.IPv6Address(choose.randbytes(16)),
        mac=choose.randbytes(6).hex(choose.choice(":-")),
        span=f"PT{choose.randint(0, 23)}H{choose.randint(0, 59)}M{choose.random() * 60:.3f}S",
        wide=choose.getrandbits(64),
    )


def test_ten_thousand_lines_that_say_nothing_of_an_error_name_no_family() -> None:
    choose = random.Random(15)
    taken = {}
    for _ in range(10_000):
        line = quiet_line(choose)
        if found := find(line):
            taken[line] = [(match.error.name, match.matched) for match in found]
    assert dict(list(taken.items())[:5]) == {}


AUDIT = [  # text, what it is, what it was once taken for
    ("ldap_bind: Can't contact LDAP server (-1)", "ldap-81", "ldap-1"),
    ("ldap_sasl_interactive_bind_s: Local error (-2)", "ldap-82", "kpasswd-2"),
    ("ldap_sasl_interactive_bind_s: Unknown authentication method (-6)", "ldap-86", "kpasswd-6"),
    ("ldap_bind failed on dc1.contoso.com: 81: Server Down", "ldap-81", "ldap-1"),
    ("The LDAP server is unavailable.", "ldap-81", "ldap-52"),
    ("error: 40 - Could not open a connection to SQL Server", "sql-40", "krb-40"),
    ("mount error(13): Permission denied", "mount-cifs-access", "ldap-13"),
    ("mount error(2): No such file or directory", "mount-cifs-noent", "kpasswd-2"),
    ("Cannot find key of appropriate type to decrypt AP REP - RC4 with HMAC", "krb5-kt-notfound", "kpasswd-4"),
    ("[LDAP: error code 4 - Sizelimit Exceeded]", "ldap-4", "kpasswd-4"),
    ("[LDAP: error code 11 - Administrative limit exceeded]", "ldap-11", "krb-11"),
    ("[LDAP: error code 12 - Unavailable critical extension]", "ldap-12", "krb-12"),
    ("[LDAP: error code 68 - Entry already exists]", "ldap-68", "krb-68"),
    ("[LDAP: error code 53 - 0000001F: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM)", "ldap-53", "krb-31"),
    ("Ticket Options: 0x40810010 Result Code: 0x6 Ticket Encryption Type: 0x12", "krb-6", "kpasswd-6"),
    ("00000005: SecErr: DSID-03152D2C, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0", "ldap-50", "kpasswd-5"),
    ("Kerberos event 14", "event-kdc-14", "krb-14"),
    ("HTTP Error 401.1 - Unauthorized", "http-401", "win32-5"),
    ("kinit: Mutual authentication failed while getting credentials", "krb5-mutual-failed", "win32-1397"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "entry", "wrong"), AUDIT, ids=[text[:40] for text, *_ in AUDIT])
def test_a_number_counts_only_for_the_family_that_is_named_around_it(text: str, entry: str, wrong: str) -> None:
    names = [match.error.name for match in find(text)]
    assert names[0] == entry
    assert wrong not in names


@pytest.mark.parametrize("text", ["Error 5", "status: 0x5", "Error 2", "53", "0x6"])
def test_a_number_that_no_word_assigns_gets_no_verdict(text: str) -> None:
    assert not [match.error.name for match in find(text) if match.sole]


SPELLED_TWICE = "Error: NERR_DCNotFound [code 0x00000995] Could not find the domain controller for this domain"


def test_the_same_text_has_the_same_answer_in_every_process() -> None:
    ask = f"from portcheck.catalogue.lookup import find; print([m.error.name for m in find({SPELLED_TWICE!r})])"
    told = {
        subprocess.run(
            [sys.executable, "-c", ask],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "3", "5")
    }
    assert len(told) == 1


IN_OTHER_LANGUAGES = [
    ("Der RPC-Server ist nicht verfügbar.", "win32-1722"),
    ("Le serveur RPC n’est pas disponible.", "win32-1722"),
    ("Die angegebene Domäne ist nicht vorhanden, oder es konnte keine Verbindung hergestellt werden.", "win32-1355"),
    ("Le domaine spécifié n’existe pas ou n’a pas pu être contacté.", "win32-1355"),
    ("Systemfehler 53 aufgetreten.\r\n\r\nDer Netzwerkpfad wurde nicht gefunden.\r\n", "win32-53"),
    ("Die Vertrauensstellung zwischen dieser Arbeitsstation und der primären Domäne konnte nicht", "win32-1789"),
    ("System.DirectoryServices: Der Server ist nicht funktionstüchtig.", "win32-8250"),
    ("Es stehen momentan keine Anmeldeserver zur Verfügung, um die Anmeldeanforderung zu verarbeiten.", "win32-1311"),
    ("Ein Verbindungsversuch ist fehlgeschlagen, da die Gegenstelle nicht richtig reagiert hat 10.0.0.1:389",
     "winsock-10060"),
    ("Der Benutzername oder das Kennwort ist falsch.", "win32-1326"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "entry"), IN_OTHER_LANGUAGES, ids=[entry for _, entry in IN_OTHER_LANGUAGES])
def test_windows_is_understood_in_german_and_french(text: str, entry: str) -> None:
    assert find(text)[0].error.name == entry


@pytest.mark.parametrize(
    "text", ["Der Server wurde neu gestartet.", "Le serveur RPC est disponible.", "Die Domäne ist vorhanden."]
)
def test_what_is_well_in_another_language_is_no_error(text: str) -> None:
    assert find(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Test of the LDAP connection: The server is unavailable.",
        "LDAP over TLS: SSL protocol error",
        "LDAP search: time limit exceeded while connecting to dc1:389",
        "LDAP: An unknown error occurred",
        "ldap sync: The object does not exist",
    ],
)
def test_words_that_any_program_says_prove_no_answer_of_a_directory(text: str) -> None:
    assert not [match for match in find(text) if match.verdict and (match.error.proves or match.error.is_not)]


def test_a_labelled_number_that_no_code_has_is_the_one_event_of_that_number() -> None:
    assert [match.error.name for match in find("we keep getting error 31044 since Monday")] == ["event-pwreset-31044"]
    assert find("we keep getting error 41044 since Monday") == []


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("TLS: can't connect: (unknown error code).", "tls-ldap-client"),
        ("TLS: can't connect: Error in the push function..", "tls-cut"),
    ],
)
def test_openldap_s_words_for_a_failed_handshake_are_not_taken_for_starttls_alone(text: str, entry: str) -> None:
    found = find(text)
    assert found[0].error.name == entry
    assert not any(match.error.is_not.startswith("not a silent 389") for match in found if match.verdict)
