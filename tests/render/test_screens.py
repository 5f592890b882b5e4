"""The screens of twelve situations, as a person reads them: the end says what is wrong, what to ask for, what to do."""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from factories import finding, outcome, report
from rich.cells import cell_len

from portcheck.model import AskedOf, Comparison, Destination, FindingChange, Report, Request, Severity, Turn, Verdict
from portcheck.render import FORMATS
from portcheck.render.report.ending import ROWS
from portcheck.render.shared.options import Options

from .situations import SITUATIONS

GOLDEN = Path(__file__).parent / "golden" / "screens"
WIDTHS = (40, 80, 200)
SMALL_TERMINAL = 24
table = FORMATS["table"]


@cache
def built(name: str) -> Report:
    return SITUATIONS[name].build()


@cache
def screen(name: str, width: int) -> str:
    return table(built(name), Options(width=width))


def last(page: str) -> list[str]:
    """What a small terminal shows when all is printed, the prompt in its last row."""
    return page.splitlines()[-(SMALL_TERMINAL - 1) :]


def ending(page: str) -> list[str]:
    """The last block."""
    lines = page.splitlines()
    blank = max(number for number, line in enumerate(lines) if not line)
    return lines[blank + 1 :]


def unwrapped(lines: list[str]) -> str:
    return re.sub(r"\s+", " ", " ".join(lines))


def told(lines: list[str], words: str) -> bool:
    """Wherever the lines were broken, also between ports."""
    return re.sub(r"\s", "", words) in re.sub(r"\s", "", "".join(lines))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", SITUATIONS)
def test_a_screen_reads_as_its_golden_file(name: str, width: int) -> None:
    """`GOLDENS=write` writes the screens anew, to be read before they are committed."""
    page, file = screen(name, width), GOLDEN / f"{name}-{width}.txt"
    if os.environ.get("GOLDENS") == "write":
        file.write_text(page, encoding="utf-8")
        pytest.skip("written; read it")
    assert page == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", SITUATIONS)
def test_the_last_rows_hold_the_whole_conclusion_and_what_to_ask_for(name: str, width: int) -> None:
    page, situation = screen(name, width), SITUATIONS[name]
    assert len(ending(page)) <= ROWS < SMALL_TERMINAL
    assert last(page)[-len(ending(page)) :] == ending(page)
    for words in (*situation.concludes, *situation.asks):
        assert told(ending(page), words), words
    asked = [line for line in ending(page) if line.startswith("ask  ")]
    assert bool(asked) is bool(situation.asks)


@pytest.mark.parametrize("name", SITUATIONS)
def test_no_sentence_stands_twice_on_a_screen(name: str) -> None:
    page = table(built(name), Options(width=10_000))
    sentences = (part.strip(" .✖✔!i?") for line in page.splitlines() for part in re.split(r"(?<=[.;]) ", line))
    counted = Counter(part for part in sentences if len(re.findall(r"[A-Za-z][\w-]+", part)) > 4)
    assert [part for part, count in counted.items() if count > 1] == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", SITUATIONS)
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    assert [line for line in screen(name, width).splitlines() if cell_len(line) > width] == []


@pytest.mark.parametrize("name", SITUATIONS)
def test_quiet_says_the_conclusion_and_the_request_alone_and_nothing_of_what_is_well(name: str) -> None:
    page = table(built(name), Options(quiet=True))
    assert page.splitlines() == [line for line in page.splitlines() if line in ending(screen(name, 80))]
    assert bool(page) is bool(SITUATIONS[name].asks)
    assert "✔" not in page


@pytest.mark.parametrize("name", SITUATIONS)
def test_by_ear_the_conclusion_comes_first_and_no_word_is_said_twice_in_a_row(name: str) -> None:
    page = table(built(name), Options(accessible=True))
    first = page.splitlines()[0]
    assert first.startswith("Forest")
    assert told(page.splitlines()[:8], SITUATIONS[name].concludes[0])
    assert re.findall(r"\b([A-Za-z]{2,})[:,.]? \1\b", page) == []
    assert not set("✖✔→–·") & set("".join(page.splitlines()[0]) + "".join(re.findall("What to ask.*", page))) - {"–"}


def test_the_worst_forest_comes_first_and_among_equals_the_order_is_the_reports() -> None:
    page = ending(screen("founding", 80))
    assert [line.split()[1] for line in page if line[0] in "✖!✔"] == [
        "bravo.test",
        "corp.charlie.example",
        "alpha.test",
    ]


def test_forty_dead_controllers_are_one_line_of_the_matrix_and_a_range_in_every_sentence() -> None:
    page = screen("forty-dead", 80)
    assert page.count("\n  d100–d139 (40) ") == 1
    assert "d101" not in page


def test_hosts_that_are_no_row_of_numbers_are_counted_where_they_are_alike() -> None:
    hosts = [f"{name}.alpha.test" for name in ("oslo", "rome", "bonn", "nice", "york", "lima", "bern", "kyiv")]
    page = table(report(*(outcome(replace(outcome("ldap/tcp").check, host=host)) for host in hosts)), Options())
    assert "  8 alike " in page


def many_asks(count: int) -> Report:
    """As many findings of as many hosts, each with a request in words."""
    told = [
        finding(
            "rights-missing",
            title=f"alpha.test: the account lacks right {n}",
            fix=fix,
            asks=(Request(AskedOf.AD, words=fix),),
        )
        for n in range(count)
        for fix in (f"Ask the AD team to grant right number {n}, which the synchronisation of this directory needs.",)
    ]
    return report(outcome(), findings=tuple(told))


def test_requests_that_find_no_room_at_the_end_are_said_with_their_findings_and_no_other() -> None:
    page = table(many_asks(40), Options(width=40))
    assert len(ending(page)) <= ROWS
    shown, rest = unwrapped(ending(page)), unwrapped(page.splitlines()[: -len(ending(page))])
    assert "more, said with the" in shown
    for number in range(40):
        words = f"right number {number},"
        assert (words in shown) is not (words in rest)


def test_of_very_many_places_the_first_are_asked_for_and_the_rest_counted() -> None:
    asks = [
        Request(
            AskedOf.FIREWALL, ("10.0.0.1",), (Destination(f"h{n}", f"10.9.{n}.1"),), (str(1000 + 2 * n),), words="x"
        )
        for n in range(60)
    ]
    told = [finding(forest="alpha.test", asks=(ask,), fix="Ask the firewall team: allow it.") for ask in asks]
    page = table(report(outcome(), findings=tuple(told)), Options(width=60))
    assert len(ending(page)) <= ROWS
    assert re.search(r"and \d+ places more", unwrapped(ending(page)))
    assert "10.9.0.1 tcp 1000" in unwrapped(ending(page))


def test_many_forests_in_trouble_are_named_where_there_is_no_room_to_say_more() -> None:
    told = [finding(forest=f"f{n:02}.example", title=f"fault {n}", hosts=(f"d1.f{n:02}.example",)) for n in range(40)]
    outcomes = [outcome(replace(outcome().check, forest=f"f{n:02}.example")) for n in range(40)]
    page = table(report(*outcomes, findings=tuple(told)), Options())
    assert len(ending(page)) <= ROWS
    assert "more forests: f" in unwrapped(ending(page))


def test_changes_are_a_line_a_forest() -> None:
    gone = FindingChange(Turn.GONE, "alpha.test", "kpasswd-blocked", "It was so", Severity.ERROR)
    run = replace(built("healthy"), compared=Comparison("2026-11-21T10:00:00.000Z", findings=(gone,)))
    page = table(run, Options())
    assert "Changed since 2026-11-21 10:00 +00:00" in page
    assert "alpha.test: 1 finding gone" in page
    assert "It was so" not in page


def test_where_the_run_is_kept_nowhere_no_command_is_told_that_would_need_it() -> None:
    page = unwrapped(ending(table(built("founding"), Options(run="", again=" -c lab.toml"))))
    assert "request" not in page
    assert "next portcheck watch -c lab.toml --until ok" in page
    assert "--report run.json" in unwrapped(ending(table(built("founding"), Options(run="run.json"))))


def test_detail_comes_with_v_and_the_timelines_of_what_is_well_with_two() -> None:
    pages = [table(built("founding"), Options(verbose=level)) for level in range(3)]
    assert ["works:" in page for page in pages] == [False, True, True]
    assert [page.count("kpasswd 464/tcp: filtered") for page in pages] == [0, 2, 2]
    assert ["dc1.alpha.test ldap 389/tcp: ok" in page for page in pages] == [False, False, True]
    assert all(ending(page)[-5:] == ending(pages[0])[-5:] for page in pages)


@pytest.mark.parametrize(("facts", "said"), [({"udp_unproven": True}, "silent"), ({}, "blocked")])
def test_a_silence_that_proves_no_block_is_called_none_at_the_end(facts: dict[str, object], said: str) -> None:
    silent = outcome("kpasswd/udp", "filtered", verdict=Verdict.WARN, facts=facts)
    told_by = finding("kpasswd-udp-blocked", severity=Severity.WARNING, hosts=("dc1",), checks=(silent.check.id,))
    page = table(report(outcome("kpasswd/tcp"), silent, findings=(told_by,)), Options(width=80))
    assert f"464 udp {said} – passwords" in "\n".join(ending(page))
