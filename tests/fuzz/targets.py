"""All fuzz targets by name, and the seeds of each: small samples of what it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from fuzz.codecs import CODECS, read_all
from fuzz.commands import LINES
from fuzz.files import FILES

SEEDS = Path(__file__).parent / "seeds"
TARGETS: Mapping[str, Callable[[bytes], object]] = {**{name: read_all(name) for name in CODECS}, **FILES, **LINES}


def seeds(name: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((SEEDS / name).glob("*"))]
