"""Targets to forests: what is asked of each, and what a list, a network or a single label become."""

from __future__ import annotations

from pathlib import Path

import pytest

from portcheck.cli.app import run
from portcheck.cli.naming import Naming
from portcheck.config import ConfigError, Configuration, DcSpec, ForestSpec
from portcheck.model.target import SWEPT, Selection, Target
from portcheck.targets.checks import checks_for
from portcheck.targets.known import from_file

ALPHA = ForestSpec("alpha.test", domain_controllers=(DcSpec("dc1.alpha.test", "10.77.1.10"),), profiles=("member",))


def named(*targets: str, forests: tuple[ForestSpec, ...] = (), known: str = "") -> tuple[ForestSpec, ...]:
    def complete(label: str) -> str:
        if not known:
            raise ConfigError(f"{label}: DNS knows none")
        return known

    return Naming(Configuration(forests=forests), complete).forests(targets)


def asked(forest: ForestSpec) -> list[tuple[str, str, int | None, str]]:
    place = Target("dc1.alpha.test", "10.77.1.10", "explicit")
    return [(c.service, c.transport, c.port, c.need.value) for c in checks_for(place, forest, (), Selection())]


@pytest.mark.parametrize(
    ("target", "check"),
    [
        ("alpha.test:636", ("ldaps", "tcp", 636, "required")),
        ("alpha.test:88", ("kerberos", "tcp", 88, "required")),
        ("alpha.test:88/udp", ("kerberos", "udp", 88, "required")),
        ("alpha.test:389", ("ldap", "tcp", 389, "required")),
        ("alpha.test:123", ("time", "udp", 123, "required")),
        ("alpha.test:8443", ("tcp", "tcp", 8443, "required")),
        ("ldap://alpha.test:10389", ("ldap", "tcp", 10389, "required")),
        ("ldaps://alpha.test", ("ldaps", "tcp", 636, "required")),
        ("ldaps://alpha.test:3269", ("gc-tls", "tcp", 3269, "required")),
        ("gc://alpha.test", ("gc", "tcp", 3268, "required")),
    ],
)
def test_a_port_alone_is_asked_in_the_protocol_that_is_usual_there(target: str, check: tuple[str, ...]) -> None:
    for forests in ((), (ALPHA,)):
        (forest,) = named(target, forests=forests)
        assert (forest.profiles, asked(forest)) == ((), [check])


def test_ports_of_one_host_add_up_and_the_bare_name_adds_its_profiles() -> None:
    (forest,) = named("alpha.test:636", "alpha.test:389", "alpha.test", forests=(ALPHA,))
    assert [extra.port for extra in forest.extra] == [636, 389]
    assert (forest.profiles, forest.domain_controllers) == (("member",), ALPHA.domain_controllers)


def test_a_controller_of_the_file_is_narrowed_to_itself_and_the_domain_beside_it_is_whole() -> None:
    two = ForestSpec(
        "alpha.test", domain_controllers=(*ALPHA.domain_controllers, DcSpec("dc2.alpha.test", "10.77.1.11"))
    )
    (one,) = named("dc2.alpha.test:636", forests=(two,))
    assert [c.host for c in one.domain_controllers] == ["dc2.alpha.test"]
    (both,) = named("dc2.alpha.test:636", "alpha.test", forests=(two,))
    assert {c.host for c in both.domain_controllers} == {"dc1.alpha.test", "dc2.alpha.test"}


def test_a_network_is_its_addresses_of_which_nobody_is_taken_for_a_controller() -> None:
    (forest,) = named("10.77.1.8/29")
    assert [c.address for c in forest.domain_controllers] == [f"10.77.1.{n}" for n in range(9, 15)]
    assert {place.source for place in from_file(forest)} == {SWEPT}
    assert {place.domain for place in from_file(forest)} == {""}


def test_networks_together_stay_within_the_bound() -> None:
    with pytest.raises(ConfigError, match="at most 4096"):
        named("10.0.0.0/20", "10.1.0.0/20")


def test_a_list_names_the_line_of_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_text("alpha.test\nldap://dc1.alpha.test:636\n")
    with pytest.raises(ConfigError, match=r"t:2: target .*ldaps://dc1\.alpha\.test:636"):
        named(f"@{path}")


def test_a_single_label_is_a_forest_of_the_file_or_what_dns_makes_of_it() -> None:
    assert named("alpha", forests=(ALPHA,)) == (ALPHA,)
    (found,) = named("corp", known="corp.contoso.com")
    assert (found.name, found.discover) == ("corp.contoso.com", True)
    (port,) = named("dc1:636", known="dc1.alpha.test", forests=(ALPHA,))
    assert [c.host for c in port.domain_controllers] == ["dc1.alpha.test"]
    with pytest.raises(ConfigError, match=r"may be any of alpha\.test, alpha\.example"):
        named("alpha", forests=(ALPHA, ForestSpec("alpha.example")))
    with pytest.raises(ConfigError, match=r"did you mean 'alpha'\?"):
        named("alpa", forests=(ALPHA,))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["discover", "alpha.test:636"], "portcheck discover alpha.test"),
        (["discover", "10.0.0.0/29"], "a network"),
        (["discover", "10.0.0.1"], "an address"),
        (["plan", "corp"], "nothing is asked of DNS"),
        (["check", "@nonexistent"], "nonexistent: "),
    ],
)
def test_where_it_makes_no_sense_one_line_says_so(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1


def test_the_plan_of_a_port_has_that_port_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "10.0.0.1:636", "-f", "csv"]) == 0
    rows = [line.split(",") for line in capsys.readouterr().out.splitlines()]
    kind, service = rows[0].index("kind"), rows[0].index("service")
    assert {row[service] for row in rows[1:] if row[kind] == "check"} == {"ldaps"}
