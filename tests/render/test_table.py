"""The summary on the screen: golden pages to read, and what holds for every page."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from factories import check, finding, outcome, report
from rich.cells import cell_len

from portcheck.model import Expected, Report, Severity, State, Verdict
from portcheck.render import FORMATS
from portcheck.render.shared.options import Options

from . import samples

GOLDEN = Path(__file__).parent / "golden"
PAGES: dict[str, tuple[Callable[[], Report], Options]] = {
    "three-forests": (samples.three_forests, Options()),
    "three-forests-quiet": (samples.three_forests, Options(quiet=True)),
    "three-forests-accessible": (samples.three_forests, Options(accessible=True)),
    "outcomes-alone": (samples.outcomes_alone, Options()),
    "dead-host-and-dns": (samples.dead_host_and_dns, Options()),
    "dead-host-and-dns-40-ascii": (samples.dead_host_and_dns, Options(width=40, ascii=True)),
    "dead-host-and-dns-accessible": (samples.dead_host_and_dns, Options(accessible=True)),
    "with-evidence": (samples.with_evidence, Options(verbose=1)),
    "many-controllers": (samples.many_controllers, Options()),
}
table = FORMATS["table"]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_reads_as_its_golden_file(name: str) -> None:
    """`GOLDENS=write` writes the pages anew, to be read before they are committed."""
    build, options = PAGES[name]
    page, file = table(build(), options), GOLDEN / f"{name}.txt"
    if os.environ.get("GOLDENS") == "write":
        file.write_text(page, encoding="utf-8")
        pytest.skip("written; read it")
    assert page == file.read_text(encoding="utf-8")


def test_what_this_machine_could_not_tell_stands_with_the_evidence() -> None:
    told = samples.with_evidence()
    told = replace(told, vantage=replace(told.vantage, limits=("whose reset it was",)))
    assert "This machine could not tell: whose reset it was" in table(told, Options(verbose=1))
    assert "could not tell" not in table(samples.with_evidence(), Options(verbose=1))


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("verbose", [0, 1])
def test_no_line_is_wider_than_the_terminal(width: int, verbose: int) -> None:
    for build in (samples.three_forests, samples.dead_host_and_dns, samples.with_evidence, samples.many_controllers):
        for line in table(build(), Options(width=width, verbose=verbose)).splitlines():
            assert cell_len(line) <= width, line


def test_without_colour_there_are_no_escapes_and_with_it_the_words_are_the_same() -> None:
    bare = table(samples.three_forests(), Options())
    coloured = table(samples.three_forests(), Options(color=True))
    assert "\x1b" not in bare
    assert "\x1b[" in coloured
    assert without_sgr(coloured) == bare


def test_colour_ends_where_its_words_end() -> None:
    coloured = table(samples.three_forests(), Options(color=True))
    assert "\x1b[1;31m2 faults\x1b[0m, 12 of 16 as expected\n" in coloured
    assert "\x1b[1mcdc1\x1b[0m: ICMP administratively prohibited" in coloured


def without_sgr(text: str) -> str:
    first, *rest = text.split("\x1b[")
    return first + "".join(part.partition("m")[2] for part in rest)


def test_in_ascii_nothing_else_is_printed_and_every_verdict_still_has_its_own_mark() -> None:
    page = table(samples.dead_host_and_dns(), Options(ascii=True))
    assert page.isascii()
    assert "  dc1   ++   +?   +" in page
    assert "  dc2   XX   XX   X" in page


def test_findings_come_worst_first_and_before_the_matrix() -> None:
    told = [
        finding("a", severity=Severity.INFO, title="A note"),
        finding("b", severity=Severity.WARNING, title="A warning"),
        finding("c", severity=Severity.ERROR, title="A fault"),
    ]
    page = table(report(outcome(), findings=tuple(told)), Options())
    places = [page.index(words) for words in ("✖ A fault", "! A warning", "i A note", "dc1  10.77.1.1")]
    assert places == sorted(places)


def test_a_request_is_announced_once() -> None:
    for fix in ("Allow tcp 464.", "Ask the firewall team: allow tcp 464."):
        page = table(report(outcome(), findings=(finding(fix=fix),)), Options())
        assert page.lower().count("ask") == page.count("\nask  ") == 1


def test_what_is_expected_closed_and_answers_is_said_to_be_so() -> None:
    subject = check("smb/tcp", expected=Expected.CLOSED)
    page = table(report(outcome(subject, State.OK, verdict=Verdict.FAIL)), Options())
    assert "445/tcp  ok  dc1: answered; expected closed" in page


def test_an_interrupted_run_says_so() -> None:
    stopped = replace(samples.three_forests(), interrupted=True)
    assert "Interrupted" in table(stopped, Options())
    assert "interrupted" in table(stopped, Options(accessible=True))


def test_hosts_with_several_addresses_are_told_apart() -> None:
    both = [
        outcome(check(address=address), State.FILTERED, verdict=Verdict.FAIL) for address in ("10.77.1.1", "fd00::1")
    ]
    page = table(report(*both), Options())
    assert "dc1 [10.77.1.1], dc1 [fd00::1]: no answer" in page
    assert "  dc1  fd00::1" in page


def test_a_run_without_forests_and_one_without_outcomes_can_be_shown() -> None:
    assert "0 checks" in table(report(), Options())
    nothing = replace(samples.three_forests(), outcomes=(), findings=())
    assert "? alpha.test: could not be told" in table(nothing, Options())


def test_the_page_is_the_same_however_the_environment_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    before = table(samples.three_forests(), Options())
    for name, value in {"COLUMNS": "33", "FORCE_COLOR": "1", "TERM": "dumb", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    assert table(samples.three_forests(), Options()) == before
    assert "\x1b[" in table(samples.three_forests(), Options(color=True))


def test_tries_that_differ_make_no_further_line_and_what_is_behind_a_dead_mapper_does_not_work() -> None:
    silent = [
        outcome(
            check("kpasswd/udp", f"dc{n}.alpha.test"), State.FILTERED, reason=f"no answer to {n + 2} requests in 4.0 s"
        )
        for n in (1, 2)
    ]
    behind = [
        outcome(check("rpc-samr/tcp", "dc1.alpha.test"), State.OK),
        outcome(
            check("rpc-samr/tcp", "dc2.alpha.test"), State.SKIPPED, verdict=Verdict.SKIP, facts={"mapper_silent": True}
        ),
    ]
    page = table(report(*silent, *behind), Options(width=120))
    assert page.count("464/udp") == 1
    assert "dc1, dc2: no answer to 3 to 4 requests in 4.0 s" in page
    assert "works on 1 of 2: rpc-samr" in table(report(*silent, *behind), Options(width=120, verbose=1))


def test_hosts_that_are_silent_alike_share_a_line() -> None:
    services = ("ldap/tcp", "kerberos/tcp", "smb/tcp")
    dead = [outcome(check(name, f"dc{n}.alpha.test"), State.FILTERED) for n in (1, 2) for name in services]
    page = table(report(*dead), Options(width=120))
    assert "dc1  10.77.1.1, dc2  10.77.1.2: nothing answers: 3 filtered" in page
