"""Files that are not reports: one line that names the file and the place, never a traceback."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from factories import outcome, report
from hypothesis import given, settings
from hypothesis import strategies as st

from portcheck.report import to_json

SOUND = json.loads(to_json.dumps(to_json.to_json(report(outcome("kpasswd/udp", "filtered")))))

NOT_JSON = {
    "empty": b"",
    "garbage": b"\xff\xfe\x00",
    "cut short": b'{"schema": "portcheck.report/1", "checks": [',
    "nested too deeply": b"[" * 200_000,
    "a number without end": b'{"schema": ' + b"9" * 10_000 + b"}",
    "not a number": b'{"duration_s": NaN}',
    "a whole number that no float holds": b'{"facts": ' + b"9" * 400 + b"}",
    "a number that is infinite": b'{"facts": 1e999}',
}

WRONG = {
    "report.schema": None,
    "report.duration_s": "long",
    "report.vantage": None,
    "report.vantage.addresses": [1],
    "report.forests": {},
    "report.forests[0]": "alpha.test",
    "report.forests[0].name": 3,
    "report.checks[0].state": "fine",
    "report.checks[0].verdict": {},
    "report.checks[0].port": 65536,
    "report.checks[0].transport": "sctp",
    "report.checks[0].attempts": 1.5,
    "report.checks[0].latency_ms": True,
    "report.checks[0].elapsed_ms": 10**400,
    "report.checks[0].required": "yes",
    "report.checks[0].need": "badly",
    "report.checks[0].facts": [],
    "report.checks[0].evidence": [{}],
    "report.checks[0].blocked_at": "here",
    "report.checks[0].stage": "late",
    "report.findings": [None],
}


def broken(place: str, value: object) -> object:
    document = json.loads(json.dumps(SOUND))
    *path, last = place.removeprefix("report.").replace("[0]", ".0").split(".")
    inner = document
    for step in path:
        inner = inner[int(step)] if step == "0" else inner[step]
    inner[int(last) if last == "0" else last] = value
    return document


@pytest.mark.parametrize("content", NOT_JSON.values(), ids=NOT_JSON.keys())
def test_what_is_not_json_is_one_line_with_the_files_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "R.json"
    path.write_bytes(content)
    with pytest.raises(to_json.StoreError) as caught:
        to_json.load(path)
    assert str(caught.value).startswith(f"{path}: not JSON")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("place", "value"), WRONG.items(), ids=WRONG.keys())
def test_a_wrong_value_is_named_by_its_place(place: str, value: object) -> None:
    with pytest.raises(to_json.StoreError) as caught:
        to_json.from_json(broken(place, value))
    assert str(caught.value).startswith(f"not a portcheck report: {place}")
    assert "\n" not in str(caught.value)


def test_a_sound_document_is_read() -> None:
    assert to_json.from_json(SOUND) == report(outcome("kpasswd/udp", "filtered"))


def test_a_newer_schema_asks_for_an_update_and_another_tools_file_is_said_to_be_one() -> None:
    with pytest.raises(to_json.StoreError, match=r"portcheck\.report/2 was written by a newer portcheck.*update"):
        to_json.from_json(SOUND | {"schema": "portcheck.report/2"})
    with pytest.raises(to_json.StoreError, match=r"schema is 'nmap/1', not 'portcheck\.report/1'"):
        to_json.from_json(SOUND | {"schema": "nmap/1"})


def test_keys_of_a_later_minor_version_are_left_alone() -> None:
    assert to_json.from_json(SOUND | {"weather": "fine"}) == to_json.from_json(SOUND)


def test_facts_nested_without_end_are_refused() -> None:
    facts: object = {}
    for _ in range(40):
        facts = {"in": facts}
    with pytest.raises(to_json.StoreError, match="nested deeper"):
        to_json.from_json(broken("report.checks[0].facts", facts))


def test_files_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    for path, reason in (
        (tmp_path / "missing.json", "No such file or directory"),
        (tmp_path, "Permission denied" if sys.platform == "win32" else "Is a directory"),
        ("R\0.json", "embedded null"),
    ):
        with pytest.raises(to_json.StoreError, match=f"cannot be read: {reason}"):
            to_json.load(path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(SOUND)), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(SOUND)), json_values)
def test_any_value_anywhere_is_read_or_refused_in_one_line(key: str, value: object) -> None:
    assert "\n" not in complaint(SOUND | {key: value})


def complaint(document: object) -> str:
    try:
        to_json.from_json(document)
    except to_json.StoreError as error:
        return str(error)
    return ""
