"""One account has many names: which of them are one, which are two, and which may be one."""

from __future__ import annotations

import pytest

from portcheck.asking.knowledge import HostState
from portcheck.config import ForestSpec
from portcheck.signin.ledger import AttemptLedger, account, domains, grouped
from portcheck.targets.checks import Target

ONE = "bravo.test"


def host(name: str, domain: str = ONE, netbios: str = "BRAVO", forest: str = ONE) -> HostState:
    found = HostState(Target(name, "127.0.0.1", "explicit", domain))
    found.ping = {"domain": domain, "netbios_domain": netbios, "forest": forest}
    return found


HOSTS = (
    host("dc1.bravo.test"),
    host("dc1.alpha.test", "alpha.test", "ALPHA", "alpha.test"),
    host("dc1.emea.alpha.test", "emea.alpha.test", "EMEA", "alpha.test"),
)
SAME = [
    ("BRAVO\\svc", "svc@bravo.test"),
    ("BRAVO\\svc", "bravo\\SVC"),
    ("BRAVO\\svc", "bravo.test\\svc"),
    ("svc@bravo.test", "SVC@Bravo.Test"),
    ("BRAVO\\svc", "CN=svc,CN=Users,DC=bravo,DC=test"),
    ("svc@bravo.test", "CN=Service Account,OU=MIM,DC=bravo,DC=test"),  # the CN is not the logon name
    ("cn=svc, cn=users, dc=bravo, dc=test", "CN=svc,CN=Users,DC=bravo,DC=test"),
    ("svc@corp.example", "BRAVO\\svc"),  # a suffix that the forest agreed on: whose, nobody tells
    ("svc@alpha.test", "EMEA\\svc"),  # the forest's suffix is good for all its domains
    ("OTHER\\svc", "svc@unheard.test"),  # of neither domain anything was told
    ("svc", "svc@bravo.test"),
]
TWO = [
    ("svc@bravo.test", "svc@alpha.test"),
    ("BRAVO\\svc", "ALPHA\\svc"),
    ("ALPHA\\svc", "EMEA\\svc"),
    ("BRAVO\\svc", "BRAVO\\sync"),
    ("svc@bravo.test", "sync@bravo.test"),
    ("BRAVO\\svc", "CN=svc,CN=Users,DC=alpha,DC=test"),
    ("CN=svc,CN=Users,DC=bravo,DC=test", "CN=sync,CN=Users,DC=bravo,DC=test"),
    ("", "svc@bravo.test"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_names_that_may_be_one_account_have_one_attempt(one: str, other: str) -> None:
    ledger = AttemptLedger()
    known = domains(HOSTS)
    ledger.spend(account(one, known), "dc1")
    assert ledger.where(account(other, known)) == "dc1"


@pytest.mark.parametrize(("one", "other"), TWO)
def test_names_of_two_accounts_have_one_each(one: str, other: str) -> None:
    known = domains(HOSTS)
    assert not account(one, known).may_be(account(other, known))
    assert not account(other, known).may_be(account(one, known))


def test_names_are_grouped_by_way_of_others() -> None:
    known = domains(HOSTS)
    names = ("BRAVO\\svc", "ALPHA\\svc", "BRAVO\\sync", "CN=x,DC=bravo,DC=test")
    assert grouped([account(name, known) for name in names]) == [[1], [0, 2, 3]]


def test_a_domain_that_is_told_by_two_names_is_in_doubt() -> None:
    """A stranger's controller cannot make two accounts out of one."""
    known = domains((*HOSTS, host("rogue", netbios="ELSE", forest="else.test")))
    assert account("BRAVO\\svc", known).may_be(account("CN=svc,DC=bravo,DC=test", known))


def test_where_no_controller_told_anything_the_file_does() -> None:
    known = domains((), (ForestSpec("bravo.test"), ForestSpec("alpha.test", expect={"domain_sid": "S-1-5-21-1-2-3"})))
    assert not account("svc@bravo.test", known).may_be(account("svc@alpha.test", known))
    assert account("svc@bravo.test", known).may_be(account("BRAVO\\svc", known))
