"""The registry of formats, and the machine formats' shape."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import resources
from pathlib import Path

import jsonschema
from hypothesis import HealthCheck, given, settings
from strategies import reports

from portcheck.model import Report, Verdict
from portcheck.render import FORMATS
from portcheck.render.shared.grid import RANK, Pending
from portcheck.render.shared.marks import ALL, SEVERITIES, VERDICTS
from portcheck.render.shared.options import Options
from portcheck.report import to_json

from . import samples

SCHEMA = json.loads((resources.files("portcheck") / "schema" / "report-1.json").read_text(encoding="utf-8"))


def test_every_format_renders_a_run_and_ends_its_last_line() -> None:
    for renderer in FORMATS.values():
        assert renderer(samples.three_forests(), Options()).endswith("\n")


def test_each_file_that_renders_a_report_is_a_format_and_each_format_has_its_file() -> None:
    folder = Path(str(resources.files("portcheck.render.report")))
    files = {path: path.stem for path in folder.glob("*.py")} | {p: p.parent.name for p in folder.glob("*/__init__.py")}
    files = {path: name for path, name in files.items() if name != "sentences"}  # the table's, for screen readers
    renders = {name for path, name in files.items() if "\ndef render(" in path.read_text(encoding="utf-8")}
    assert renders - set(FORMATS) == set(), "portcheck/render/__init__.py: not in FORMATS"
    assert [f"portcheck/render/report/{name}.py: no render()" for name in set(FORMATS) - renders] == []


def test_naming_the_formats_imports_none_of_them() -> None:
    code = (
        "import sys, portcheck.render; print([m for m in sys.modules if m.startswith(('rich', 'portcheck.render.'))])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_json_is_the_stored_report_and_fits_the_schema() -> None:
    for build in (samples.three_forests, samples.dead_host_and_dns, samples.with_evidence):
        text = FORMATS["json"](build(), Options())
        jsonschema.validate(json.loads(text), SCHEMA)
        assert to_json.loads(text) == build()


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=30, deadline=None)
@given(reports)
def test_jsonl_has_a_line_each_for_checks_then_findings_then_the_summary(run: Report) -> None:
    lines = [json.loads(line) for line in FORMATS["jsonl"](run, Options()).splitlines()]
    kinds = [line.pop("type") for line in lines]
    assert kinds == ["check"] * len(run.outcomes) + ["finding"] * len(run.findings) + ["summary"]
    document = to_json.to_json(run)
    assert lines[: len(run.outcomes)] == document["checks"]
    assert lines[len(run.outcomes) : -1] == document["findings"]
    assert lines[-1].items() >= document["summary"].items()


def test_every_verdict_and_cell_has_its_look_and_its_rank() -> None:
    assert set(VERDICTS) == set(Verdict)
    assert set(RANK) == {*Verdict, *Pending}


def test_marks_differ_without_colour_in_unicode_and_in_ascii() -> None:
    cells = [mark for mark in ALL if mark not in SEVERITIES.values()]
    for drawn in ([m.sign for m in cells], [m.ascii for m in cells], [m.word for m in cells]):
        assert len(set(drawn)) == len(drawn)
