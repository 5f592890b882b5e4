"""Where a plan or a change request goes: pairs of -f and -o, as `outputs` has them; nothing is added to them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import typer

from portcheck.cli.output import OutputWish, paired, put, writable
from portcheck.cli.pairing import ORDER
from portcheck.exitcodes import NOT_DONE, OK


def wishes(
    context: typer.Context, formats: Sequence[str], outputs: Sequence[Path], known: Collection[str], usual: str
) -> tuple[OutputWish, ...]:
    return writable(paired(formats, outputs, known, usual, context.meta.get(ORDER, "")))


def write(wanted: Sequence[OutputWish], text_of: Callable[[str], str | bytes]) -> int:
    """All texts are made before the first is written; a file that fails does not keep the others from theirs."""
    made = [(wish, text_of(wish.name)) for wish in wanted]
    written = [put(wish, text) for wish, text in made]
    return OK if all(written) else NOT_DONE
