"""Several command lines in one start of Windows' Python, which costs more than most of them: what each wrote, as bytes.

    python -m tests.wine.several        a JSON list of command lines on stdin; on stdout a list of [code, out, err]

Each has standard streams of its own, which are files: Python opens them as it opens redirected ones.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from portcheck import __main__ as program

STREAMS = {1: "stdout", 2: "stderr"}


def one(words: Sequence[str]) -> tuple[int, str, str]:
    with tempfile.TemporaryDirectory() as folder:
        files = {number: Path(folder) / name for number, name in STREAMS.items()}
        with redirected(1, files[1], "strict"), redirected(2, files[2], "backslashreplace"):
            sys.argv = ["portcheck", *words]
            program._prepare_streams()
            code = program._guarded(program._command)
        out, err = (base64.b64encode(path.read_bytes()).decode() for path in files.values())
    return code, out, err


@contextmanager
def redirected(number: int, path: Path, errors: str) -> Iterator[None]:
    """The stream of this number, and Python's name for it."""
    name, kept = STREAMS[number], os.dup(number)
    before = getattr(sys, name)
    before.flush()
    with path.open("wb") as file:
        os.dup2(file.fileno(), number)
    with open(number, "w", errors=errors, closefd=False) as stream:
        setattr(sys, name, stream)
        try:
            yield
        finally:
            setattr(sys, name, before)
    os.dup2(kept, number)
    os.close(kept)


if __name__ == "__main__":
    json.dump([one(words) for words in json.load(sys.stdin)], sys.stdout)
