"""The script for a real Windows: what it runs exists, and so does every name of ours in its Python part."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest
import tree_sitter_powershell
from tree_sitter import Language, Parser

HERE = Path(__file__).parent
PAGE = (HERE / "windows.md").read_text(encoding="utf-8")
SCRIPT = (HERE / "windows.ps1").read_text(encoding="utf-8")
PARTS = (HERE / "windows_parts.py").read_text(encoding="utf-8")


def test_the_script_is_powershell() -> None:
    tree = Parser(Language(tree_sitter_powershell.language())).parse(SCRIPT.encode())
    assert not tree.root_node.has_error


def test_the_script_asks_for_parts_that_there_are() -> None:
    asked = re.search(r"foreach \(\$part in (.*?)\)", SCRIPT)
    assert asked is not None
    for part in re.findall(r"'(\w+)'", asked[1]):
        assert f'"{part}": ' in PARTS


def test_the_parts_use_only_names_that_exist() -> None:
    tree = ast.parse(PARTS)
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
    assert {name for name, _ in used} == set(ours)
    assert [(name, attribute) for name, attribute in used if not hasattr(ours[name], attribute)] == []


@pytest.mark.parametrize("named", sorted(set(re.findall(r"`(net/(?:\w+/)?\w+\.py)`", PAGE))))
def test_a_file_it_names_is_there(named: str) -> None:
    assert (HERE.parent / "portcheck" / named).is_file()
