"""portcheck's own words can be looked up: findings, services, ports, states, verdicts, profiles."""

import tomllib
from importlib.resources import files

import pytest

from portcheck.catalogue.errors import errors
from portcheck.catalogue.own_words import own
from portcheck.catalogue.services import services
from portcheck.diagnose.rules import RULES
from portcheck.model import State, Verdict

OWN = "portcheck/catalogue/own.toml"


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("kpasswd-blocked", "finding", "passwords cannot be set"),
        ("464", "service", "464/tcp, 464/udp"),
        ("tcp/464", "service", "464/tcp, 464/udp"),
        ("port 464", "service", "464/tcp, 464/udp"),
        ("kpasswd", "service", "password change"),
        ("Filtered", "state", "silence"),
        ("skip", "verdict", "not asked"),
        ("mim-import", "profile", "ldap"),
    ],
)
def test_a_word_of_ours_is_known(text: str, kind: str, says: str) -> None:
    (word,) = own(text)
    assert word.kind == kind
    assert says in word.means
    assert set(word.errors) <= set(errors())


def test_every_finding_service_state_and_verdict_is_a_word_without_an_open_placeholder() -> None:
    codes = {rule.code for rule in RULES}
    names = [*codes, *services(), *State, *Verdict]
    assert [name for name in names if not own(name)] == []
    told = tomllib.loads((files("portcheck.catalogue") / "own.toml").read_text(encoding="utf-8"))
    plain = {service.plainly for service in services().values() if service.plainly}
    assert set(told["finding"]) | plain == codes, f"{OWN}: {sorted(codes ^ (set(told['finding']) | plain))}"
    assert (set(told["state"]), set(told["verdict"])) == (set(State), set(Verdict))


def test_a_port_that_two_services_share_is_both() -> None:
    assert {word.name for word in own("389")} == {"ldap", "ldap-ping"}


@pytest.mark.parametrize("text", ["", "0", "99999", "kinit", "464 464", "kpasswd-blockd"])
def test_what_is_not_ours_is_no_word(text: str) -> None:
    assert own(text) == ()
