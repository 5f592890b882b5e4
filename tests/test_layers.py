"""Who may import whom: the table of ARCHITECTURE.md, read from the code's own imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "portcheck"
MODULES = sorted(PACKAGE.rglob("*.py"))
FORBIDDEN = {
    "wire": {
        "asyncio",
        "socket",
        "time",
        "ssl",
        "portcheck.net",
        "portcheck.model",
        "portcheck.probes",
        "rich",
        "typer",
    },
    "model.py": {"portcheck"},
    "net": {"portcheck.wire", "portcheck.probes", "portcheck.run.engine", "portcheck.diagnose", "rich", "typer"},
    "probes": {"portcheck.run.engine", "portcheck.diagnose", "portcheck.render", "rich", "typer"},
    "investigate": {
        "portcheck.run.engine",
        "portcheck.diagnose",
        "portcheck.render",
        "portcheck.run.forest",
        "rich",
        "typer",
    },
    "diagnose": {"portcheck.probes", "portcheck.wire", "portcheck.net", "portcheck.run.engine", "portcheck.render"},
    "render": {"portcheck.net", "portcheck.wire", "portcheck.probes", "portcheck.run.engine"},
    "account": {
        "portcheck.run.engine",
        "portcheck.diagnose",
        "portcheck.render",
        "portcheck.run.forest",
        "portcheck.probes",
        "rich",
        "typer",
    },
    "credentials.py": {"portcheck"},
    "engine.py": {"rich", "typer", "portcheck.diagnose", "portcheck.render"},
    "forecast": {"rich", "typer", "portcheck.diagnose", "portcheck.render", "portcheck.cli"},
    "request": {"rich", "typer", "portcheck.run.engine", "portcheck.probes", "portcheck.diagnose", "portcheck.render"},
    "judge.py": {"portcheck.net", "portcheck.wire", "portcheck.probes"},
    "compare.py": {
        "portcheck.net",
        "portcheck.wire",
        "portcheck.probes",
        "portcheck.diagnose",
        "portcheck.report.to_json",
        "rich",
    },
    "history": {
        "portcheck.net",
        "portcheck.wire",
        "portcheck.probes",
        "portcheck.diagnose",
        "portcheck.render",
        "rich",
    },
    "store.py": {"portcheck.net", "portcheck.wire", "portcheck.diagnose"},
    "responder": {"portcheck.probes", "portcheck.run.engine", "portcheck.net"},
}
ONLY_HERE = {
    "socket": {"net", "responder"},
    "ssl": {"net", "responder"},
    "ldap3": {"net"},
    "dns.asyncresolver": {"net"},
}


def room(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0]


def imports(module: Path) -> Iterator[str]:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def under(name: str, forbidden: str) -> bool:
    return name == forbidden or name.startswith(f"{forbidden}.")


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(PACKAGE)))
def test_each_module_keeps_to_its_layer(module: Path) -> None:
    forbidden = FORBIDDEN.get(room(module), set())
    assert {name for name in imports(module) if any(under(name, other) for other in forbidden)} == set()


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(PACKAGE)))
def test_only_the_rooms_for_it_touch_the_network(module: Path) -> None:
    touched = {name for name in imports(module) for only in ONLY_HERE if under(name, only)}
    allowed = {
        name for name in touched for only, rooms in ONLY_HERE.items() if under(name, only) and room(module) in rooms
    }
    assert touched == allowed


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(PACKAGE)))
def test_each_module_is_short_and_says_what_it_is_for(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 360
    assert ast.get_docstring(ast.parse(text))
