"""The list of mutants: tables of TOML beside this file, each a place, what is put there, and what that breaks."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: `old` stands exactly once in `file`, and `new` in its place `breaks` something that `tests` know."""

    name: str  # of its list, and its own
    file: str
    old: str
    new: str
    breaks: str  # "calls a refused port filtered": what follows, said of it
    tests: tuple[str, ...]  # paths in the clone

    def applied(self, source: str) -> str:
        """The file's text with the fault; ValueError where its place is not found exactly once."""
        if (found := source.count(self.old)) != 1:
            raise ValueError(f"{self.name}: found {found} times in {self.file}: {self.old!r}")
        return source.replace(self.old, self.new)


def listed() -> list[Mutant]:
    """All of them; a list's first keys hold for each of its tables that does not say otherwise."""
    return [mutant for path in sorted(HERE.glob("*.toml")) for mutant in _of_list(path)]


def _of_list(path: Path) -> list[Mutant]:
    rows = tomllib.loads(path.read_text(encoding="utf-8"))
    usual = {key: rows.pop(key) for key in ("file", "tests") if key in rows}
    made = []
    for name, row in rows.items():
        told = usual | row
        made.append(Mutant(f"{path.stem}-{name}", **{**told, "tests": tuple(told["tests"])}))
    return made
