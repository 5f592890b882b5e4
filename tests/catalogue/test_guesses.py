"""What nobody has catalogued is guessed by its words, told as a guess, and never with a verdict."""

import re
import tomllib
from pathlib import Path

import pytest

from portcheck.catalogue.books import table
from portcheck.catalogue.errors import errors, families
from portcheck.catalogue.lookup import find
from portcheck.catalogue.needles import needles
from portcheck.catalogue.numbers import _contexts
from portcheck.catalogue.phrases import plain
from portcheck.render.explain.entry import as_dicts, lines

GUESSES = [
    ("[Root cause: Networking_Error] failed to communicate with KDC. Attempts made with UDP", "krb5-kdc-unreach"),
    ("The Kerberos client could not find a KDC for domain CORP", "krb5-realm-unknown"),
    ("[CRITICAL] CORP: NlDiscoverDc: Cannot find DC.", "dotnet-no-dc"),
    ("597: LDAP SERVER UNAVAILABLE", "ldap-81"),
    ("ipa: ERROR: cannot connect to 'any of the configured servers'", "connect-failed"),
    ("pam_krb5(sshd:auth): authentication failure; logname=jo uid=0", "credentials-refused"),
    ("rpc.gssd: ERROR: No credentials found for connection to server nfs1", "krb5-fcc-nofile"),
    ("vault agent: the machine's time is out of sync with the realm", "clock-differs"),
    ("sync agent was not able to read the share of the policies", "smb-unreach"),
]


@pytest.mark.parametrize(("text", "kind"), GUESSES, ids=[kind for _, kind in GUESSES])
def test_a_failure_in_words_of_its_own_is_of_a_kind(text: str, kind: str) -> None:
    (match,) = find(text)
    assert (match.error.name, match.guessed) == (kind, True)
    (told,) = as_dicts([match])
    assert [told[verdict] for verdict in ("proves", "proves_one_of", "is_not")] == [[], [], ""]
    assert "which is a guess" in " ".join("\n".join(lines([match])).split())


def test_what_is_catalogued_is_no_guess() -> None:
    assert not [m for m in find("kinit: Cannot contact any KDC for realm 'X' while getting credentials") if m.guessed]


@pytest.mark.parametrize("text", ["nothing to connect, all is done", "no logon", "kerberos-no-logon-servr"])
def test_what_tells_of_no_failure_is_not_guessed_at(text: str) -> None:
    assert not [match for match in find(text) if match.guessed]


def test_every_pattern_leads_to_an_error() -> None:
    assert {row["error"] for row in (*table()["pattern"], *table()["subject"])} <= set(errors())


ABOUT = [
    ("The processing of Group Policy failed. Windows could not apply the settings of this object.", "gpo-failed"),
    ("dsconfigad: The plugin encountered an error processing request. (10001)", "mac-directory"),
    ("CIFS: VFS: bad security blob length 138", "smb-failed"),
    ("kerberos: __init__() got an unexpected keyword argument 'hostname_override'", "program-fault"),
    ("{ [LDAPError: Timeout] name: 'LDAPError', message: 'Timeout' }", "ldap-failed"),
    ("WSMan provider: the shell is not of a supported kind", "remoting-failed"),
]


@pytest.mark.parametrize(("text", "subject"), ABOUT, ids=[subject for _, subject in ABOUT])
def test_a_failure_of_no_kind_is_told_by_what_it_is_about(text: str, subject: str) -> None:
    (match,) = find(text)
    assert (match.error.name, match.guessed, match.verdict) == (subject, True, False)


@pytest.mark.parametrize(
    "text",
    [
        "ldap sync: 0 errors, 12 users",
        "kerberos tickets renewed, failed=0",
        '"GET /ldap/error.html HTTP/1.1" 200 12',
        "winbind restarts on-failure of its unit",
        "domain controller dc1: error: none",
    ],
)
def test_a_failure_that_did_not_happen_is_not_told(text: str) -> None:
    assert find(text) == []


def test_letters_that_a_pattern_cannot_do_without_hide_no_guess() -> None:
    """Strings of public threads, with and without them."""
    books = (Path(__file__).with_name("strings") / name for name in ("threads.toml", "threads-more.toml"))
    texts = [row[0] for book in books for row in tomllib.loads(book.read_text(encoding="utf-8"))["strings"]]
    every = [*table()["pattern"], *table()["subject"]]
    assert sum(bool(row["needles"]) for row in every) > len(every) * 3 / 4
    for row in every:
        pattern = re.compile(row["says"])
        for text in texts:
            found = pattern.search(text.casefold())
            assert not found or not row["needles"] or any(n in text.casefold() for n in row["needles"]), row


def test_letters_that_a_context_cannot_do_without_hide_no_number() -> None:
    """Whatever family has a number of a public thread by its context also has the letters that it needs."""
    books = sorted((Path(__file__).with_name("strings")).glob("*.toml"))
    texts = [plain(row[0]) for book in books for row in tomllib.loads(book.read_text(encoding="utf-8"))["strings"]]
    owners = 0
    for family in families().values():
        for number, needed in zip(_contexts(family), family.needles, strict=True):
            with_number = [text.casefold() for text in texts if number.search(text)]
            owners += bool(with_number)
            assert all(not needed or any(letters in text for letters in needed) for text in with_number), number.pattern
    assert owners > 10


@pytest.mark.parametrize(
    ("pattern", "needed"),
    [
        (r"\bldap\w*", ["ldap"]),
        (r"(?:cannot|unable).{0,9}share", ["cannot", "unable"]),
        (r"a|bcd", []),
        (r"(?:winrm|wsman)\b.{0,9}(?:fail\w*|error)?", ["inrm", "sman"]),
        (r"x?[a-z]+", []),
    ],
)
def test_the_letters_that_a_pattern_needs(pattern: str, needed: list[str]) -> None:
    assert needles(pattern) == needed
