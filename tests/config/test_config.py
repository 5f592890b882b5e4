"""A right file: what each key becomes, what holds where it is silent, and which file is taken."""

from collections.abc import Callable
from pathlib import Path

import pytest

from portcheck.catalogue.profiles import built_in, with_own
from portcheck.catalogue.services import services
from portcheck.config import (
    ConfigError,
    Configuration,
    DcSpec,
    ExtraPort,
    FailOn,
    ForestSpec,
    Server,
    Settings,
    find,
    load,
)
from portcheck.model.credentials import Method

Load = Callable[[str | bytes], Configuration]

EXAMPLE = Path(__file__).parents[2] / "forests.example.toml"
FOREST = '[[forest]]\nname = "alpha.test"\n'
PEM = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"


def test_the_example_holds_three_forests_and_its_own_profile_resolves() -> None:
    configuration = load(EXAMPLE, built_in(), {name: tuple(s.ports) for name, s in services().items()})
    assert [forest.name for forest in configuration.forests] == ["alpha.example", "bravo.example", "charlie.example"]
    asked = {(row.service, row.port) for row in with_own(configuration.own_profiles)["hr-import"].rows}
    assert {("ldaps", None), ("tcp", 8443)} <= asked


def test_the_example_shows_every_key_of_a_forest_and_of_the_defaults() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    settings = ("timeout", "answer_timeout", "deadline", "attempts", "concurrency", "rate", "source_ip", "fail_on")
    history = ("history_keep", "history_days")
    forest = ("dns", "domains", "domain_controllers", "discover", "site", "ca_file", "profiles", "ports")
    for key in (*settings, "trace", *history, *forest):
        assert f"\n{key} = " in text or f"\n# {key} = " in text


def test_who_signs_in_arrives_and_the_password_stays_in_its_file(load_text: Load) -> None:
    text = FOREST + 'bind = { user = "svc", method = "ntlm", password_file = "pw", ous = ["OU=A, DC=alpha,DC=test"] }\n'
    bind = load_text(text).forests[0].bind
    assert (bind.user, bind.method, bind.ous) == ("svc", Method.NTLM, ("OU=A, DC=alpha,DC=test",))
    assert bind.password_file is not None  # beside the forests file; read when it is used
    assert bind.password_file.name == "pw"
    assert bind.password_file.is_absolute()


def test_a_forest_of_one_line_gets_the_defaults(load_text: Load) -> None:
    configuration = load_text(FOREST)
    assert configuration.forests == (ForestSpec(name="alpha.test", named_forest=True),)
    assert configuration.settings == Settings()


def test_every_setting_arrives(load_text: Load) -> None:
    settings = load_text(
        '[defaults]\ntimeout = "250ms"\nanswer_timeout = 2.5\ndeadline = "1m30s"\nattempts = 5\nconcurrency = 64\n'
        'rate = 50\nsource_ip = "FD77::0010"\nprofiles = ["mim-import"]\nsite = "Head-Office"\nfail_on = "warn"\n'
        "trace = false\nhistory_keep = 7\nhistory_days = 3\n"
    ).settings
    assert settings == Settings(
        timeout_s=0.25,
        answer_timeout_s=2.5,
        deadline_s=90.0,
        attempts=5,
        concurrency=64,
        rate=50.0,
        source_ip="fd77::10",
        profiles=("mim-import",),
        site="Head-Office",
        fail_on=FailOn.WARN,
        trace=False,
        history_keep=7,
        history_days=3,
    )


def test_every_key_of_a_forest_arrives_in_canonical_form(load_text: Load) -> None:
    (forest,) = load_text(
        '[[forest]]\nname = "Alpha.Test."\ndns = ["10.77.1.10", "[FD77::1]:5353", "DNS.corp."]\n'
        'domains = ["EMEA.alpha.test"]\nsite = "Head-Office"\nprofiles = ["MIM", "entra-connect"]\n'
        'expect = { domain_sid = "s-1-5-21-1-2-3", smb = "closed" }\nports = { kerberos = 10088 }\n'
        'domain_controllers = ["DC1.alpha.test.", { host = "dc2.alpha.test", address = "10.77.1.11" }, "10.77.1.12"]\n'
        '[[forest.extra]]\nname = "pcns"\nport = 5000\ntransport = "tcp"\npurpose = "PCNS static RPC port"\n'
    ).forests
    assert forest == ForestSpec(
        name="alpha.test",
        dns=(Server("10.77.1.10"), Server("fd77::1", 5353), Server("dns.corp")),
        domains=("emea.alpha.test",),
        domain_controllers=(
            DcSpec("dc1.alpha.test"),
            DcSpec("dc2.alpha.test", "10.77.1.11"),
            DcSpec("10.77.1.12", "10.77.1.12"),
        ),
        discover=False,
        site="Head-Office",
        profiles=("mim", "entra-connect"),
        expect={"domain_sid": "S-1-5-21-1-2-3", "smb": "closed"},
        ports={"kerberos": 10088},
        extra=(ExtraPort("pcns", 5000, "tcp", "PCNS static RPC port"),),
        named_forest=True,
    )


def test_a_forest_takes_profiles_and_site_from_the_defaults_unless_it_has_its_own(load_text: Load) -> None:
    text = '[defaults]\nprofiles = ["mim-import"]\nsite = "Berlin"\n' + FOREST
    text += '[[forest]]\nname = "bravo.test"\nprofiles = ["mim"]\nsite = "Paris"\n'
    alpha, bravo = load_text(text).forests
    assert (alpha.profiles, alpha.site) == (("mim-import",), "Berlin")
    assert (bravo.profiles, bravo.site) == (("mim",), "Paris")


def test_named_controllers_stand_alone_unless_discovery_is_asked_for(load_text: Load) -> None:
    named = FOREST + 'domain_controllers = ["dc1.alpha.test"]\n'
    assert [load_text(text).forests[0].discover for text in (FOREST, named, named + "discover = true")] == [
        True,
        False,
        True,
    ]


def test_a_host_may_have_several_addresses_but_not_one_and_all(load_text: Load) -> None:
    one, two = (f'{{ host = "dc1.alpha.test", address = "10.0.0.{n}" }}' for n in (1, 2))
    assert len(load_text(FOREST + f"domain_controllers = [{one}, {two}]").forests[0].domain_controllers) == 2
    for twice in (f"{one}, {one}", f'{one}, "dc1.alpha.test"', f'"dc1.alpha.test", {one}'):
        with pytest.raises(ConfigError, match=r"'dc1\.alpha\.test' is here twice"):
            load_text(FOREST + f"domain_controllers = [{twice}]")


def test_an_extra_port_may_be_expected_closed_by_its_name(load_text: Load) -> None:
    rows = 'expect = { pcns = "closed", smb = "closed" }\n[[forest.extra]]\nname = "pcns"\nport = 5000\n'
    assert load_text(FOREST + rows).forests[0].expect == {"pcns": "closed", "smb": "closed"}


def test_what_is_no_service_and_no_extra_port_is_not_expected(load_text: Load) -> None:
    rows = 'expect = { pcnd = "closed" }\n[[forest.extra]]\nname = "pcns"\nport = 5000\n'
    with pytest.raises(ConfigError, match=r"unknown key 'pcnd' in \[forest.expect\].*pcns"):
        load_text(FOREST + rows)


def test_one_port_may_be_extra_over_both_transports(load_text: Load) -> None:
    rows = "".join(f'[[forest.extra]]\nname = "x"\nport = 5000\ntransport = "{t}"\n' for t in ("tcp", "udp"))
    assert [extra.transport for extra in load_text(FOREST + rows).forests[0].extra] == ["tcp", "udp"]


def test_the_ca_file_is_looked_for_beside_the_forests_file(
    tmp_path: Path, load_file: Callable[[Path], Configuration]
) -> None:
    path = tmp_path / "forests.toml"
    path.write_text(FOREST + 'ca_file = "root.pem"')
    (tmp_path / "root.pem").write_text(PEM)
    assert load_file(path).forests[0].ca_file == tmp_path / "root.pem"


def test_own_profiles_are_usable_by_name_and_filled_in(load_text: Load) -> None:
    configuration = load_text(
        '[defaults]\nprofiles = ["hr"]\n[profiles.HR]\nextends = "mim"\n'
        '[[profiles.HR.check]]\nservice = "ldap"\nneed = "optional"\n'
        '[[profiles.HR.check]]\nservice = "udp"\nport = 514\nwhy = "logs"\n'
    )
    assert configuration.settings.profiles == ("hr",)
    blank = {"operation": "", "why": "", "source": ""}
    assert configuration.own_profiles == {
        "hr": {
            "title": "hr",
            "extends": ["mim"],
            "check": [
                {"service": "ldap", "transport": "tcp", "need": "optional", **blank},
                {"service": "udp", "transport": "udp", "need": "required", **blank, "why": "logs", "port": 514},
            ],
        }
    }


def test_own_profiles_may_extend_each_other_in_a_diamond(load_text: Load) -> None:
    tables = {"top": '["left", "right"]', "left": '"base"', "right": '"base"', "base": '"mim"'}
    text = "".join(f"[profiles.{name}]\nextends = {bases}\n" for name, bases in tables.items())
    assert set(load_text(text).own_profiles) == set(tables)


def test_a_cycle_is_found_from_outside_it_too(load_text: Load) -> None:
    text = '[profiles.a]\nextends = "b"\n[profiles.b]\nextends = "c"\n[profiles.c]\nextends = "b"\n'
    with pytest.raises(ConfigError, match=r"forests\.toml:4: extends: profile 'b' extends itself"):
        load_text(text)


def test_windows_line_ends_and_a_byte_order_mark_do_not_matter(load_text: Load) -> None:
    text = FOREST + 'site = "Berlin"\n'
    assert load_text(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()).forests == load_text(text).forests
    with pytest.raises(ConfigError, match=r"forests\.toml:4: unknown key 'sit'"):
        load_text(
            b"\xef\xbb\xbf"
            + (text + 'sit = "x"').replace('site = "Berlin"\n', "").replace("\n", "\r\n\r\n", 1).encode()
        )


def test_defaults_alone_are_a_file(load_text: Load) -> None:
    configuration = load_text("[defaults]\nattempts = 2\n")
    assert (configuration.forests, configuration.settings.attempts) == ((), 2)


def test_the_flag_goes_before_the_variable_and_both_before_the_usual_places(tmp_path: Path) -> None:
    (tmp_path / "forests.toml").touch()
    env = {"PORTCHECK_CONFIG": "from-variable.toml"}
    assert find("from-flag.toml", env, tmp_path) == Path("from-flag.toml")
    assert find(None, env, tmp_path) == Path("from-variable.toml")
    assert find(None, {"PORTCHECK_CONFIG": ""}, tmp_path) == tmp_path / "forests.toml"


def test_the_usual_places_are_asked_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = [tmp_path / name for name in ("cwd", "user", "system")]
    monkeypatch.setattr("platformdirs.user_config_path", lambda *_, **__: places[1])
    monkeypatch.setattr("platformdirs.site_config_path", lambda *_, **__: places[2])
    for place in reversed(places):
        place.mkdir()
        (place / "forests.toml").touch()
        assert find(None, {}, places[0]) == place / "forests.toml"
