"""What every screen keeps, whatever is asked for: the same order in every run, the reader's own time, one word for one
thing, the conclusion of `discover` at its end."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from factories import check, outcome, report
from rich.cells import cell_len

from portcheck.model import State, Verdict
from portcheck.model.events import Landed, Planned, Started
from portcheck.render import FORMATS, discover
from portcheck.render.live.board import Board
from portcheck.render.report.ending import ROWS
from portcheck.render.shared.grid import Pending
from portcheck.render.shared.options import Options

from .situations import SITUATIONS
from .test_screens import ending, told

ROOT = Path(__file__).parents[2]
ALL_OF_THEM = """
import sys
sys.path[:0] = ["tests"]
from render.situations import SITUATIONS
from portcheck.render import FORMATS, discover
from portcheck.render.shared.options import Options
for name in SITUATIONS:
    if name != "thirty-by-forty":
        run = SITUATIONS[name].build()
        for render in (*FORMATS.values(), discover.render):
            for options in (Options(), Options(verbose=2), Options(accessible=True)):
                print(render(run, options))
"""


def test_findings_and_every_format_are_in_the_same_order_whatever_the_hash_seed() -> None:
    """A set that is walked as it comes shows only from process to process."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", ALL_OF_THEM], cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8",
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        )
        for seed in ("1", "2")
    ]  # fmt: skip
    first, second = (one.communicate()[0] for one in running)
    assert len(first) > 100_000
    assert first == second


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    def enter(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield enter
    monkeypatch.undo()
    time.tzset()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no tzset")
def test_people_read_their_own_time_with_its_offset_and_programs_utc(zone: Callable[[str], None]) -> None:
    run = SITUATIONS["founding"].build()
    zone("Asia/Kolkata")
    for name, options in (("table", Options()), ("table", Options(accessible=True)), ("html", Options())):
        assert "2026-11-23 03:08 +05:30" in FORMATS[name](run, options), name
    assert json.loads(FORMATS["json"](run, Options()))["started"] == run.started
    assert run.started.endswith("Z")
    for name in ("json", "jsonl", "csv", "prometheus", "junit"):
        assert "+05:30" not in FORMATS[name](run, Options()), name


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("name", SITUATIONS)
def test_discover_ends_with_the_conclusion_and_the_request_too(name: str, width: int) -> None:
    situation = SITUATIONS[name]
    page = discover.render(situation.build(), Options(width=width))
    assert len(ending(page)) <= ROWS
    for words in (*(words for words in situation.concludes if words != "all well"), *situation.asks):
        assert told(ending(page), words), words
    assert [line for line in page.splitlines() if cell_len(line) > width] == []


@pytest.mark.parametrize("name", SITUATIONS)
def test_no_sentence_of_discover_stands_twice(name: str) -> None:
    page = discover.render(SITUATIONS[name].build(), Options(width=10_000))
    sentences = (part.strip(" .✖✔!i?") for line in page.splitlines() for part in re.split(r"(?<=[.;]) ", line))
    counted = Counter(part for part in sentences if len(re.findall(r"[A-Za-z][\w-]+", part)) > 5)
    assert [part for part, count in counted.items() if count > 1] == []


def test_a_record_that_nobody_told_of_is_not_called_missing() -> None:
    """Silence is no answer: the record may be there."""
    for name, words, spoken in (
        ("dns-filtered", "✖ NOT TOLD (timeout)", "not told (timeout)"),
        ("srv-missing", "✖ MISSING (nxdomain)", "missing (nxdomain)"),
    ):
        run = SITUATIONS[name].build()
        assert words in discover.render(run, Options())
        assert spoken in discover.render(run, Options(accessible=True))
        assert ("MISSING" in discover.render(run, Options())) is (name == "srv-missing")


def test_with_detail_a_request_is_not_introduced_by_its_own_word() -> None:
    for level in (1, 2):
        page = FORMATS["table"](SITUATIONS["founding"].build(), Options(verbose=level))
        assert "    ask       the firewall team: allow tcp+udp 464" in page
        assert not re.search(r"\bask\s+Ask\b", page)


def test_what_follows_from_another_finding_is_its_title_alone_on_every_screen() -> None:
    run = SITUATIONS["one-of-two-dead"].build()
    follows = next(finding for finding in run.findings if finding.code == "partial-forest")
    pages = [render(run, options) for render in (FORMATS["table"], discover.render)
             for options in (Options(width=500), Options(accessible=True))]  # fmt: skip
    for page in pages:
        assert "some controllers can be reached and others cannot: dc2" in page
        assert follows.explanation.splitlines()[0][:40] not in page
    assert follows.explanation[:40] in FORMATS["table"](run, Options(width=500, verbose=1))


@pytest.mark.parametrize("name", ["one-of-two-dead", "forty-dead"])
def test_one_host_or_many_are_asked_about_as_that(name: str) -> None:
    told_of = FORMATS["table"](SITUATIONS[name].build(), Options(width=500))
    many = "ask  the AD team whether these hosts are up and have these addresses; if so: "
    one = "ask  the AD team whether the host is up and has this address; if so: "
    assert (many in told_of, one in told_of) == ((True, False) if name == "forty-dead" else (False, True))


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        ({"local_port": 4001, "source_ports": [4001]}, {"local_port"}),
        ({"source_ports": [4001, 4002], "source_ports_unanswered": [4001, 4002]}, {"source_ports"}),
        (
            {"local_port": 4002, "source_ports": [4001, 4002], "source_ports_unanswered": [4001]},
            {"local_port", "source_ports", "source_ports_unanswered"},
        ),
    ],
)
def test_people_are_told_the_ports_of_the_tries_once(facts: dict[str, object], shown: set[str]) -> None:
    run = report(outcome("kpasswd/tcp", State.FILTERED, verdict=Verdict.FAIL, facts=facts))
    for page in (FORMATS["table"](run, Options(verbose=1)), FORMATS["html"](run, Options())):
        assert {
            key for key in ("local_port", "source_ports", "source_ports_unanswered") if re.search(rf"\b{key}\b", page)
        } == shown
    assert json.loads(FORMATS["json"](run, Options()))["checks"][0]["facts"] == facts


def test_a_known_fault_stays_one_on_the_board_while_it_is_asked_again() -> None:
    bad = outcome(check("kpasswd/tcp"), State.FILTERED, verdict=Verdict.FAIL)
    board = Board()
    seen = []
    for event in (Planned((bad.check,)), Started(bad.check), Landed(bad), Planned((bad.check,)), Started(bad.check)):
        board.take(event)
        seen.append(board.stands(bad.check))
    assert seen == [Pending.WAITING, Pending.RUNNING, *[Verdict.FAIL] * 3]
    board.take(Landed(replace(bad, state=State.OK, verdict=Verdict.PASS)))
    assert (board.stands(bad.check), board.failed) == (Verdict.PASS, 0)


WORDS_THAT_GO = re.compile(r"opened on the way", re.IGNORECASE)


def test_what_a_device_answers_for_a_host_is_called_intercepted_everywhere() -> None:
    texts = [path for folder in ("portcheck", "docs") for path in (ROOT / folder).rglob("*") if path.is_file()]
    shown = [path for path in (*texts, ROOT / "README.md") if path.suffix in {".py", ".toml", ".md", ".html", ".js"}]
    assert len(shown) > 300
    assert [path.name for path in shown if WORDS_THAT_GO.search(path.read_text(encoding="utf-8"))] == []
    assert "TLS intercepted" in FORMATS["table"](SITUATIONS["intercepted"].build(), Options())
