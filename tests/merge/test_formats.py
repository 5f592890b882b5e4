"""The matrix in every format, to JSON and back, and what the other commands make of it."""

from __future__ import annotations

import csv
import io
import json
import time
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from factories import finding
from hypothesis import given, settings
from strategies import reports

from portcheck.cli.app import run
from portcheck.merge.findings import Wanted, exit_code, explained
from portcheck.merge.gather import Sourced, gathered
from portcheck.merge.one_place import report_of
from portcheck.merge.to_json import from_json, to_json
from portcheck.model import ForestReport, Lookup, State
from portcheck.render.merged import FORMATS
from portcheck.render.merged.html import headline
from portcheck.render.merged.rows import matrices
from portcheck.render.shared.options import Options
from portcheck.report import to_json as report_json

from .places import merged, place, saw

SCHEMA = json.loads((files("portcheck") / "schema" / "merged-1.json").read_text(encoding="utf-8"))
EVIL = "</script><img src=x onerror=alert(1)>\x1b[31m=cmd|' /C calc'!A0\u202e"


def three() -> object:
    asks = finding(title="kpasswd is blocked", checks=("alpha.test/dc1.alpha.test/10.77.1.1/kpasswd/tcp/464",))
    return merged(
        place("client", saw("kpasswd/tcp", "ok"), saw("ldap/tcp", "ok"), number=1),
        place("dmz", saw("kpasswd/tcp", "ok"), saw("ldap/tcp", "ok"), number=2),
        place(
            "branch",
            saw("kpasswd/tcp", "filtered", "10.0.9.1", facts={"local_address": "10.200.0.3"}),
            saw("ldap/tcp", "ok"),
            findings=(asks,),
            number=3,
        ),
    )


def saved(folder: Path) -> list[str]:
    names = []
    for one in ("client", "dmz", "branch"):
        path = folder / f"{one}.json"
        report_json.save(path, report_of(three(), one))
        names.append(str(path))
    return names


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone of a process cannot be set here")
@pytest.mark.parametrize("name", ["table", "markdown", "html"])
def test_people_read_the_time_on_their_wall_and_its_offset(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("TZ", "JST-9")
    time.tzset()
    try:
        shown = FORMATS[name](three(), Options())
    finally:
        monkeypatch.undo()
        time.tzset()
    assert "+09:00" in shown
    assert " UTC" not in shown


def test_the_contract_of_the_json() -> None:
    document = to_json(three())
    jsonschema.validate(document, SCHEMA)
    assert document["schema"] == "portcheck.merged/1"
    assert [v["name"] for v in document["vantages"]] == ["branch", "client", "dmz"]
    (cell,) = (c for c in document["cells"] if c["service"] == "kpasswd")
    assert cell["states"] == {"branch": "filtered", "client": "ok", "dmz": "ok"}
    assert cell["verdicts"] == {"branch": "fail", "client": "pass", "dmz": "pass"}


@settings(deadline=None, max_examples=40)
@given(reports)
def test_any_report_merges_comes_back_and_is_drawn(one: object) -> None:
    whole = explained(gathered([Sourced(one, "a"), Sourced(one, "b")]), Wanted())
    document = json.loads(json.dumps(to_json(whole), allow_nan=False))
    jsonschema.validate(document, SCHEMA)
    assert to_json(from_json(document)) == to_json(whole)
    for name in FORMATS:
        assert isinstance(FORMATS[name](whole, Options()), str)


ONE_PLACE = (State.FILTERED, State.ERROR, State.OK)


@pytest.mark.parametrize("state", ONE_PLACE)
@pytest.mark.parametrize("beside", ["alone", "two forests of one name", "a place that is old"])
def test_what_one_place_alone_can_see_is_no_minor_fault(state: State, beside: str) -> None:
    """No place contradicts it, so comparing tells nothing of it: the forest is judged by it, as the exit code is."""
    places = [place("b", saw("kpasswd/tcp", state), number=2)]
    if beside == "two forests of one name":
        asked = Lookup("dc1.alpha.test", "A", "10.0.0.53", "ok", ("10.9.9.9",))
        other = replace(asked, answers=("10.77.1.1",))
        forests = [(ForestReport("alpha.test", ("mim",), (), (one,)),) for one in (asked, other)]
        elsewhere = saw("ldap/tcp", "ok", check={"address": "10.9.9.9"})
        places = [replace(places[0], forests=forests[1]), place("a", elsewhere, number=1, forests=forests[0])]
    elif beside == "a place that is old":
        places.append(place("a", saw("ldap/tcp", "ok"), number=1, started="2026-11-01T00:00:00Z"))
    whole = merged(*places)
    bad = state is not State.OK
    assert exit_code(whole) == int(state is State.FILTERED)
    (forest,) = matrices(whole)
    expected = {State.FILTERED: "not as expected", State.ERROR: "not all of it could be asked"}
    if bad:
        assert forest.words == expected[state]
        assert headline(whole)[1] == "not all is as expected"
    else:
        assert forest.words in {"minor faults", "as expected from everywhere"}
        assert headline(whole)[1] != "not all is as expected"


def test_csv_has_a_row_for_each_place_and_check() -> None:
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"](three(), Options()))))
    assert len(rows) == 6
    (row,) = (r for r in rows if r["vantage"] == "branch" and r["service"] == "kpasswd")
    assert (row["state"], row["findings"], row["blocked_after"]) == ("filtered", "differs-by-vantage", "10.0.9.1")


def test_prometheus_tells_each_place_and_takes_no_series_twice() -> None:
    text = FORMATS["prometheus"](three(), Options())
    series = [line.rpartition(" ")[0] for line in text.splitlines() if not line.startswith("#")]
    assert len(series) == len(set(series))
    assert 'portcheck_check_success{vantage="branch",forest="alpha.test"' in text
    assert 'portcheck_vantage_findings{forest="alpha.test",code="differs-by-vantage",severity="error"} 1' in text


@pytest.mark.parametrize("name", ["table", "markdown", "html"])
def test_people_read_what_differs(name: str) -> None:
    text = FORMATS[name](three(), Options(width=100))
    assert "works from client, dmz, not from branch" in " ".join(text.split())
    assert "branch" in text


def test_the_table_fits_its_width_with_many_places() -> None:
    many = merged(*(place(f"place-{n:03}", saw("ldap/tcp", "ok" if n % 2 else "filtered")) for n in range(60)))
    lines = FORMATS["table"](many, Options(width=80)).splitlines()
    assert max(map(len, lines)) <= 80


def test_nothing_hostile_survives_any_format() -> None:
    evil = merged(
        place(EVIL, saw("kpasswd/tcp", "filtered", EVIL, reason=EVIL, check={"host": EVIL})),
        place("client", saw("kpasswd/tcp", "ok", check={"host": EVIL})),
    )
    for name in FORMATS:
        text = FORMATS[name](evil, Options())
        assert "\x1b" not in text, name
        assert "\u202e" not in text, name
    assert "<img" not in FORMATS["html"](evil, Options())


def test_the_command_writes_every_format_and_says_what_it_leaves_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = saved(tmp_path)
    (tmp_path / "torn.json").write_text('{"schema": "portcheck.report/1", "vant', encoding="utf-8")
    page = tmp_path / "page.html"
    assert run(["merge", str(tmp_path), "-f", "html", "-o", str(page), "-f", "json"]) == 1
    said = capsys.readouterr()
    assert len(said.err.splitlines()) == 1
    assert "torn.json is left out: not JSON" in said.err
    document = json.loads(said.out)
    assert [v["report"] for v in document["vantages"]] == sorted(names)
    assert any(f["code"] == "vantage-missing" for f in document["findings"])
    assert "default-src" in page.read_text(encoding="utf-8")


def test_not_one_report_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["merge", str(tmp_path / "nothing.json")]) == 2
    assert "not one report" in capsys.readouterr().err
    assert run(["merge", str(tmp_path)]) == 2


def test_a_merged_report_merges_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = saved(tmp_path)
    both, alone = tmp_path / "both.merged", names[2]
    run(["merge", *names[:2], "-f", "json", "-o", str(both)])
    assert run(["merge", str(both), alone, "-f", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert [v["name"] for v in document["vantages"]] == ["branch", "client", "dmz"]
    assert document["cells"] == to_json(three())["cells"]


def test_request_groups_the_sources_of_all_places(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two = merged(
        *(
            place(
                name,
                saw("kpasswd/tcp", "filtered", "10.0.9.1", facts={"local_address": f"10.200.0.{number}"}),
                saw("ldap/tcp", "ok"),
                number=number,
            )
            for number, name in enumerate(("branch", "plant"), 3)
        )
    )
    path = tmp_path / "merged.json"
    path.write_text(json.dumps(to_json(two)), encoding="utf-8")
    assert run(["request", str(path), "-f", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (rule,) = document["rules"]
    assert rule["sources"] == ["10.200.0.3", "10.200.0.4"]
    assert rule["ports"] == [{"transport": "tcp", "from": 464, "to": 464}]


def test_diff_and_history_take_merged_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTCHECK_STATE_DIR", str(tmp_path / "state"))
    names = saved(tmp_path)
    before, after = tmp_path / "before.merged", tmp_path / "after.merged"
    run(["merge", *names, "-f", "json", "-o", str(before), "--history"])
    report_json.save(
        names[2], report_of(merged(place("branch", saw("kpasswd/tcp", "ok"), saw("ldap/tcp", "ok"))), "branch")
    )
    run(["merge", *names, "-f", "json", "-o", str(after), "--history"])
    capsys.readouterr()
    assert run(["diff", str(before), str(after), "--json"]) == 1
    changes = json.loads(capsys.readouterr().out)["changes"]
    assert [(c["check"], c["before"], c["after"]) for c in changes] == [
        ("alpha.test from branch/dc1.alpha.test/10.77.1.1/kpasswd/tcp/464", "filtered", "ok")
    ]
    assert run(["diff", "1", "last"]) == 1
    assert "alpha.test from branch" in capsys.readouterr().out
    assert run(["history"]) == 0
    assert "merged: branch, client, dmz" in " ".join(capsys.readouterr().out.split())
    assert run(["history", str(before)]) == 0
    assert "works from client, dmz, not from branch" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("given", "word"),
    [(["--expect", ""], "--expect"), (["--stale", "soon"], "--stale"), (["--fail-on", "changed"], "--fail-on")],
)
def test_a_mistake_is_one_line_and_2(given: list[str], word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["merge", "x.json", *given]) == 2
    said = capsys.readouterr().err
    assert word in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    "broken",
    [
        {"schema": "portcheck.merged/2"},
        {"vantages": "none"},
        {"vantages": [], "cells": []},
        {"cells": [{}]},
        {"vantages": [{"name": "a", "host": "a", "addresses": [], "started": "x"}] * 2},
    ],
)
def test_a_broken_merged_report_is_named_and_left_out(
    broken: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = saved(tmp_path)
    path = tmp_path / "broken.merged"
    path.write_text(json.dumps({**to_json(three()), **broken}), encoding="utf-8")
    assert run(["merge", names[0], str(path), "-f", "json"]) == 3
    assert "broken.merged is left out: " in capsys.readouterr().err
    assert run(["diff", str(path), str(path)]) == 2
    assert run(["request", str(path)]) == 2
