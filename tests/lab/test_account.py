"""`--bind` against real controllers: the account's fault is told from the network's every time, at one attempt."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.lab import accounts, faults, services
from tests.lab.accounts import bad_attempts, forgive, password_of
from tests.lab.program import Run
from tests.lab.world import Lab

MIM = {"profiles": ["mim"]}


@pytest.fixture(scope="session")
def people(lab: Lab) -> Lab:
    """The lab with accounts in alpha."""
    accounts.create(lab.alpha)
    return lab


def sign_in(
    lab: Lab,
    account: str,
    *more: str,
    password: str | None = None,
    env: dict[str, str] | None = None,
    config: Path | None = None,
    **own: object,
) -> Run:
    """`check --bind` on alpha as the account; `own` are keys of alpha in the forests file."""
    file = config or lab.forests_toml("alpha", defaults=MIM, alpha=own)
    secret = {"PORTCHECK_PASSWORD_ALPHA_TEST": password_of(account) if password is None else password}
    options = ("--bind", "--user", account, "-f", "json", *more)
    return lab.portcheck("check", *options, config=file, env={**secret, **(env or {})})


def told(run: Run) -> dict[str, Any]:
    """The outcome of the one sign-in."""
    (outcome,) = run.of("alpha", "sign-in")
    return outcome


def network(run: Run) -> set[str]:
    """What was seen of all that is no sign-in."""
    return {check["state"] for check in run.of("alpha") if check["service"] != "sign-in"}


def test_the_right_password_and_what_the_directory_tells_then(people: Lab) -> None:
    run = sign_in(people, "sync")
    assert (run.code, run.codes("alpha")) == (0, ["signed-in", "forest-ok"])
    outcome = told(run)
    assert (outcome["state"], outcome["verdict"], outcome["reason"]) == ("ok", "pass", "signed in over LDAPS")
    facts = outcome["facts"]
    assert facts["domain_sid"] == accounts.domain_sid(people.alpha)
    assert facts["password_policy"]["lockout_threshold"] == accounts.THRESHOLD
    assert facts["large_search_pages"] == 2
    assert facts["large_search_entries"] == 1000
    assert facts["large_search_bytes"] > 100_000
    assert run.report is not None
    forest = run.report["forests"][0]["facts"]
    assert forest["schema_version"] == facts["schema_version"] >= 47
    assert forest["sites"] == ["Default-First-Site-Name"]
    assert forest["client_site"] == "Default-First-Site-Name"
    holders = {role: (holder["host"], holder["reachable"]) for role, holder in forest["role_holders"].items()}
    assert holders == dict.fromkeys(("schema", "naming", "pdc", "rid", "infrastructure"), (people.alpha.host, True))


def test_the_site_of_this_machine_by_its_subnet(people: Lab) -> None:
    with accounts.subnets(people.alpha, {"10.77.0.0/16": "Default-First-Site-Name", "10.77.0.0/24": "Branch"}):
        run = sign_in(people, "svc")
    assert run.report is not None
    forest = run.report["forests"][0]["facts"]
    assert forest["sites"] == ["Branch", "Default-First-Site-Name"]
    assert forest["site_by_subnet"]["10.77.0.10"] == "Branch"


WRONG = {
    "locked": ("account-state", "775"),
    "disabled": ("account-state", "533"),
    "expired": ("account-state", "701"),
    "must": ("account-state", "773"),
    "nobody": ("credentials-rejected", "52e"),
}


@pytest.mark.parametrize("blocked", [(), ("464/tcp", "464/udp")], ids=["open", "partly blocked"])
@pytest.mark.parametrize("account", WRONG)
def test_each_state_of_an_account_is_told_from_the_network(people: Lab, account: str, blocked: tuple[str, ...]) -> None:
    code, sub_code = WRONG[account]
    if account == "locked":
        while bad_attempts(people.alpha, "locked") < accounts.THRESHOLD:
            sign_in(people, "locked", "--only", "ldaps", password="wrong")
    if blocked:
        with faults.drop(people, people.alpha, *blocked):
            run = sign_in(people, account)
        assert run.codes("alpha") == [code, "kpasswd-blocked"]
    else:
        run = sign_in(people, account)
        assert run.codes("alpha") == [code]
        assert network(run) == {"ok"}
    assert run.code == 1
    assert told(run)["facts"]["ad_error"] == sub_code
    assert run.report is not None
    finding = next(finding for finding in run.report["findings"] if finding["code"] == code)
    assert f"ldap-49-{sub_code}" in finding["errors"]
    assert "failed-authentication" in finding["errors"]
    assert "network is fine" in finding["explanation"]


@pytest.mark.parametrize("method", ["simple", "ntlm"])
def test_a_wrong_password_is_counted_once(people: Lab, method: str) -> None:
    forgive(people.alpha, "victim")
    before = bad_attempts(people.alpha, "victim")
    run = sign_in(people, "victim", "--bind-method", method, password="not-the-password")
    if method == "ntlm" and run.codes("alpha") == ["channel-binding-required"]:
        # Samba 4.22 wants a binding in TLS by default, and looks for it before it looks at the password.
        assert bad_attempts(people.alpha, "victim") == before
        return
    assert bad_attempts(people.alpha, "victim") == before + 1
    assert (run.code, run.codes("alpha")) == (1, ["credentials-rejected"])
    assert network(run) == {"ok"}


def test_a_controller_at_two_addresses_gets_one_attempt(people: Lab) -> None:
    forgive(people.alpha, "victim")
    both = [{"host": people.alpha.host, "address": a} for a in (people.alpha.address, people.alpha.address6)]
    sign_in(people, "victim", password="not-the-password", domain_controllers=both)
    assert bad_attempts(people.alpha, "victim") == 1


def test_one_account_for_several_forests_has_one_attempt(people: Lab) -> None:
    """The same name everywhere: bravo's and charlie's controllers do not get what alpha's rejected."""
    forgive(people.alpha, "victim")
    file = people.forests_toml(defaults=MIM)
    secrets = {f"PORTCHECK_PASSWORD_{name}_TEST": "not-the-password" for name in ("ALPHA", "BRAVO", "CHARLIE")}
    run = people.portcheck("check", "--bind", "--user", "victim@alpha.test", "-f", "json", config=file, env=secrets)
    assert bad_attempts(people.alpha, "victim") == 1
    tried = [c for c in run.checks if c["service"] == "sign-in" and "signed_in" in c["facts"]]
    assert len(tried) == 1


def test_three_entries_of_one_domain_have_one_attempt_whatever_they_call_the_account(people: Lab) -> None:
    """As the NetBIOS name, as the principal and as the DN: wrong each time, and all the same account."""
    forgive(people.alpha, "victim")
    dc, netbios = people.alpha, accounts.ask(people.alpha, "print(sam.domain_netbios_name())")
    names = {
        dc.domain: f"{netbios}\\victim",
        dc.host: f"victim@{dc.domain}",
        f"entry.{dc.domain}": f"CN=victim,CN=Users,{accounts.dn(dc)}",
    }
    entries = [
        f'[[forest]]\nname = "{name}"\ndns = ["{dc.address}"]\nca_file = "{people.authority.file}"\ndiscover = false\n'
        f'domain_controllers = [{{ host = "{dc.host}", address = "{dc.address}" }}]\n'
        f"bind = {{ user = {json.dumps(user)} }}\n"
        for name, user in names.items()
    ]
    file = people.vantage.home / "three-entries.toml"
    file.write_text("\n".join(entries))
    secrets = {f"PORTCHECK_PASSWORD_{re.sub('[^A-Z0-9]', '_', name.upper())}": "wrong" for name in names}
    run = people.portcheck("check", "--bind", "-f", "json", config=file, env=secrets)
    assert bad_attempts(dc, "victim") == 1
    tried = [c for c in run.checks if c["service"] == "sign-in" and "signed_in" in c["facts"]]
    assert len(tried) == 1, [(c["forest"], c["reason"]) for c in run.checks if c["service"] == "sign-in"]


# The way in: trust, names, blocked ports


def test_an_ntlm_proof_is_withheld_where_no_certificate_proves_the_server(people: Lab) -> None:
    """636 refused, and on 389 somebody else's certificate: the account is not even named there."""
    forgive(people.alpha, "victim")
    empty = people.vantage.home / "nobody.pem"
    empty.write_text("")
    env = {"SSL_CERT_FILE": str(empty)}
    with faults.drop(people, people.alpha, "636/tcp"):
        run = sign_in(people, "victim", "--bind-method", "ntlm", password="wrong", env=env, ca_file=None)
        trusted = sign_in(people, "victim", "--bind-method", "ntlm", password="wrong")
    assert told(run)["state"] == "skipped"
    assert "does not trust the certificate" in told(run)["reason"]
    assert told(trusted)["facts"]["bind_cover"] == "starttls"
    assert bad_attempts(people.alpha, "victim") <= 1


def test_a_certificate_that_is_not_trusted_keeps_the_password_here(people: Lab) -> None:
    stranger = people.stranger.issue((people.alpha.host,), label="bind-stranger")
    with services.present(people.alpha, stranger, "636/tcp"), faults.drop(people, people.alpha, "389/tcp"):
        run = sign_in(people, "svc")
    assert told(run)["state"] == "skipped"
    assert "does not trust the certificate" in told(run)["reason"]
    assert "sign-in-failed" in run.codes("alpha")
    assert "ldap-blocked" in run.codes("alpha")
    assert not {"credentials-rejected", "account-state"} & set(run.codes("alpha"))


def test_a_certificate_for_another_name_as_well(people: Lab) -> None:
    other = people.authority.issue(("other.alpha.test",), label="bind-other")
    with services.present(people.alpha, other, "636/tcp"), faults.drop(people, people.alpha, "389/tcp"):
        run = sign_in(people, "svc")
    assert f"not for {people.alpha.host}" in told(run)["reason"]
    assert "sign-in-failed" in run.codes("alpha")


def test_the_labs_own_authority_is_enough(people: Lab) -> None:
    """Trusted through the forests file alone; the system's store knows nobody here."""
    empty = people.vantage.home / "nobody.pem"
    empty.write_text("")
    run = sign_in(people, "svc", env={"SSL_CERT_FILE": str(empty)})
    assert told(run)["facts"]["signed_in"] is True


def test_where_636_is_blocked_start_tls_on_389_does(people: Lab) -> None:
    with faults.drop(people, people.alpha, "636/tcp"):
        run = sign_in(people, "sync")
    assert told(run)["reason"] == "signed in over StartTLS"
    assert run.codes("alpha") == ["ldaps-blocked", "signed-in"]


def test_where_neither_can_be_reached_only_the_network_is_blamed(people: Lab) -> None:
    with faults.drop(people, people.alpha, "636/tcp", "389/tcp"):
        run = sign_in(people, "victim", password="not-the-password")
    assert told(run)["state"] == "skipped"
    assert set(run.codes("alpha")) == {"ldap-blocked", "ldaps-blocked"}


def test_a_controller_that_stalls_at_the_sign_in_is_an_outcome(people: Lab) -> None:
    """The account is not judged. Where nothing was sent, the next way in is taken: 389 with StartTLS."""
    with services.mute(people.alpha, "636/tcp"):
        file = people.forests_toml("alpha", defaults={**MIM, "answer_timeout": "2s"})
        run = sign_in(people, "svc", "--only", "kerberos", config=file)
    assert told(run)["reason"] == "signed in over StartTLS"
    with services.mute(people.alpha, "636/tcp"), faults.drop(people, people.alpha, "389/tcp"):
        run = sign_in(people, "svc", "--only", "kerberos", config=file)
    assert told(run)["state"] in {"mute", "filtered"}
    assert run.codes("alpha") == ["sign-in-failed"]


# What the server demands


def test_signing_that_is_required_is_no_fault_of_the_network_or_the_password(people: Lab) -> None:
    """Samba's default, as of new domains on Server 2025: an NTLM bind without signing is refused with 8."""
    run = sign_in(people, "svc", "--bind-method", "ntlm")
    assert (run.code, network(run)) == (1, {"ok"})
    if run.codes("alpha") == ["channel-binding-required"]:  # what Samba 4.22 looks for first
        return
    assert run.codes("alpha") == ["signing-required"]
    assert told(run)["facts"]["ldap_result"] == 8
    with faults.drop(people, people.alpha, "88/udp", "445/tcp"):
        assert sign_in(people, "svc", "--bind-method", "ntlm").codes("alpha")[0] == "signing-required"


def test_a_ticket_signs_in_signed_and_sealed_on_389(people: Lab) -> None:
    env = accounts.ticket(people.vantage, people.alpha, "sync")
    run = sign_in(people, "sync", "--bind-method", "kerberos", password="", env=env)
    assert told(run)["reason"] == "signed in over LDAP, signed and sealed"
    assert told(run)["facts"]["large_search_pages"] == 2
    assert (run.code, run.codes("alpha")) == (0, ["signed-in", "forest-ok"])


def test_without_a_ticket_nothing_is_sent_and_the_reason_told(people: Lab) -> None:
    env = accounts.ticket(people.vantage, people.alpha, "sync")
    none = {**env, "KRB5CCNAME": f"FILE:{people.vantage.home}/no-such-cache"}
    run = sign_in(people, "", "--bind-method", "kerberos", password="", env=none)
    assert told(run)["facts"]["kerberos_cause"] == "ticket"
    assert run.codes("alpha") == ["sign-in-failed"]
    with accounts.without_name(people.alpha):
        run = sign_in(people, "sync", "--bind-method", "kerberos", password="", env=env)
    assert told(run)["facts"]["kerberos_cause"] == "name"


def test_without_a_kdc_or_with_another_clock_kerberos_says_which(people: Lab) -> None:
    """The first is the network's fault, and is said of 88; the second is the clock's."""
    env = accounts.ticket(people.vantage, people.alpha, "sync")
    with faults.drop(people, people.alpha, "88/tcp", "88/udp"):
        run = sign_in(people, "sync", "--bind-method", "kerberos", password="", env=env)
    assert told(run)["reason"] == "not tried: no KDC of this forest answers on 88/tcp"
    assert run.codes("alpha")[0] == "kerberos-blocked"
    assert not {"sign-in-failed", "credentials-rejected"} & set(run.codes("alpha"))
    with services.skewed(people.alpha, 3600):
        run = sign_in(people, "sync", "--bind-method", "kerberos", password="", env=env)
    assert told(run)["facts"]["kerberos_cause"] == "clock"
    assert {"time-skew", "sign-in-failed"} <= set(run.codes("alpha"))


def test_a_kdc_that_is_found_out_only_by_waiting_ends_with_the_patience(people: Lab) -> None:
    env = accounts.ticket(people.vantage, people.alpha, "sync")
    file = people.forests_toml("alpha", defaults={**MIM, "timeout": "1s", "answer_timeout": "2s"})
    with faults.drop(people, people.alpha, "88/tcp", "88/udp"):
        run = sign_in(people, "sync", "--bind-method", "kerberos", "--only", "ldap", password="", env=env, config=file)
    assert told(run)["facts"]["signed_in"] is False
    assert run.codes("alpha") == ["sign-in-failed"]


# Rights


def test_the_right_to_replicate_is_proven_by_trying(people: Lab) -> None:
    without, having = told(sign_in(people, "svc")), told(sign_in(people, "sync"))
    for outcome, right in ((without, False), (having, True)):
        facts = outcome["facts"]
        assert (facts["dirsync_accepted"], facts["replicating_changes"]) == (right, right)
        assert (facts["replicating_changes_read"], facts["replicating_changes_all"]) == (right, right)
    run = sign_in(people, "svc")
    assert (run.code, run.codes("alpha")) == (1, ["rights-missing"])
    assert network(run) == {"ok"}
    assert told(run)["state"] == "ok"
    assert run.report is not None
    assert "win32-8453" in run.report["findings"][0]["errors"]


def test_rights_on_an_ou_are_read_from_what_is_effective(people: Lab) -> None:
    ou = f"OU=Staff,{accounts.dn(people.alpha)}"
    having = told(sign_in(people, "sync", bind={"ous": [ou]}))["facts"]["ous"][ou]
    assert (having["create_users"], having["create_users_read"], having["reset_passwords"]) == (True, True, True)
    run = sign_in(people, "svc", bind={"ous": [ou, f"OU=None,{accounts.dn(people.alpha)}"]})
    lacking = [(row["right"], row["on"].partition(",")[0]) for row in told(run)["facts"]["rights_missing"]]
    assert ("create users", "OU=Staff") in lacking
    assert ("reset passwords", "OU=Staff") in lacking
    assert ("see it", "OU=None") in lacking


# The SID


def test_the_expected_sid_is_confirmed_without_a_sign_in(people: Lab) -> None:
    right = people.forests_toml(
        "alpha", defaults=MIM, alpha={"expect": {"domain_sid": accounts.domain_sid(people.alpha)}}
    )
    run = people.check(config=right)
    assert (run.code, run.codes("alpha")) == (0, ["forest-ok"])
    assert run.of("alpha", "ldap")[0]["facts"]["domain_sid_told"] == "matches"


@pytest.mark.parametrize("bind", [False, True])
def test_another_sid_is_another_forest(people: Lab, bind: bool) -> None:
    wrong = {"expect": {"domain_sid": "S-1-5-21-1-2-3"}}
    run = sign_in(people, "svc", **wrong) if bind else people.check(config=people.forests_toml("alpha", alpha=wrong))
    assert run.code == 1
    assert run.codes("alpha")[0] == "wrong-forest"


# Nothing is left behind


def test_a_run_leaves_the_password_nowhere(people: Lab) -> None:
    """Not on stdout or stderr at any verbosity, and in no file: reports in every format, a saved run, caches."""
    secret = password_of("svc")
    home = people.vantage.home
    file = home / "secret-of-svc"
    file.write_text(secret)
    file.chmod(0o600)
    subprocess.run(["chown", "65534:65534", str(file)], check=True)
    config = people.forests_toml("alpha", defaults=MIM, alpha={"bind": {"user": "svc", "password_file": str(file)}})
    outputs = [
        word for name in ("table", "json", "jsonl", "nagios") for word in ("-f", name, "-o", str(home / f"out.{name}"))
    ]
    for password in (secret, "wrong." + secret):
        file.write_text(password)
        run = people.portcheck("check", "--bind", "-vvv", "--save", str(home / "saved.json"), *outputs, config=config)
        assert "sign-in" in (home / "out.json").read_text()
        assert secret not in run.stdout + run.stderr
        file.unlink()
        assert accounts.everything_in(home, secret) == []
        file.touch(mode=0o600)
        subprocess.run(["chown", "65534:65534", str(file)], check=True)
    file.unlink()
    forgive(people.alpha, "svc")


def test_without_bind_no_ldap3_is_imported_and_no_bind_is_sent(people: Lab) -> None:
    """The whole run's imports, and its own account of what it sent."""
    script = (
        "import json, sys\n"
        "from portcheck.cli.app import run\n"
        "code = run(sys.argv[1:])\n"
        "bad = [name for name in sys.modules if name.split('.')[0] in ('ldap3', 'gssapi') or 'account' in name"
        " and name.startswith('portcheck.signin')]\n"
        "sys.stderr.write('IMPORTED ' + json.dumps(bad))\n"
    )
    config = people.forests_toml("alpha", defaults=MIM)
    env = {"PORTCHECK_CONFIG": str(config), "PORTCHECK_PASSWORD_ALPHA_TEST": "never-used"}
    run = people.vantage.python("-c", script, "check", "-f", "json", env=env)
    assert json.loads(run.stderr.partition("IMPORTED ")[2]) == []
    assert "never-used" not in run.stdout + run.stderr
    assert not [c for c in run.checks if c["service"] == "sign-in"]
    sent = {step["detail"] for check in run.checks for step in check["evidence"] if step["event"] == "sent"}
    assert sent
    assert not [detail for detail in sent if "bind" in detail.lower() and "rpc" not in detail.lower()]
