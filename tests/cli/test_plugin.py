"""check_portcheck: the guidelines' own words for what is asked, for how long, and from where on it is bad."""

from __future__ import annotations

from dataclasses import replace

import pytest
from factories import check, outcome, report

from portcheck.cli.plugin_ranges import alerts, is_range
from portcheck.commands import check_portcheck as plugin
from portcheck.model import Report, State


@pytest.mark.parametrize(
    ("text", "quiet", "loud"),
    [
        ("10", (0, 10), (-1, 11)),
        ("10:", (10, 999), (9,)),
        ("~:10", (-99, 10), (11,)),
        ("10:20", (10, 20), (9, 21)),
        ("@10:20", (9, 21), (10, 20)),
    ],
)
def test_ranges_mean_what_the_guidelines_say(text: str, quiet: tuple[int, ...], loud: tuple[int, ...]) -> None:
    assert is_range(text)
    assert [alerts(value, text) for value in (*quiet, *loud)] == [False] * len(quiet) + [True] * len(loud)


@pytest.mark.parametrize("text", ["forests.toml", "/etc/x", "", "@", "1,2", "10:20:30"])
def test_what_is_no_range_is_none(text: str) -> None:
    assert not is_range(text)


def test_its_options_are_those_of_check_in_other_words() -> None:
    words = plugin.translated(
        ["-H", "alpha.test", "--hostname=bravo.test", "-t", "50", "-w0", "-c", "5", "--dns", "::1"]
    )
    assert words == plugin.PluginWords(("alpha.test", "bravo.test", "--deadline", "50s", "--dns", "::1"), "0", "5")
    assert plugin.translated(["-c", "lab.toml"]) == plugin.PluginWords(("-c", "lab.toml"))


def test_a_mistake_is_unknown_and_points_to_its_own_help(capsys: pytest.CaptureFixture[str]) -> None:
    for bad in (["-w", "many"], ["-H"], ["--nope"]):
        assert plugin.run(bad) == 3
        said = capsys.readouterr().out
        assert said.startswith("PORTCHECK UNKNOWN - ")
        assert "(see check_portcheck --help)" in said


def test_its_help_is_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert plugin.run(["--help"]) == 3
    said = capsys.readouterr().out
    assert said.startswith("check_portcheck [-H TARGET]")
    assert "Usage: portcheck" not in said


def run_of(bad: int) -> Report:
    seen = [outcome(check("ldap/tcp", f"dc{n}.alpha.test"), State.FILTERED if n < bad else State.OK) for n in range(10)]
    return report(*seen)


@pytest.mark.parametrize(
    ("bad", "warning", "critical", "code"),
    [(0, "", "", 0), (1, "", "", 2), (1, "0", "5", 1), (6, "0", "5", 2), (1, "2", "5", 0), (6, "2", "", 1)],
)
def test_thresholds_decide_where_they_are_given(bad: int, warning: str, critical: str, code: int) -> None:
    assert plugin.judged(run_of(bad), plugin.PluginWords((), warning, critical)) == code


def test_what_could_not_be_told_stays_unknown_whatever_the_thresholds() -> None:
    assert plugin.judged(replace(run_of(0), interrupted=True), plugin.PluginWords((), "0", "5")) == 3
