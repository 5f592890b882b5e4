"""`--system` names a machine once, and `--ca-file` trusts an authority from the command line."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from portcheck.catalogue.profiles import Profile, built_in
from portcheck.cli import targets
from portcheck.cli.app import run
from portcheck.config import ConfigError, ForestSpec, SystemSpec

ALPHA, BRAVO = ForestSpec("alpha.test"), ForestSpec("bravo.test")
SERVICE = (built_in()["mim-service"],)
PEM = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"


def hosts(chosen: targets.Chosen) -> dict[str, list[str]]:
    return {forest.name: [system.host for system in forest.systems] for forest, _ in chosen}


def asked(chosen: targets.Chosen, forest: str, role: str) -> bool:
    profiles: tuple[Profile, ...] = {f.name: p for f, p in chosen}[forest]
    return any(row.target == role for profile in profiles for row in profile.rows)


def test_a_machine_is_asked_in_the_forest_that_its_name_is_of_and_in_no_other() -> None:
    chosen = targets.with_systems(((ALPHA, SERVICE), (BRAVO, SERVICE)), ["mim=mim1.bravo.test"])
    assert hosts(chosen) == {"alpha.test": [], "bravo.test": ["mim1.bravo.test"]}
    assert not asked(chosen, "alpha.test", "mim")
    assert asked(chosen, "alpha.test", "dc")
    assert asked(chosen, "alpha.test", "sql")
    assert asked(chosen, "bravo.test", "mim")


def test_a_machine_of_no_forest_is_asked_in_the_first_that_has_its_role() -> None:
    chosen = targets.with_systems(((ALPHA, (built_in()["mim"],)), (BRAVO, SERVICE)), ["mim=192.0.2.1", "mim=192.0.2.1"])
    assert hosts(chosen) == {"alpha.test": [], "bravo.test": ["192.0.2.1"]}


def test_a_forest_that_names_its_own_machine_goes_on_asking_it() -> None:
    own = ForestSpec("alpha.test", systems=(SystemSpec("mim", "mim1.alpha.test"),))
    chosen = targets.with_systems(((own, SERVICE), (BRAVO, SERVICE)), ["mim=mim1.bravo.test"])
    assert hosts(chosen) == {"alpha.test": ["mim1.alpha.test"], "bravo.test": ["mim1.bravo.test"]}
    assert asked(chosen, "alpha.test", "mim")


def test_what_the_file_names_with_its_port_is_not_named_again_without() -> None:
    own = ForestSpec("alpha.test", systems=(SystemSpec("sql", "sql1.alpha.test", port=14330),))
    ((forest, _),) = targets.with_systems(((own, SERVICE),), ["sql=sql1.alpha.test"])
    assert forest.systems == own.systems


def test_a_forest_of_which_nothing_else_is_asked_keeps_the_machine() -> None:
    only_sync = (Profile("sync", "sync", tuple(row for row in built_in()["pcns"].rows if row.target == "sync")),)
    chosen = targets.with_systems(((ALPHA, only_sync), (BRAVO, only_sync)), ["sync=192.0.2.1"])
    assert hosts(chosen) == {"alpha.test": ["192.0.2.1"], "bravo.test": ["192.0.2.1"]}


def test_the_authority_of_the_command_line_wins_over_the_files(tmp_path: Path) -> None:
    given = tmp_path / "root.pem"
    given.write_text(PEM, encoding="ascii")
    (forest,) = targets.trusting((ForestSpec("alpha.test", ca_file=Path("other.pem")),), given)
    assert forest.ca_file == given
    assert targets.trusting((ALPHA,), None) == (ALPHA,)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_without_a_certificate_is_one_line(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "root.pem"
    if content is not None:
        file.write_text(content, encoding="ascii")
    with pytest.raises(ConfigError, match=r"--ca-file: .*root\.pem: (no such file|holds no PEM)"):
        targets.trusting((ALPHA,), file)


def test_a_schedule_names_the_authority_by_its_full_path(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("root.pem").write_text(PEM, encoding="ascii")
    assert run(["schedule", "--for", "cron", "contoso.com", "--ca-file", "root.pem"]) == 0
    assert f"--ca-file {shlex.quote(str(tmp_path / 'root.pem'))}" in capsys.readouterr().out
