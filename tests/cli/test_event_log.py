"""Notices into the event log of Windows: which event it is, and that nothing else has to be installed for it."""

from __future__ import annotations

import codecs
from dataclasses import replace
from pathlib import Path

import pytest
from factories import check, outcome, report

from portcheck.automation import alerting, event_log, notify
from portcheck.config import ConfigError
from portcheck.model import State, Verdict
from portcheck.report.compare import compare

URL = "eventlog://portcheck"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, int]]:
    """A log that takes everything, and no apprise on this machine."""
    log: list[tuple[str, int, int]] = []
    monkeypatch.setattr(event_log, "HERE", True)
    monkeypatch.setattr(event_log, "write", lambda *event: log.append(event) is None)
    monkeypatch.setattr(alerting.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setenv(alerting.SECRET, URL)
    return log


@pytest.mark.parametrize(
    ("exit_code", "kind", "number"),
    [
        (0, event_log.INFORMATION, 100),
        (1, event_log.ERROR, 101),
        (3, event_log.WARNING, 102),
    ],
)
def test_a_run_is_an_event_of_its_own_kind(
    written: list[tuple[str, int, int]], exit_code: int, kind: int, number: int
) -> None:
    run = report(outcome(check(), State.FILTERED, verdict=Verdict.FAIL), exit_code=exit_code)
    assert not [*alerting.prepared(alerting.Alert(alerting.When.ALWAYS)).about(run)]
    ((said, *event),) = written
    assert event == [kind, number]
    assert said.startswith("portcheck on ")
    assert "alpha.test" in said


def test_a_digest_is_information(written: list[tuple[str, int, int]]) -> None:
    assert not [*alerting.in_any_case(None).send("the week", "was quiet\n")]
    assert written == [("the week\r\n\r\nwas quiet\r\n", event_log.INFORMATION, 110)]


def test_a_change_goes_there_without_a_file_or_a_variable(
    written: list[tuple[str, int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(alerting.SECRET)
    alert = alerting.Alert(alerting.When("eventlog://"))
    notices = alerting.prepared(alert)
    now = outcome(check(), State.FILTERED, verdict=Verdict.FAIL)
    run = report(now, exit_code=1)
    for earlier in (run, report(outcome(check()))):
        assert not [*notices.about(replace(run, compared=compare(earlier, run)))]
    assert not [*notices.about(run)]  # compared with nothing
    assert [event[1:] for event in written] == [(event_log.ERROR, 101)]
    monkeypatch.setattr(event_log, "HERE", False)
    with pytest.raises(ConfigError, match="event log of Windows"):
        alerting.prepared(alert)


def test_a_log_that_does_not_take_it_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "write", lambda *_: False)
    assert list(notify.send([URL], "title", "body")) == ["notice 1 (eventlog) was not delivered"]


def test_an_event_holds_what_windows_takes() -> None:
    assert len(event_log.text("title", "x" * 100_000)) == event_log.LONGEST
    assert "\0" not in event_log.text("a\0b", "c")


def test_elsewhere_and_beside_others_what_is_missing_is_said_before_anything_is_sent(
    written: list[tuple[str, int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    alert = alerting.Alert(alerting.When.ALWAYS)
    monkeypatch.setenv(alerting.SECRET, f"{URL} ntfy://topic")
    with pytest.raises(ConfigError, match="apprise"):
        alerting.prepared(alert)
    monkeypatch.setenv(alerting.SECRET, URL)
    monkeypatch.setattr(event_log, "HERE", False)
    with pytest.raises(ConfigError, match="event log of Windows"):
        alerting.prepared(alert)
    assert not written


@pytest.mark.parametrize("mark", [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (b"", "utf-8")])
def test_a_file_of_urls_is_read_as_powershell_saves_it(tmp_path: Path, mark: tuple[bytes, str]) -> None:
    path = tmp_path / "urls"
    path.write_bytes(mark[0] + "# where to\r\neventlog://portcheck\r\n".encode(mark[1]))
    path.chmod(0o600)
    assert alerting._read(path) == ("eventlog://portcheck",)
