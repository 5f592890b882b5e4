"""The page on what to measure on Windows: its programs compile, and every name of ours in them exists."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parent / "windows.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"^measure @'\n(.*?)\n'@$", PAGE, re.DOTALL | re.MULTILINE)


def test_the_page_has_its_programs() -> None:
    assert len(PROGRAMS) == PAGE.count("measure @'") == 3


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_a_program_uses_only_names_that_exist(program: str) -> None:
    tree = ast.parse(program)
    ours = {
        name.name: importlib.import_module(f"{node.module}.{name.name}")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("portcheck.net")
        for name in node.names
    }
    used = {
        (node.value.id, node.attr)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ours
    }
    assert ours
    assert {name for name, _ in used} == set(ours)
    assert [(name, attribute) for name, attribute in used if not hasattr(ours[name], attribute)] == []


@pytest.mark.parametrize("named", sorted(set(re.findall(r"`(net/(?:\w+/)?\w+\.py)`", PAGE))))
def test_a_file_it_names_is_there(named: str) -> None:
    assert (Path(__file__).parents[1] / "portcheck" / named).is_file()
