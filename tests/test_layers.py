"""Who may import whom: the table of ARCHITECTURE.md, held against the imports, late and typing-only ones too."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
PACKAGE = PROJECT / "portcheck"
MODULES = sorted(PACKAGE.rglob("*.py"))
ROW = re.compile(r"^\| `(\w+)` \| (.+) \|$", re.MULTILINE)
LOOSE = {"__init__", "__main__", "exitcodes"}
"""The only modules that lie at the top."""
ONLY_HERE = {
    "socket": {"net", "server", "exporter"},
    "ssl": {"net", "server", "exporter"},
    "ldap3": {"net"},
    "dns.asyncresolver": {"net"},
    "rich": {"render", "cli", "commands"},
    "typer": {"cli", "commands"},
    "asyncio": {
        "net",
        "run",
        "targets",
        "probes",
        "investigate",
        "signin",
        "request",
        "server",
        "exporter",
        "cli",
        "commands",
    },
}


def name_of(module: Path) -> str:
    parts = module.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(module) for module in MODULES}


def room(name: str) -> str:
    return name.partition(".")[0]


def allowed() -> dict[str, set[str]]:
    text = (PROJECT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rows = ROW.findall(text[text.index("## Who may import whom") : text.index("## Where do I put")])
    return {row: set(re.findall(r"`(\w+)`", told)) for row, told in rows}


def imports(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            ours = (f"{node.module}.{name.name}" for name in node.names)
            yield from (full if full.removeprefix("portcheck.") in NAMES else node.module for full in ours)


def of_ours(module: Path) -> set[str]:
    return {name.removeprefix("portcheck.") for name in imports(module) if name.startswith("portcheck.")} & NAMES


def under(name: str, other: str) -> bool:
    return name == other or name.startswith(f"{other}.")


def ids(module: Path) -> str:
    return str(module.relative_to(PACKAGE))


def test_every_room_has_its_row_and_every_row_its_room() -> None:
    rooms = {room(name_of(module)) for module in MODULES} - LOOSE - {""}
    assert set(allowed()) == rooms


@pytest.mark.parametrize("module", MODULES, ids=ids)
def test_each_module_imports_what_its_row_allows(module: Path) -> None:
    own = room(name_of(module))
    if own in {"", "__main__"}:
        return
    wanted = {room(name) for name in of_ours(module)} - {own, "", "exitcodes"}
    assert wanted - allowed().get(own, set()) == set()


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = {name_of(module): of_ours(module) - {name_of(module)} for module in MODULES}
    done: set[str] = set()

    def follow(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join((*path, name))
        if name not in done:
            for other in sorted(graph[name]):
                follow(other, (*path, name))
            done.add(name)

    for name in sorted(graph):
        follow(name, ())


def test_the_table_itself_goes_one_way() -> None:
    table = allowed()
    assert {(one, other) for one, others in table.items() for other in others if one in table[other]} == set()


@pytest.mark.parametrize("module", MODULES, ids=ids)
def test_only_the_rooms_for_it_use_it(module: Path) -> None:
    touched = {only for name in imports(module) for only in ONLY_HERE if under(name, only)}
    assert {name for name in touched if room(name_of(module)) not in ONLY_HERE[name]} == set()


def test_no_class_name_stands_for_two_things() -> None:
    found: dict[str, set[str]] = {}
    for module in MODULES:
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, set()).add(name_of(module))
    assert {name: places for name, places in found.items() if len(places) > 1} == {}


@pytest.mark.parametrize("module", MODULES, ids=ids)
def test_each_module_is_short_and_says_what_it_is_for(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 360
    assert ast.get_docstring(ast.parse(text))
