"""Who calls up: the tables of ARCHITECTURE.md, held against a whole check and against what functions are handed."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import climbing
from tests.test_layers import MODULES, PROJECT, name_of, parsed, room

MOST = 3
ROW = re.compile(r"^\| (`.+?`) \| (.+) \| .+ \|$", re.MULTILINE)
NAME = re.compile(r"`([\w.]+)`")
WALKED = {"asking", "automation", "history", "investigate", "probes", "report", "run", "signin", "targets"}
"""The rooms of one check, between its command and what is printed; of `net`, what those above hand it."""
OF_NET = {"net.ldap.channel", "net.network", "net.proxy", "net.stream", "net.udp"}


def tables() -> tuple[dict[str, str], dict[str, set[str]]]:
    """The climbs, by who calls; and by module the names of what it is handed."""
    text = (PROJECT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    text = text[text.index("## What climbs") : text.index("## What is loaded late")]
    climbs, _, handed = text.partition("| where | which |")
    listed: dict[str, set[str]] = {}
    for where, which in ROW.findall(handed):
        for module in NAME.findall(where):
            listed[module] = set(NAME.findall(which))
    return {NAME.findall(who)[0]: what for who, what in ROW.findall(climbs)}, listed


def climbed(folder: Path) -> dict[str, list[str]]:
    """In a check of three forests, two of them with faults, with its second look, its history and its output."""
    environment = os.environ | {"PORTCHECK_STATE_DIR": str(folder / "state"), "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.climbing", str(folder)],
        cwd=PROJECT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "faults" in done.stdout
    found: dict[str, list[str]] = json.loads((folder / "climbs.json").read_text(encoding="utf-8"))
    return found


def test_a_check_climbs_where_the_table_says_and_nowhere_else(tmp_path: Path) -> None:
    listed, _ = tables()
    assert len(listed) <= MOST
    between_rooms = {who for who in listed if not who.startswith("run.")}
    found = climbed(tmp_path)
    assert set(found) == between_rooms, found


@pytest.mark.parametrize(
    ("caller", "called", "climbs"),
    [("asking/host", "run/forest", True), ("net/udp", "probes/dns", True), ("run/forest", "asking/host", False)],
)
def test_a_climb_would_be_seen(caller: str, called: str, climbs: bool) -> None:
    def of(module: str, code: str) -> Any:
        scope: dict[str, Any] = {}
        exec(compile(code, str(climbing.PACKAGE / f"{module}.py"), "exec"), scope)
        return scope["it"]

    tracer = climbing.Tracer()
    call, values = of(caller, "def it(other):\n    return other()"), of(called, "def it():\n    yield 1")()
    done = of(called, "def it():\n    return 2")
    sys.setprofile(tracer)
    try:
        found = call(values.__next__), call(done)
    finally:
        sys.setprofile(None)
    assert found == (1, 2)
    where = {f"{name.replace('/', '.')}.it" for name in (caller, called)}
    assert {name for by, of in tracer.climbs.items() for name in (by, *of)} == (where if climbs else set())


def test_functions_are_handed_down_where_the_table_says_and_nowhere_else() -> None:
    _, listed = tables()
    walked = [m for m in MODULES if room(name_of(m)) in WALKED or name_of(m) in OF_NET]
    assert {name_of(m): names for m in walked if (names := set(handed(parsed(m))))} == listed


def test_a_function_that_is_handed_down_would_be_seen() -> None:
    source = "Ask = Callable[[int], int]\ndef f(ask: Ask | None, n: int) -> None: ...\nclass A:\n    tell: Ask\n"
    assert set(handed(ast.parse(source))) == {"ask", "tell"}
    protocol = "class Ask(Protocol):\n    def __call__(self) -> int: ...\ndef f(ask: Ask) -> None: ...\n"
    assert set(handed(ast.parse(protocol))) == {"ask"}


def handed(tree: ast.Module) -> Iterator[str]:
    """The parameters and fields that are functions."""
    kinds = {"Callable"}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and mentions(node.value, kinds):
            kinds.add(node.targets[0].id)
        elif isinstance(node, ast.ClassDef) and any(getattr(one, "name", "") == "__call__" for one in node.body):
            kinds.add(node.name)
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.annotation is not None and mentions(node.annotation, kinds):
            yield node.arg
        elif isinstance(node, ast.ClassDef):
            fields = (one for one in node.body if isinstance(one, ast.AnnAssign))
            yield from (ast.unparse(one.target) for one in fields if mentions(one.annotation, kinds))


def mentions(node: ast.AST, kinds: set[str]) -> bool:
    return any(isinstance(one, ast.Name) and one.id in kinds for one in ast.walk(node))
