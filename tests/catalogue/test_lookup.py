"""Look-up: every spelling leads home, log lines give up their errors, and plain numbers stay plain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portcheck.catalogue.errors import errors, families
from portcheck.catalogue.lookup import find
from portcheck.catalogue.sources import sources
from portcheck.catalogue.suggestions import suggest


def names(text: str) -> list[str]:
    return [match.error.name for match in find(text)]


@pytest.mark.parametrize("family", families())
def test_every_spelling_leads_back_to_its_error(family: str) -> None:
    mine = [error for error in errors().values() if error.family.name == family]
    for error, spelled in [(e, spelled) for e in mine for spelled in (e.name, *e.spellings)]:
        for written in (spelled, spelled.upper(), f"  {spelled.lower()}\n"):
            assert error.name in names(written), written


ONE_ERROR_MANY_FORMS = [
    "1722",
    "0x6ba",
    "6BA",
    "0x800706BA",
    "800706ba",
    "-2147023174",
    "2147944122",
    "win32 1722",
    "error 1722",
    "RPC_S_SERVER_UNAVAILABLE",
    "the rpc server is unavailable",
    "RPC server is unavailable.",
]


@pytest.mark.parametrize("written", ONE_ERROR_MANY_FORMS)
def test_1722_in_every_dress(written: str) -> None:
    assert names(written)[0] == "win32-1722"


SIGN = "The server requires binds to turn on integrity checking if SSL\\TLS are not already active on the connection"

LOG_LINES = [
    ("<export-error><error-type>kerberos-no-logon-server</error-type></export-error>", ["kerberos-no-logon-server"]),
    (
        "80090308: LdapErr: DSID-0C090436, comment: AcceptSecurityContext error, data 52e, v4563",
        ["ldap-49-52e", "sspi-0x80090308"],
    ),
    (f"00002028: LdapErr: DSID-0C090254, comment: {SIGN}, data 0, v4563", ["ldap-8", "win32-8232"]),
    ("System error 53 has occurred. The network path was not found.", ["win32-53"]),
    ("The following error occurred: 1355 (0x54b)", ["win32-1355"]),
    ("<EventID Qualifiers='0'>5719</EventID>", ["event-netlogon-5719"]),
    (
        "Event ID: 5719 Source: NETLOGON There are currently no logon servers available to service the logon request.",
        ["win32-1311", "event-netlogon-5719"],
    ),
    ("kinit: Clock skew too great while getting initial credentials", ["krb-37"]),
    ("kinit: Cannot contact any KDC for realm 'X' while getting initial credentials", ["krb5-kdc-unreach"]),
    ("Ticket Options: 0x40810010 Result Code: 0x6 Ticket Encryption Type: 0x12", ["krb-6"]),
    ("An Error occurred: 4771 pre-authentication failed, Failure Code: 0x18", ["krb-24"]),
    ('"ldap_bind" failed with 81', ["ldap-81"]),
    ("LDAP error 53", ["ldap-53"]),
    ("BAIL: MMS(1234): admaexport.cpp(2944): 0x800706ba", ["win32-1722", "event-adsync-6301"]),
    ("hr=8023062C on the password set", ["hresult-0x8023062c"]),
    ("NtStatus 0xC0000413 while logging on", ["ntstatus-0xc0000413"]),
    ("HRESULT 0xD000005E", ["ntstatus-0xc000005e"]),
    ("failed with error -2146893022", ["sspi-0x80090322"]),
    ("stopped-extension-dll-exception\nafter 3 objects", ["stopped-extension-dll-exception"]),
]


@pytest.mark.parametrize(("line", "expected"), LOG_LINES, ids=[line[:40] for line, _ in LOG_LINES])
def test_a_pasted_line_gives_up_its_errors_most_telling_first(line: str, expected: list[str]) -> None:
    assert names(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        "connected to 10.0.0.1 port 464 after 1722 ms at 12:53:05 on 2024-05-31",
        "busy, success, unavailable, referral, other",
        "HTTP 500 Internal Server Error",
        "1355 objects of 5719 done, 85 %",
        "version 10.0.1722.0, build 5719",
        "error on line 53x",
        "2024-05-31 12:53:05 [49] INFO ldap sync took long",
        "2024-05-31 12:53:05 [53] ldap pool is full of 81 threads",
        "no-start-connections kerberos-no-logon-server-x",
        "error on 2024-05-31, retry 1722, exit code 53, HTTP status 404, error [11]",
        "(2024-05-06 10:00:00): [be[x]] [sdap_get_rootdse] (0x0020): [RID#12] rootDSE of dc1.x.com:389 took 49 ms",
        "",
        "   ",
    ],
)
def test_plain_numbers_and_everyday_words_are_no_errors(line: str) -> None:
    assert names(line) == []


def test_a_bare_number_is_every_error_of_that_number() -> None:
    assert set(names("53")) == {"win32-53", "ldap-53"}
    assert set(names("1311")) == {"win32-1311", "event-ntds-1311"}
    assert not any(match.sole for match in find("53"))


def test_words_around_a_number_choose_its_family() -> None:
    assert names("ldap 53") == ["ldap-53"]
    assert names("Kerberos error 37") == ["krb-37"]
    assert names("the join ended with error code 0x40, says netlogon") == ["win32-64"]


def test_a_match_says_what_matched_and_where() -> None:
    (match,) = find("export said kerberos-time-skew today")
    assert (match.matched, match.start, match.exact) == ("kerberos-time-skew", 12, False)


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("kerberos-no-logon-servr", "kerberos-no-logon-server"),
        ("KRB_AP_ERR_SKW", "KRB_AP_ERR_SKEW"),
        ("no logon", "ERROR_NO_LOGON_SERVERS"),
    ],
)
def test_a_slip_is_answered_with_what_resembles_it(slip: str, meant: str) -> None:
    assert find(slip) == []
    assert meant in suggest(slip)


def test_nothing_resembles_nothing() -> None:
    assert suggest("") == []
    assert suggest("9999999") == []
    assert suggest("x" * 10_000) == []


@given(st.text(max_size=300))
def test_any_text_can_be_pasted(text: str) -> None:
    assert all(match.error.meaning and match.error.source in sources() for match in find(text))
    assert all(isinstance(spelled, str) for spelled in suggest(text))


@given(st.sampled_from(sorted(errors())), st.text(alphabet=" .:;<>()\"'\n\t", max_size=20))
def test_punctuation_around_a_name_does_not_hide_it(name: str, noise: str) -> None:
    found = names(f"said {noise or ' '}{name}{noise} and went on")
    assert name in found or any(c.isdigit() for c in name)  # those are ours alone, and no log has them


@pytest.mark.parametrize("filler", ["error ", "error=(((((", "event id ", "0x5 ", "ldap_", "error 1722 "])
def test_a_huge_paste_is_cut_and_answered(filler: str) -> None:
    assert len(find(filler * 50_000)) <= len(errors())


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("ldap.STRONG_AUTH_REQUIRED", "ldap-8"),
        ("ldap3.core.exceptions.LDAPStrongerAuthRequiredResult", "ldap-8"),
        ("SizeLimitExceededError", "ldap-4"),
        ("Error: NoSuchObjectError: 0000208D: NameErr", "ldap-32"),
        ("ldap busy: BusyError 51", "ldap-51"),
    ],
)
def test_a_result_is_known_by_the_name_that_a_library_gives_it(text: str, entry: str) -> None:
    assert names(text)[0] == entry


@pytest.mark.parametrize("text", ["BusyError: a printer", "print job: SizeLimitExceededError of it", "TimeoutError"])
def test_the_same_name_elsewhere_is_no_result_of_ldap(text: str) -> None:
    assert not [name for name in names(text) if name.startswith("ldap-")]


NETSETUP = """05/06/2024 10:00:00:123 NetpDoDomainJoin
05/06/2024 10:00:00:123 NetpMachineValidToJoin: status: 0x0
05/06/2024 10:00:31:123 NetpJoinDomainOnDs: Function exits with status of: 0x54b"""
PASTES = [  # what screens, mails and macOS make of a text, and the first answer
    ("The RPC server is unavail\u00adable.", "win32-1722"),
    ("\ufeffCan\u2019t contact LDAP\u00a0server (\u22121)", "ldap-81"),
    ("Der RPC-Server ist nicht verfu\u0308gbar.", "win32-1722"),
    ("Der RPC-Server ist nicht verf\u00c3\u00bcgbar.", "win32-1722"),
    ("> > kinit: Cannot contact any KDC for realm 'CORP.EXAMPLE' while getting\r\n> > credentials", "krb5-kdc-unreach"),
    ("Protocols.LdapException: The LDAP server is unavailable.\n  at Main() in a.cs:line 12", "ldap-81"),
    ("From DC2 to DC1\r\n The replication generated an error (1722):\r\n The RPC server is unavailable.", "win32-1722"),
    ("&lt;b&gt;Can&#039;t contact LDAP server&lt;/b&gt;", "ldap-81"),
    ("There are currently no logon servers\r\navailable to service\r\nthe logon request.", "win32-1311"),
    (NETSETUP, "win32-1355"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "first"), PASTES, ids=range(len(PASTES)))
def test_a_paste_of_many_lines_has_one_clear_answer_first(text: str, first: str) -> None:
    found = find(text)
    assert (found[0].error.name, found[0].sole) == (first, True)


def test_milliseconds_of_a_join_s_log_are_no_code() -> None:
    assert "win32-123" not in [match.error.name for match in find(NETSETUP)]
