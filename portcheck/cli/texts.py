"""Where a plan or a change request goes: pairs of -f and -o; what has no file goes to stdout."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import typer

from portcheck.cli.outputs import Wish, check_writable
from portcheck.config import ConfigError, nearest
from portcheck.store import StoreError, write_whole

CANNOT_WRITE = 3


def wishes(formats: Sequence[str], outputs: Sequence[Path], known: Collection[str], usual: str) -> tuple[Wish, ...]:
    """The n-th -o belongs to the n-th -f. Refused before any work is done when a file could not be written."""
    names = list(formats) or [usual]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConfigError(f"--format: unknown format {unknown[0]!r}{nearest(unknown[0], known)}")
    if len(outputs) > len(names):
        raise ConfigError(f"--output: {outputs[len(names)]} has no --format of its own")
    found = tuple(Wish(name, outputs[n] if n < len(outputs) else None) for n, name in enumerate(names))
    if sum(wish.path is None for wish in found) > 1:
        raise ConfigError("--format: only one format can go to stdout; give the others a file with --output")
    for wish in found:
        if wish.path is not None:
            check_writable(wish.path)
    return found


def write(wanted: Sequence[Wish], text_of: Callable[[str], str]) -> int:
    """All texts are made before the first is written; a file that fails does not keep the others from theirs."""
    made = [(wish, text_of(wish.name)) for wish in wanted]
    code = 0
    for wish, text in made:
        if wish.path is None:
            sys.stdout.write(text)
            sys.stdout.flush()
            continue
        try:
            write_whole(wish.path, text)
        except StoreError as error:
            typer.echo(f"portcheck: {error}", err=True)
            code = CANNOT_WRITE
    return code
