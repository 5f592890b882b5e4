"""What a probe is made of: its row, its file, its codec, its test. A step left out is told by the file it lacks."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from portcheck.catalogue.services import GENERIC, services

ROOT = Path(__file__).parents[2]
ROW = "portcheck/catalogue/services.toml"
CODECS = sorted(path.stem for path in (ROOT / "portcheck/wire").glob("[!_]*.py"))
SOURCES = [path for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__)]
TESTS = [path.read_text(encoding="utf-8") for path in SOURCES]
PARTS = [path.read_text(encoding="utf-8") for path in (ROOT / "portcheck/wire").glob("[!_]*.py")]
"""A codec that is a part of another is tested by way of it."""


def offered(file: str) -> set[str]:
    """The services that a file of probes/ asks; none: it asks nothing itself."""
    return {probe.name for probe in getattr(import_module(f"portcheck.probes.{file}"), "PROBES", ())}


HELD = sorted(path.stem for path in (ROOT / "portcheck/probes").glob("[!_]*.py") if path.stem != "registry")
FILES = {file: names for file in HELD if (names := offered(file))}


def lacking(root: Path = ROOT) -> list[str]:
    """For each service, the file that is not there or does not offer it."""
    rows = {name: f"portcheck/probes/{row.probe}.py" for name, row in services().items()}
    without = [f"{file}: no file, for {name}" for name, file in rows.items() if not (root / file).exists()]
    offers = {name: f"portcheck/probes/{file}.py" for file, names in FILES.items() for name in names}
    return without + [
        f"{file}: no Probe called {name} in PROBES" for name, file in rows.items() if offers.get(name) != file
    ]


def test_each_row_has_its_probe_and_each_probe_its_row() -> None:
    assert lacking() == []
    unlisted = {name: file for file, names in FILES.items() for name in names - {*services(), *GENERIC}}
    assert unlisted == {}, f"{ROW}: no row [{', '.join(unlisted)}]"
    from portcheck.probes.registry import PROBES  # late: it fails where a row has no file, and says less

    assert set(PROBES) == {*services(), *GENERIC}


def test_a_row_without_its_file_is_told_by_the_files_name(tmp_path: Path) -> None:
    assert "portcheck/probes/ldap.py: no file, for gc" in lacking(tmp_path)


@pytest.mark.parametrize("codec", CODECS)
def test_each_codec_is_tested_beside_it_or_with_its_probe(codec: str) -> None:
    told = re.compile(
        rf"^from portcheck\.wire(?:\.{codec} import |(?:\.\w+)? import (?:\([^)]*|.*)\b{codec}\b)", re.MULTILINE
    )
    assert any(map(told.search, (*TESTS, *PARTS))), (
        f"tests/wire/test_{codec}.py: nothing tests portcheck/wire/{codec}.py"
    )


@pytest.mark.parametrize("file", sorted(FILES))
def test_each_probe_is_asked_by_name(file: str) -> None:
    named = [name for name in FILES[file] if any(re.search(rf'"{name}["/]', text) for text in TESTS)]
    assert named, f"tests/probes/test_{file}.py: nothing asks {' or '.join(sorted(FILES[file]))} by name"
