"""Each finding in the few words of a conclusion, and whose matter it is (brief.toml)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from portcheck.frozen import dataclass
from portcheck.model import AskedOf


@dataclass(frozen=True, slots=True)
class Brief:
    """A finding's row. With `ports` the words say what is done through them, else what is wrong."""

    words: str
    of: AskedOf
    ports: str = ""  # how the ports are: blocked, refused, open; empty: they are not told
    follows: bool = False  # may be left out where another fault of the forest is told
    untold: str = ""  # in place of the words where it is not told whose reset it was


@cache
def briefs() -> Mapping[str, Brief]:
    """By the finding's code."""
    rows = tomllib.loads((Path(__file__).parent / "brief.toml").read_text(encoding="utf-8"))
    return {
        code: Brief(
            row["brief"], AskedOf(row["of"]), row.get("ports", ""), row.get("follows", False), row.get("untold", "")
        )
        for code, row in rows.items()
    }


def brief_of(code: str) -> Brief:
    """Of a code that is not known, from a newer version's report, the code itself."""
    return briefs().get(code) or Brief(code.replace("-", " "), AskedOf.AD)
