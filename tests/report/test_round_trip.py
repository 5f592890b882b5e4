"""What is saved is what is loaded, and it is what the shipped schema says."""

from __future__ import annotations

import json
import sys
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
from factories import check, finding, outcome, report
from hypothesis import HealthCheck, given, settings
from strategies import reports

from portcheck.files.writing import WriteError
from portcheck.model import BlockedAt, Expected, Need, Report, Severity, Stage, State, Trace, Turn, Verdict
from portcheck.report import to_json

SCHEMA = json.loads((resources.files("portcheck") / "schema" / "report-1.json").read_text(encoding="utf-8"))
VALID = jsonschema.Draft202012Validator(SCHEMA)

CONTRACT = {
    "schema": "portcheck.report/1",
    "tool": {"name": "portcheck", "version": "0.1.0"},
    "vantage": {"host": "mim1", "platform": "linux", "addresses": ["10.77.0.10"]},
    "started": "2026-11-22T21:38:19.123Z",
    "duration_s": 4.41,
    "forests": [{
        "name": "alpha.test", "profiles": ["mim"],
        "domain_controllers": [{
            "host": "dc1.alpha.test", "address": "10.77.1.10", "source": "srv", "site": "Default-First-Site-Name",
            "roles": ["pdc", "gc", "kdc", "writable"], "facts": {},
        }],
    }],
    "checks": [{
        "id": "bravo.test/bdc1.bravo.test/10.77.2.10/kpasswd/udp/464",
        "forest": "bravo.test", "host": "bdc1.bravo.test", "address": "10.77.2.10",
        "service": "kpasswd", "transport": "udp", "port": 464, "required": True, "expected": "open",
        "state": "filtered", "verdict": "fail", "reason": "no answer to 3 requests in 4.0 s",
        "stage": "request", "attempts": 3, "answers": 0, "latency_ms": None, "elapsed_ms": 4000.4,
        "facts": {}, "evidence": [{"at_ms": 0.1, "event": "sent", "detail": "kpasswd request, 270 bytes"}],
        "blocked_at": {"after": "10.77.100.2", "hop": 2},
    }],
    "findings": [{
        "code": "kpasswd-blocked", "severity": "error", "forest": "bravo.test", "hosts": ["bdc1.bravo.test"],
        "title": "…", "explanation": "…", "breaks": ["MIM export: initial password"],
        "errors": ["kerberos-no-logon-server"], "fix": "…", "checks": ["bravo.test/…"],
    }],
    "summary": {"checks": 1, "verdicts": {"fail": 1}, "states": {"filtered": 1}, "exit_code": 1},
}  # fmt: skip
"""The example in the contract, with its summary made true."""


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60, deadline=None)
@given(reports)
def test_any_report_survives_the_file_exactly_and_fits_the_schema(before: Report) -> None:
    text = to_json.dumps(to_json.to_json(before))
    assert to_json.loads(text) == before
    VALID.validate(json.loads(text))
    assert text.isascii()


def test_the_contracts_example_is_valid_is_read_and_written_with_all_its_keys() -> None:
    VALID.validate(CONTRACT)
    written = to_json.to_json(to_json.from_json(CONTRACT))
    assert holds(written, CONTRACT)


def holds(ours: object, theirs: object) -> bool:
    match theirs:
        case dict():
            return isinstance(ours, dict) and all(k in ours and holds(ours[k], v) for k, v in theirs.items())
        case list():
            return isinstance(ours, list) and len(ours) == len(theirs) and all(map(holds, ours, theirs))
    return ours == theirs


def test_every_word_of_the_model_is_in_the_schema_and_no_other() -> None:
    check_schema = SCHEMA["$defs"]["check"]["properties"]
    for words, enum in (
        (State, SCHEMA["$defs"]["state"]["enum"]),
        (Verdict, SCHEMA["$defs"]["verdict"]["enum"]),
        (Severity, SCHEMA["$defs"]["severity"]["enum"]),
        (Need, check_schema["need"]["enum"]),
        (Expected, check_schema["expected"]["enum"]),
        (Turn, SCHEMA["$defs"]["turn"]["enum"]),
        ([*Stage, None], check_schema["stage"]["enum"]),
    ):
        assert list(words) == enum


def test_every_key_that_is_written_is_described() -> None:
    full = report(
        outcome("kpasswd/udp", State.FILTERED, evidence=(Trace(0.1, "sent", "x"),), blocked_at=BlockedAt(after="a")),
        findings=(finding(),),
    )
    written = to_json.to_json(full)
    for one, described in (
        (written, SCHEMA),
        (written["checks"][0], SCHEMA["$defs"]["check"]),
        (written["findings"][0], SCHEMA["$defs"]["finding"]),
        (written["forests"][0], SCHEMA["$defs"]["forest"]),
        (written["forests"][0]["domain_controllers"][0], SCHEMA["$defs"]["domain_controller"]),
    ):
        assert one.keys() == described["properties"].keys()


def test_the_summary_counts_what_is_there() -> None:
    both = report(outcome("kpasswd/udp", State.FILTERED), outcome("ldap/tcp"), outcome("gc/tcp"))
    assert to_json.summary(both) == {
        "checks": 3,
        "verdicts": {"fail": 1, "pass": 2},
        "states": {"filtered": 1, "ok": 2},
        "exit_code": 1,
    }


def test_a_device_that_said_no_and_a_place_where_silence_begins_look_as_in_the_contract() -> None:
    for place, shape in (
        (BlockedAt(by="10.0.0.1"), {"by": "10.0.0.1"}),
        (BlockedAt(after="10.0.0.1", hop=2), {"after": "10.0.0.1", "hop": 2}),
        (
            BlockedAt(after="10.0.0.1", hop=2, suspects=("10.0.0.1", None, "10.0.0.9")),
            {"after": "10.0.0.1", "hop": 2, "suspects": ["10.0.0.1", None, "10.0.0.9"]},
        ),
        (BlockedAt(hop=0), {"after": None, "hop": 0}),
        (None, None),
    ):
        assert to_json.check_to_json(outcome("ldap/tcp", State.REJECTED, blocked_at=place))["blocked_at"] == shape


def test_facts_that_json_cannot_say_become_ones_it_can() -> None:
    odd = outcome(facts={"list": (1, 2), "nan": float("nan"), "state": State.OK, "bytes": b"\x00"})
    assert to_json.check_to_json(odd)["facts"] == {"list": [1, 2], "nan": None, "state": "ok", "bytes": "b'\\x00'"}


def test_a_saved_file_replaces_the_old_one_and_leaves_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "R.json"
    for subject in (report(outcome()), report(outcome(check("gc/tcp"), State.REFUSED))):
        to_json.save(path, subject)
        assert to_json.load(path) == subject
    assert [p.name for p in tmp_path.iterdir()] == ["R.json"]


def test_a_failed_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "R.json"
    path.write_text("old")

    def full_disk(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(WriteError, match=r"R\.json: cannot be written: No space left on device"):
        to_json.save(path, report())
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["R.json"]


@pytest.mark.skipif(sys.platform == "win32", reason="a link takes a right of its own there")
def test_a_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    to_json.save(tmp_path / "link.json", report())
    assert (tmp_path / "link.json").is_symlink()
    assert to_json.load(tmp_path / "real.json") == report()
