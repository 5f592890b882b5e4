"""All fuzz targets by name, and the seeds of each: small samples of what it takes."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

SEEDS = Path(__file__).parent / "seeds"
HEX = re.compile(r"\s*(?:[0-9a-fA-F]{2}\s*){4,}")
ROOMS = tuple(Path(__file__).parents[1] / room for room in ("wire", "probes"))


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
    """Those kept for it; without any, the samples of a codec's tests, and the examples of a command."""
    kept = [path.read_bytes() for path in sorted((SEEDS / name).glob("*"))]
    return kept or [*_examples(name.removeprefix("command-")), *_samples(name)]


def _examples(command: str) -> Iterator[bytes]:
    from portcheck.exitcodes import EXAMPLES

    for line in EXAMPLES.get(command, ()):
        yield "\n".join(shlex.split(line)[2:]).encode()


def _samples(codec: str) -> Iterator[bytes]:
    """Bytes and hex that stand in the tests called as the codec is."""
    for path in (room / f"test_{codec}.py" for room in ROOMS):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if path.exists() else ():
            if isinstance(node, ast.Constant) and isinstance(node.value, bytes):
                yield node.value
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and HEX.fullmatch(node.value):
                yield bytes.fromhex(node.value)
