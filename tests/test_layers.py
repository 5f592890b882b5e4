"""Who may import whom: the table of ARCHITECTURE.md, held against the imports, late and typing-only ones too."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).parents[1]
PACKAGE = PROJECT / "portcheck"
MODULES = sorted(PACKAGE.rglob("*.py"))
ROW = re.compile(r"^\| `(\w+)` \| (.+) \|$", re.MULTILINE)
LATE_ROW = re.compile(r"^\| (`.+`) \| .+ \|$", re.MULTILINE)
LATE_THEMSELVES = {"__main__", "cli.explaining", "model", "catalogue.packaging"}
"""What answers before all else is loaded, a face of names, and what runs where a package is made."""
LOOSE = {"__init__", "__main__", "exitcodes", "frozen"}
"""The only modules that lie at the top."""
MOST_LINES = 360
ONLY_HERE = {
    "socket": {"net", "server", "exporter"},
    "ssl": {"net", "server", "exporter"},
    "ldap3": {"net"},
    "dns.asyncresolver": {"net"},
    "rich": {"render", "cli", "commands"},
    "typer": {"cli", "commands"},
    "asyncio": {
        "net",
        "asking",
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
    rows = ROW.findall(text[text.index("## Who may import whom") : text.index("## What is loaded late")])
    return {row: set(re.findall(r"`(\w+)`", told)) for row, told in rows}


@cache
def parsed(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


@cache
def nodes(module: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(parsed(module)))


@cache
def imports(module: Path) -> frozenset[str]:
    return frozenset(name for node in nodes(module) for name in told(node))


def of_ours(module: Path) -> set[str]:
    return {name.removeprefix("portcheck.") for name in imports(module) if name.startswith("portcheck.")} & NAMES


def told(node: ast.AST) -> Iterator[str]:
    """What one statement imports, our own modules by their full names."""
    if isinstance(node, ast.Import):
        yield from (name.name for name in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        ours = (f"{node.module}.{name.name}" for name in node.names)
        yield from (full if full.removeprefix("portcheck.") in NAMES else node.module for full in ours)


def at_once(module: Path) -> set[str]:
    """What loading it loads: not what stands in functions, and not what is there for the types alone."""

    def walk(nodes: Sequence[ast.stmt]) -> Iterator[str]:
        for node in nodes:
            if isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test):
                yield from walk([*node.body, *node.orelse])
            elif isinstance(node, ast.Try):
                yield from walk(node.body)
            else:
                yield from told(node)

    return set(walk(parsed(module).body))


@cache
def in_functions(module: Path) -> set[str]:
    functions = (node for node in nodes(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {name for function in functions for node in ast.walk(function) for name in told(node)}


@cache
def loaded_late() -> set[str]:
    text = (PROJECT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rows = LATE_ROW.findall(text[text.index("## What is loaded late") : text.index("## Where do I put")])
    return {name for row in rows for name in re.findall(r"`([\w.]+)`", row)}


def under(name: str, other: str) -> bool:
    return name == other or name.startswith(f"{other}.")


def wrong(of: Callable[[Path], object]) -> dict[str, object]:
    """What is wrong with each module, by its file: for all of them at once, there are hundreds."""
    return {str(module.relative_to(PROJECT)): found for module in MODULES if (found := of(module))}


def test_every_room_has_its_row_and_every_row_its_room() -> None:
    rooms = {room(name_of(module)) for module in MODULES} - LOOSE - {""}
    assert set(allowed()) == rooms


def test_each_module_imports_what_its_row_allows() -> None:
    table = allowed()

    def forbidden(module: Path) -> set[str]:
        own = room(name_of(module))
        if own in {"", "__main__"}:
            return set()
        return {room(name) for name in of_ours(module)} - {own, "", "exitcodes", "frozen"} - table.get(own, set())

    assert wrong(forbidden) == {}


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


def test_what_is_imported_in_a_function_is_in_the_table_of_the_late() -> None:
    def unlisted(module: Path) -> set[str]:
        if name_of(module) in LATE_THEMSELVES:
            return set()
        late = {name.removeprefix("portcheck.") for name in in_functions(module)}
        return {name for name in late if not any(under(name, allowed) for allowed in loaded_late())}

    assert wrong(unlisted) == {}


def test_nothing_is_imported_late_that_the_module_has_loaded_anyway() -> None:
    graph = {name_of(module): at_once(module) for module in MODULES}

    def loaded_with(name: str) -> set[str]:
        found, left = set[str](), {f"portcheck.{name}"}
        while left:
            new = {other for one in left for other in graph.get(one.removeprefix("portcheck."), ())}
            packages = {one.rpartition(".")[0] for one in new if one.startswith("portcheck.")}
            left = (new | packages) - found
            found |= left
        return found

    pointless = {
        (name_of(module), name) for module in MODULES for name in in_functions(module) & loaded_with(name_of(module))
    }
    assert pointless == set()


def test_the_table_of_the_late_names_nothing_that_is_loaded_at_once_everywhere() -> None:
    late = {name.removeprefix("portcheck.") for module in MODULES for name in in_functions(module)}
    assert {allowed for allowed in loaded_late() if not any(under(name, allowed) for name in late)} == set()


def test_the_table_itself_goes_one_way() -> None:
    table = allowed()
    assert {(one, other) for one, others in table.items() for other in others if one in table[other]} == set()


def test_only_the_rooms_for_it_use_it() -> None:
    def out_of_place(module: Path) -> set[str]:
        touched = {only for name in imports(module) for only in ONLY_HERE if under(name, only)}
        return {name for name in touched if room(name_of(module)) not in ONLY_HERE[name]}

    assert wrong(out_of_place) == {}


def test_no_class_name_stands_for_two_things() -> None:
    found: dict[str, set[str]] = {}
    for module in MODULES:
        for node in nodes(module):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, set()).add(name_of(module))
    assert {name: places for name, places in found.items() if len(places) > 1} == {}


def test_each_module_is_short_and_says_what_it_is_for() -> None:
    def long_or_mute(module: Path) -> list[str]:
        lines = len(module.read_text(encoding="utf-8").splitlines())
        mute = [] if ast.get_docstring(parsed(module)) else ["says not what it is for"]
        return [*mute, *([f"{lines} lines"] if lines > MOST_LINES else [])]

    assert wrong(long_or_mute) == {}


def test_each_dataclass_is_made_the_fast_way() -> None:
    def slow(module: Path) -> str:
        if name_of(module) == "frozen":
            return ""
        froms = (node for node in nodes(module) if isinstance(node, ast.ImportFrom))
        names = {name.name for node in froms if node.module == "dataclasses" for name in node.names}
        return "from portcheck.frozen import dataclass" if "dataclass" in names else ""

    assert wrong(slow) == {}
