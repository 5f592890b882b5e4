"""An error's causes held against a run: which hold, which are ruled out and by what, which cannot be told."""

from __future__ import annotations

from typing import Any

import pytest
from diagnose.scenarios import report_of
from factories import check, outcome, report

from portcheck.catalogue.conditions import SIGNS, Condition
from portcheck.catalogue.errors import errors
from portcheck.diagnose import RULES
from portcheck.diagnose.causes import Standing, WeighedCause, weigh
from portcheck.diagnose.witnesses import SHOWN_BY

ANSWERED = {
    "ldap/389/tcp": "ok",
    "ldap-ping/389/udp": "ok",
    "kerberos/88/tcp": {"state": "ok", "facts": {"clock_skew_s": 0.1}},
    "kpasswd/464/tcp": "ok",
    "kpasswd/464/udp": "ok",
}
NO_LOGON_SERVER = "kerberos-no-logon-server"


def weighed(name: str, case: dict[str, Any]) -> dict[tuple[Condition, str], WeighedCause]:
    found = weigh(errors()[name], report_of(case))
    return {(cause.cause.condition, " ".join(cause.cause.services)): cause for cause in found}


def test_the_blocked_service_holds_with_its_evidence() -> None:
    found = weighed(NO_LOGON_SERVER, {"given": ANSWERED | {"kpasswd/464/tcp": "filtered"}})
    cause = found[Condition.BLOCKED, "kpasswd/tcp kpasswd/udp"]
    assert cause.standing is Standing.HOLDS
    assert cause.because == "464/tcp to dc1.alpha.test: silent after 3 tries"
    assert cause.forests == ("alpha.test",)


def test_what_answers_rules_its_cause_out() -> None:
    found = weighed(NO_LOGON_SERVER, {"given": ANSWERED})
    for services in ("kpasswd/tcp kpasswd/udp", "ldap-ping/udp", "kerberos/tcp"):
        assert found[Condition.BLOCKED, services].standing is Standing.RULED_OUT
    assert found[Condition.BLOCKED, "kerberos/tcp"].because == "88/tcp answered on dc1.alpha.test"


def test_what_was_not_asked_cannot_be_told() -> None:
    found = weighed(NO_LOGON_SERVER, {"given": {"kpasswd/464/tcp": "ok"}})
    assert found[Condition.BLOCKED, "kpasswd/tcp kpasswd/udp"].standing is Standing.UNTOLD
    assert found[Condition.BLOCKED, "ldap-ping/udp"].because == "ldap-ping/udp not asked in this run"


def test_silence_where_nothing_is_expected_neither_proves_nor_disproves() -> None:
    silent = {"state": "filtered", "verdict": "skip"}
    found = weighed(NO_LOGON_SERVER, {"given": ANSWERED | {"dns/53/udp": silent, "dns/53/tcp": silent}})
    assert found[Condition.BLOCKED, "dns/udp dns/tcp"].standing is Standing.UNTOLD


def test_a_condition_that_no_packet_shows_cannot_be_told() -> None:
    found = weighed(NO_LOGON_SERVER, {"given": ANSWERED})
    assert found[Condition.NAME, ""].standing is Standing.UNTOLD


@pytest.mark.parametrize(
    ("skew", "standing"), [(1200, Standing.HOLDS), (0.2, Standing.RULED_OUT), (None, Standing.UNTOLD)]
)
def test_a_clock_holds_is_ruled_out_or_was_not_read(skew: float | None, standing: Standing) -> None:
    facts = {} if skew is None else {"clock_skew_s": skew}
    found = weighed("kerberos-time-skew", {"given": {"kerberos/88/tcp": {"state": "ok", "facts": facts}}})
    assert next(c.standing for (condition, _), c in found.items() if condition is Condition.SKEW) is standing


@pytest.mark.parametrize(
    ("status", "standing"),
    [("ok", Standing.RULED_OUT), ("nxdomain", Standing.HOLDS), ("timeout", Standing.UNTOLD)],
)
def test_records_are_judged_by_what_dns_said(status: str, standing: Standing) -> None:
    answers = ["0 100 464 dc1.alpha.test"] if status == "ok" else []
    lookup = {"name": "_kpasswd._tcp.alpha.test", "record": "SRV", "status": status, "answers": answers}
    found = weighed(NO_LOGON_SERVER, {"given": ANSWERED, "lookups": [lookup]})
    assert found[Condition.SRV_MISSING, ""].standing is standing


def test_one_forest_in_which_it_holds_is_enough() -> None:
    case = {"given": ANSWERED, "forests": {"bravo.test": {"given": ANSWERED | {"kpasswd/464/udp": "filtered"}}}}
    assert weighed(NO_LOGON_SERVER, case)[Condition.BLOCKED, "kpasswd/tcp kpasswd/udp"].forests == ("bravo.test",)


@pytest.mark.parametrize("name", errors())
def test_every_catalogued_cause_can_be_weighed_and_is_never_mute(name: str) -> None:
    for case in ({"given": ANSWERED}, {"given": dict.fromkeys(ANSWERED, "filtered")}, {}):
        for cause in weigh(errors()[name], report_of(case)):
            assert cause.because
            assert (cause.standing is Standing.HOLDS) is bool(cause.forests)


def test_each_code_that_a_condition_waits_for_has_a_rule_or_needs_an_account() -> None:
    account = {
        "credentials-rejected",
        "account-state",
        "signing-required",
        "channel-binding-required",
        "rights-missing",
    }
    waited = {code for sign in SIGNS.values() for code in sign.codes}
    assert waited - account <= {rule.code for rule in RULES}


def test_only_visible_conditions_have_a_witness() -> None:
    assert all(SIGNS[condition].visible for condition in SHOWN_BY)


def test_an_account_that_signed_in_is_not_the_cause_and_one_that_was_refused_is() -> None:
    good = {"state": "ok", "facts": {"signed_in": True, "replicating_changes": True}}
    locked = {
        "state": "ok",
        "verdict": "fail",
        "facts": {"signed_in": False, "bind_refused": "account-state", "ad_error": "775"},
    }
    assert weighed("failed-authentication", {"given": ANSWERED})[Condition.ACCOUNT, ""].standing is Standing.UNTOLD
    found = weighed("failed-authentication", {"given": ANSWERED | {"sign-in/636/tcp": good}})
    assert found[Condition.ACCOUNT, ""].standing is Standing.RULED_OUT
    assert found[Condition.ACCOUNT, ""].because == "signed in to dc1.alpha.test"
    found = weighed("failed-authentication", {"given": ANSWERED | {"sign-in/636/tcp": locked}})
    assert found[Condition.ACCOUNT, ""].standing is Standing.HOLDS


@pytest.mark.parametrize(
    ("changes", "all_changes", "standing"),
    [(True, True, Standing.RULED_OUT), (True, False, Standing.UNTOLD), (False, False, Standing.UNTOLD)],
)
def test_only_both_rights_to_replicate_rule_their_lack_out(
    changes: bool, all_changes: bool, standing: Standing
) -> None:
    told = {"signed_in": True, "replicating_changes": changes, "replicating_changes_all": all_changes}
    case = {"given": ANSWERED | {"sign-in/636/tcp": {"state": "ok", "facts": told}}, "profiles": ["member"]}
    assert weighed("win32-8453", case)[Condition.REPLICATING_CHANGES, ""].standing is standing
    assert weighed("kpasswd-5", case)[Condition.RIGHTS, ""].standing is Standing.UNTOLD  # another right


def test_sending_every_question_says_nothing_about_the_clock_of_this_machine() -> None:
    cause = weighed("krb-37", {"given": ANSWERED})[Condition.MACHINE, ""]
    assert cause.standing is Standing.UNTOLD
    assert "look at this machine" in cause.because


def test_a_forest_of_which_nothing_answers_is_not_half_reachable() -> None:
    dead = {"given": dict.fromkeys(ANSWERED, "filtered")}
    found = weighed(NO_LOGON_SERVER, dead)
    assert found[Condition.PARTIAL, ""].standing is Standing.UNTOLD
    assert weighed("no-start-connection", dead)[Condition.UNREACHABLE, ""].standing is Standing.HOLDS
    half = {**dead, "hosts": {"dc2.alpha.test": {"given": ANSWERED}}}
    assert weighed(NO_LOGON_SERVER, half)[Condition.PARTIAL, ""].standing is Standing.HOLDS


def test_the_address_that_a_file_gives_says_nothing_about_dns() -> None:
    assert weighed("win32-1722", {"given": ANSWERED, "source": "explicit"})[Condition.UNRESOLVED, ""].standing is (
        Standing.UNTOLD
    )
    assert weighed("win32-1722", {"given": ANSWERED})[Condition.UNRESOLVED, ""].standing is Standing.RULED_OUT


def test_the_controllers_that_did_not_tell_their_clock_keep_the_cause_open() -> None:
    quiet = {"dc2.alpha.test": {"given": {"kerberos/88/tcp": "filtered", "ldap/389/tcp": "filtered"}}}
    found = weighed("kerberos-time-skew", {"given": ANSWERED, "hosts": quiet})
    assert found[Condition.SKEW, ""].standing is Standing.UNTOLD


CLOUD = {"cloud": {"facts": {"kind": "cloud"}, "hosts": {"graph.microsoft.com": {"given": {"https/443/tcp": "ok"}}}}}


def test_the_part_about_the_cloud_has_no_clock_to_read() -> None:
    found = weighed("kerberos-time-skew", {"given": ANSWERED, "forests": CLOUD})
    assert found[Condition.SKEW, ""].standing is Standing.RULED_OUT


def test_certificates_of_controllers_say_nothing_about_those_of_the_cloud() -> None:
    facts = {"certificate_key_sha256": "ab", "certificate_not_after": "2030-01-01T00:00:00Z"}
    case = {"given": ANSWERED | {"ldaps/636/tcp": {"state": "ok", "facts": facts}}, "forests": CLOUD}
    assert weighed("event-pwreset-31034", case)[Condition.INSPECTION, "https/tcp"].standing is Standing.UNTOLD


@pytest.mark.parametrize(
    ("name", "held", "standing"),
    [
        ("dropped-connection", 60, Standing.UNTOLD),
        ("dropped-connection", 960, Standing.RULED_OUT),
        ("win32-64", 960, Standing.UNTOLD),  # its session is one of SMB, and only LDAP was held
    ],
)
def test_a_short_quiet_or_another_service_rules_no_idle_limit_out(name: str, held: int, standing: Standing) -> None:
    told = {"state": "ok", "facts": {"idle_held_s": held}}
    found = weighed(name, {"given": ANSWERED | {"ldap/389/tcp": told, "ldaps/636/tcp": told}})
    assert next(c.standing for (condition, _), c in found.items() if condition is Condition.IDLE) is standing


def test_records_of_one_forest_say_nothing_about_another() -> None:
    asked = [{"name": "_kpasswd._tcp.alpha.test", "record": "SRV", "answers": ["0 100 464 dc1.alpha.test"]}]
    case = {"given": ANSWERED, "lookups": asked, "forests": {"bravo.test": {"given": ANSWERED}}}
    assert weighed(NO_LOGON_SERVER, case)[Condition.SRV_MISSING, ""].standing is Standing.UNTOLD


def test_a_cause_that_holds_on_one_controller_names_another_that_answers() -> None:
    case = {
        "given": ANSWERED,
        "hosts": {"dc2.alpha.test": {"given": ANSWERED | {"kpasswd/464/tcp": "filtered"}}},
    }
    cause = weighed(NO_LOGON_SERVER, case)[Condition.BLOCKED, "kpasswd/tcp kpasswd/udp"]
    assert cause.because == (
        "464/tcp to dc2.alpha.test: silent after 3 tries; 464/tcp of dc1.alpha.test answered in 3 ms"
    )


def test_that_this_machine_could_ask_is_what_rules_it_out() -> None:
    found = weighed("win32-1355", {"given": ANSWERED | {"ldap-ping/389/udp": "filtered"}})
    cause = next(one for (condition, _), one in found.items() if condition is Condition.LOCAL)
    assert cause.standing is Standing.RULED_OUT
    assert "silent" not in cause.because


@pytest.mark.parametrize("state", ["refused", "mute", "reset", "mismatch"])
def test_whatever_keeps_a_service_from_being_used_is_a_cause_and_no_disproof(state: str) -> None:
    found = weighed("win32-64", {"given": ANSWERED | {"kerberos/88/tcp": state, "smb/445/tcp": "ok"}})
    assert found[Condition.BLOCKED, "kerberos/tcp"].standing is Standing.HOLDS
    found = weighed("win32-53", {"given": ANSWERED | {"smb/445/tcp": state}})
    assert found[Condition.BLOCKED, "smb/tcp"].standing is Standing.HOLDS


def test_a_refusal_is_the_cause_that_speaks_of_it_where_the_error_has_one() -> None:
    found = weighed("ldap-81", {"given": ANSWERED | {"ldap/389/tcp": "refused", "ldaps/636/tcp": "ok"}})
    assert found[Condition.REFUSED, "ldap/tcp ldaps/tcp"].standing is Standing.HOLDS
    assert found[Condition.BLOCKED, "ldap/tcp ldaps/tcp"].standing is Standing.RULED_OUT
    assert "refused" in found[Condition.BLOCKED, "ldap/tcp ldaps/tcp"].because


def test_a_controller_that_was_not_asked_keeps_the_cause_open() -> None:
    case = {"given": ANSWERED, "hosts": {"dc2.alpha.test": {"given": {"ldap/389/tcp": "ok"}}}}
    cause = weighed(NO_LOGON_SERVER, case)[Condition.BLOCKED, "kpasswd/tcp kpasswd/udp"]
    assert cause.standing is Standing.UNTOLD
    assert cause.because == "dc2.alpha.test was not asked for it"


def test_another_address_of_the_same_controller_that_answers_is_said_beside_it() -> None:
    silent = outcome(check("kpasswd/tcp"), "filtered", attempts=3)
    answers = outcome(check("kpasswd/tcp", address="10.77.9.1"))
    (first, *_) = weigh(errors()[NO_LOGON_SERVER], report(silent, answers))
    assert first.standing is Standing.HOLDS
    assert "464/tcp at 10.77.9.1 answered" in first.because


GOOD_CERTIFICATE = {
    "certificate_not_after": "2030-01-01T00:00:00Z",
    "certificate_trusted": True,
    "certificate_name_matches": True,
    "certificate_key_sha256": "ab",
}
RESIGNED = GOOD_CERTIFICATE | {"certificate_trusted": False, "tls_intercepted": True, "certificate_issuer": "CN=proxy"}


def cloud_with(facts: dict[str, Any]) -> dict[str, Any]:
    seen = {"https/443/tcp": {"state": "ok", "facts": facts}}
    return {"cloud": {"facts": {"kind": "cloud"}, "hosts": {"graph.microsoft.com": {"given": seen}}}}


@pytest.mark.parametrize(("facts", "standing"), [(RESIGNED, Standing.HOLDS), (GOOD_CERTIFICATE, Standing.RULED_OUT)])
def test_a_certificate_is_in_order_only_if_this_machine_trusts_it(facts: dict[str, Any], standing: Standing) -> None:
    case = {"given": ANSWERED | {"ldaps/636/tcp": {"state": "ok", "facts": GOOD_CERTIFICATE}}}
    found = weighed("event-pwreset-31034", case | {"forests": cloud_with(facts)})
    assert found[Condition.CERTIFICATE, "https/tcp"].standing is standing


def test_what_the_cloud_shows_says_nothing_about_the_controllers() -> None:
    found = weighed("ldap-81", {"given": ANSWERED, "forests": cloud_with(GOOD_CERTIFICATE)})
    assert all(
        c.standing is Standing.UNTOLD for (condition, _), c in found.items() if condition is Condition.CERTIFICATE
    )


@pytest.mark.parametrize("spoilt", [{"certificate_trusted": False}, {"certificate_trusted": None}])
def test_a_certificate_that_is_not_known_to_be_trusted_rules_nothing_out(spoilt: dict[str, Any]) -> None:
    seen = {"state": "ok", "facts": GOOD_CERTIFICATE | spoilt}
    found = weighed("ldap-81", {"given": ANSWERED | {"ldaps/636/tcp": seen}})
    assert found[Condition.CERTIFICATE, "ldaps/tcp"].standing is not Standing.RULED_OUT


@pytest.mark.parametrize(
    ("condition", "roles", "out"),
    [
        (Condition.READ_ONLY, ["gc", "kdc", "rodc"], False),
        (Condition.READ_ONLY, ["gc", "kdc", "writable"], True),
        (Condition.NOT_A_GC, ["kdc", "writable"], False),
        (Condition.NOT_A_GC, ["gc", "kdc", "writable"], True),
    ],
)
def test_a_role_of_one_controller_keeps_its_cause_open(condition: Condition, roles: list[str], *, out: bool) -> None:
    def ping(told: list[str]) -> dict[str, Any]:
        return ANSWERED | {"ldap-ping/389/udp": {"state": "ok", "facts": {"roles": told}}}

    case = {"given": ping(["gc", "kdc", "writable"]), "hosts": {"dc2.alpha.test": {"given": ping(roles)}}}
    error = next(e for e in errors().values() if any(c.condition is condition for c in e.causes))
    (cause,) = [c for c in weigh(error, report_of(case)) if c.cause.condition is condition]
    assert (cause.standing is Standing.RULED_OUT) is out


@pytest.mark.parametrize(("keys", "standing"), [("ab", Standing.RULED_OUT), ("a", Standing.UNTOLD)])
def test_one_certificate_alone_does_not_rule_inspection_out(keys: str, standing: Standing) -> None:
    ports = ("ldaps/636/tcp", "gc-tls/3269/tcp")[: len(keys)]
    told = {port: {"state": "ok", "facts": GOOD_CERTIFICATE} for port in ports}
    error = next(e for e in errors().values() if any(c.services == ("ldaps/tcp",) and
                 c.condition is Condition.INSPECTION for c in e.causes))  # fmt: skip
    (cause,) = [c for c in weigh(error, report_of({"given": ANSWERED | told})) if
                c.cause.condition is Condition.INSPECTION]  # fmt: skip
    assert cause.standing is standing


def test_controllers_of_which_one_fails_are_not_alike() -> None:
    far = {"kpasswd/464/tcp": {"state": "filtered", "verdict": "warn", "facts": {"far_site": True}}}
    alike = {"given": ANSWERED, "hosts": {"dc2.alpha.test": {"given": ANSWERED}}}
    apart = {"given": ANSWERED, "hosts": {"dc2.alpha.test": {"given": ANSWERED | far}}}
    assert weighed(NO_LOGON_SERVER, alike)[Condition.PARTIAL, ""].standing is Standing.RULED_OUT
    assert weighed(NO_LOGON_SERVER, apart)[Condition.PARTIAL, ""].standing is not Standing.RULED_OUT


@pytest.mark.parametrize("other", [True, False])
def test_what_another_forest_answers_rules_nothing_out(*, other: bool) -> None:
    strange = {"state": "ok", "facts": {"wrong_forest": True, "domain": "beta.test", "forest": "beta.test"}}
    given = dict.fromkeys(ANSWERED, "ok") | ({"ldap-ping/389/udp": strange, "ldap/389/tcp": strange} if other else {})
    cause = weighed(NO_LOGON_SERVER, {"given": given})[Condition.BLOCKED, "kpasswd/tcp kpasswd/udp"]
    assert (cause.standing is Standing.UNTOLD) is other
    assert ("is another forest's" in cause.because) is other


@pytest.mark.parametrize("status", ["timeout", "ok"])
def test_a_resolver_that_answers_and_not_about_the_forest_rules_dns_out_of_nothing(status: str) -> None:
    lookup = {"name": "_ldap._tcp.dc._msdcs.alpha.test", "record": "SRV", "server": "system", "status": status}
    answers = {"answers": ["0 100 389 dc1.alpha.test"]} if status == "ok" else {}
    resolver = {"address": "127.0.0.53", "source": "resolver", "given": {"dns/53/udp": "ok", "dns/53/tcp": "ok"}}
    case = {"hosts": {"127.0.0.53": resolver}, "lookups": [lookup | answers]}
    found = weighed(NO_LOGON_SERVER, case)
    assert (found[Condition.BLOCKED, "dns/udp dns/tcp"].standing is Standing.UNTOLD) is (status == "timeout")
    records = found[Condition.SRV_MISSING, ""]
    silent = "1 of 1 SRV questions were not answered"
    assert (records.because == silent) is (status == "timeout")
