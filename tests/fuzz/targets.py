"""All fuzz targets by name, and the seeds of each: small samples of what it takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

SEEDS = Path(__file__).parent / "seeds"


def target(name: str) -> Callable[[bytes], object]:
    """Loads no more of the program than the target runs: coverage costs a second a hundred lines."""
    from fuzz.codecs import CODECS, read_all

    if name in CODECS:
        return read_all(name)
    from fuzz.files import FILES

    if name in FILES:
        return FILES[name]
    from fuzz.commands import LINES

    return LINES[name]


def names() -> list[str]:
    from fuzz.codecs import CODECS
    from fuzz.commands import LINES
    from fuzz.files import FILES

    return [*CODECS, *FILES, *LINES]


def seeds(name: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((SEEDS / name).glob("*"))]
