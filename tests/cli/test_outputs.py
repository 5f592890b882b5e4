"""Any number of formats out of one run, each whole or not at all; a file that fails loses nothing but itself."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from factories import report
from systems import needs_full_device

from portcheck.cli.app import run
from portcheck.cli.output import OutputWish, wishes
from portcheck.commands.check_portcheck import run as plugin
from portcheck.config import ConfigError
from portcheck.model import Report
from portcheck.render import FORMATS
from portcheck.render.shared.options import Options

FAST = ["check", "127.0.0.1", "--only", "ldap", "--timeout", "100ms"]
BEGINNINGS = {
    "table": "portcheck ",
    "json": '{\n  "schema": "portcheck.report/1"',
    "jsonl": '{"type": "check"',
    "csv": "forest,host,address,",
    "markdown": "# portcheck from ",
    "html": "<!DOCTYPE html>",
    "junit": '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>',
    "nagios": "PORTCHECK CRITICAL - ",
    "prometheus": "# HELP portcheck_build_info ",
}


def pairs(files: dict[str, Path]) -> list[str]:
    return [word for name, path in files.items() for word in ("-f", name, "-o", str(path))]


def test_all_formats_at_once_from_one_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {name: tmp_path / f"run.{name}" for name in FORMATS}
    assert run([*FAST, *pairs(files)]) == 1
    told = {name: path.read_text(encoding="utf-8") for name, path in files.items()}
    assert {name: text[: len(BEGINNINGS[name])] for name, text in told.items()} == BEGINNINGS
    begun = json.loads(told["json"])["started"]
    assert next(csv.DictReader(told["csv"].splitlines()))["started"] == begun
    assert ET.fromstring(told["junit"])[0].get("timestamp") == begun[:19]
    assert f'<time datetime="{begun}">' in told["html"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in files.values())
    assert "127.0.0.1: 1 fault" in capsys.readouterr().out  # all formats have a file, so the screen gets the table


PAIRED = {
    "-f json -o a": ["json a", "table"],
    "-f json -f html -o a": ["html a", "json"],
    "-f json -o a -f html": ["json a", "html"],
    "-f json -f html -o a -o b": ["json a", "html b", "table"],
    "-f json -o a -f csv -f html -o b": ["json a", "html b", "csv"],
    "-o a -f json": ["json a", "table"],
    "-o a": ["table a", "table"],
    "--format=json --output=a": ["json a", "table"],
    "-qfjson -oa": ["json a", "table"],
    "-vf json --output a": ["json a", "table"],
    "-f json -f csv -f html -o a -f junit -o b": "only one format can go to stdout",
    "-f json -o a -o b": "b has no --format of its own",
    "-o a.html": ["html a.html", "table"],
    "-o a.html -o b.json -o c.md": ["html a.html", "json b.json", "markdown c.md", "table"],
    "-f csv -o a -o b.xml": ["csv a", "junit b.xml", "table"],
    "-f json -o a.html": ["json a.html", "table"],
    "-o a.txt -o b.PROM": ["table a.txt", "prometheus b.PROM", "table"],
    "-o a.pdf": "a.pdf: no format is known by .pdf; name one with -f",
    "-f csv -o a -o b.nft": "b.nft: no format is known by .nft",
    "-c -f -f json -o a": "-f: no such file",
    "-o a -o b": "b has no --format of its own",
    "-o a -f csv -o b": "a has no --format of its own",
    "-o a.json -f csv -o b": ["csv b", "json a.json", "table"],
    "-o a.csv -f json -o b.json": ["json b.json", "csv a.csv", "table"],
    "-o a -f json -f csv -o b": ["json a", "csv b", "table"],
    "-o a -o b.xml -f json -f csv": ["json a", "csv b.xml", "table"],
    "-o a -f json -f csv": ["csv a", "json"],
}


@pytest.mark.parametrize("line", PAIRED)
def test_a_file_belongs_to_the_format_before_it(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    taken: list[tuple[OutputWish, ...]] = []

    def note(_report: Report, wanted: tuple[OutputWish, ...], _screen: Options) -> bool:
        taken.append(wanted)
        return True

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("portcheck.commands.check.asked", lambda *_, **__: report())
    monkeypatch.setattr("portcheck.cli.output.write", note)
    run([*FAST, *line.split()])
    if isinstance(PAIRED[line], str):
        assert PAIRED[line] in capsys.readouterr().err
    else:
        assert [" ".join(filter(None, (w.name, w.path and w.path.name))) for wanted in taken for w in wanted] == PAIRED[
            line
        ]


@needs_full_device
@pytest.mark.parametrize("name", FORMATS)
def test_one_that_cannot_be_written_loses_no_other(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, last = tmp_path / "first.json", tmp_path / "last.csv"
    arguments = ["-f", "json", "-o", str(first), "-f", name, "-o", "/dev/full", "-f", "csv", "-o", str(last)]
    assert run([*FAST, *arguments]) == 1
    assert json.loads(first.read_text(encoding="utf-8"))["checks"]
    assert last.read_text(encoding="utf-8").count("\n") == 2
    said = capsys.readouterr()
    assert "portcheck: /dev/full: cannot be written: No space left on device" in said.err.splitlines()
    assert "127.0.0.1: 1 fault" in said.out


@needs_full_device
def test_all_well_but_a_file_missing_is_not_success() -> None:
    never = [*FAST, "--fail-on", "never", "-f", "csv", "-o"]
    assert run([*never, os.devnull]) == 0
    assert run([*never, "/dev/full"]) == 3


def test_an_old_file_stays_whole_until_the_new_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.html"
    path.write_text("old", encoding="utf-8")

    def fails(*_: object, **__: object) -> None:
        assert path.read_text(encoding="utf-8") == "old"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fails)
    assert run([*FAST, "-f", "html", "-o", str(path)]) == 1
    assert path.read_text(encoding="utf-8") == "old"
    assert [left.name for left in tmp_path.iterdir()] == ["run.html"]


def test_the_same_file_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r"
    for formats, files, save in (
        (["json", "csv"], [path, tmp_path / "." / "r"], None),
        (["csv"], [path], path),
    ):
        with pytest.raises(ConfigError, match="more than once"):
            wishes(formats, files, save)
    assert len(wishes(["json", "csv"], [Path(os.devnull)] * 2)) == 3


def test_the_help_names_every_format(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    run(["check", "--help"])
    assert f"{', '.join(FORMATS)}." in capsys.readouterr().out


@needs_full_device
def test_plugin_takes_further_formats_and_says_what_it_could_not_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {"html": tmp_path / "run.html", "csv": Path("/dev/full")}
    assert plugin([*FAST[1:], *pairs(files)]) == 2
    said = capsys.readouterr()
    assert said.out.startswith("PORTCHECK CRITICAL - ")
    assert said.err == "portcheck: /dev/full: cannot be written: No space left on device\n"
    assert files["html"].exists()


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_help_of_a_plugin_is_unknown(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert plugin([flag]) == 3
    assert capsys.readouterr().out.strip()
