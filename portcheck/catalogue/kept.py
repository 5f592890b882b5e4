"""The small data files of the catalogue, read from one copy of JSON that packaging makes beside them.

A file that has changed since is read itself: what the copy has of it is known by its checksum.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

HERE = Path(__file__).parent
COPY = HERE / "kept.json"
FILES = ("services.toml", "own.toml", "endpoints.toml", "profiles/*.toml")


def read(name: str) -> dict[str, Any]:
    """The values of a file of this folder, `profiles/mim.toml`; the caller may put keys of its own into them."""
    content = (HERE / name).read_bytes()
    stamp, values = _kept().get(name, (None, {}))
    if stamp == crc32(content):
        return dict(values)
    import tomllib  # late: the copy is the usual case

    return tomllib.loads(content.decode())


def copy() -> Path:
    """Write the copy; for packaging."""
    COPY.unlink(missing_ok=True)
    _kept.cache_clear()
    found = sorted(path for pattern in FILES for path in HERE.glob(pattern))
    names = [path.relative_to(HERE).as_posix() for path in found]
    values = {name: (crc32((HERE / name).read_bytes()), read(name)) for name in names}
    COPY.write_text(json.dumps(values, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    _kept.cache_clear()
    return COPY


@cache
def _kept() -> Mapping[str, tuple[int, Mapping[str, Any]]]:
    return json.loads(COPY.read_bytes()) if COPY.is_file() else {}
