"""Where the formats go: pairs of -f and -o, written atomically; what is left goes to stdout."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from portcheck.cli.pairing import owners
from portcheck.cli.streams import say, show
from portcheck.cli.suffixes import of_suffix
from portcheck.config import ConfigError, nearest
from portcheck.files.writing import (
    STDOUT,
    Content,
    WriteError,
    gathered,
    is_replaced,
    refuse_unwritable,
    write_whole,
)
from portcheck.frozen import dataclass
from portcheck.net.platform import console
from portcheck.render import FORMATS, IN_PIECES
from portcheck.render.shared.options import Options, for_stream, is_terminal
from portcheck.run.ending import ENDING

if TYPE_CHECKING:
    from portcheck.model import Report

TABLE, JSON = "table", "json"


@dataclass(frozen=True, slots=True)
class OutputWish:
    """One format and its file; None: stdout."""

    name: str
    path: Path | None


def wishes(
    formats: Sequence[str], outputs: Sequence[Path], save: Path | None = None, order: str = ""
) -> tuple[OutputWish, ...]:
    """What `check` writes: the formats asked for, the table where none of them goes to stdout, `save` as JSON."""
    alone = save == STDOUT and not formats and not outputs
    found = [] if alone else paired(formats, outputs, FORMATS, TABLE, order)
    if save != STDOUT and all(wish.path is not None for wish in found):
        found.append(OutputWish(TABLE, None))
    if save is not None:
        if save != STDOUT:
            check_writable(save, "--save")
        found.append(OutputWish(JSON, _unless_stdout(save)))
    return writable(found)


def paired(
    formats: Sequence[str], outputs: Sequence[Path], known: Collection[str], usual: str, order: str
) -> list[OutputWish]:
    """Each -o belongs to the -f before it, by the order they came in (`pairs`); without one its suffix chooses."""
    unknown = [name for name in formats if name not in known]
    if unknown:
        raise ConfigError(f"--format: unknown format {unknown[0]!r}{nearest(unknown[0], known)}")
    if (order.count("f"), order.count("o")) != (len(formats), len(outputs)):  # not noted, or misread
        order = "f" * len(formats) + "o" * len(outputs)
    paths: dict[int, Path] = {}
    by_suffix: list[OutputWish] = []
    for place, path in zip(owners(order), outputs, strict=True):
        name = of_suffix(path, known) if place is None or not formats else None
        if name is not None:
            by_suffix.append(OutputWish(name, _unless_stdout(path)))
        elif place is None:
            raise ConfigError(f"--output: {path} has no --format of its own")
        else:
            paths[place] = path
    names = list(formats) or ([] if by_suffix and not paths else [usual])
    return [
        *(OutputWish(name, _unless_stdout(paths.get(place))) for place, name in enumerate(names)),
        *by_suffix,
    ]


def _unless_stdout(path: Path | None) -> Path | None:
    return None if path == STDOUT else path


def writable(found: Sequence[OutputWish]) -> tuple[OutputWish, ...]:
    """Refused before any work is done when a file could not be written."""
    if sum(wish.path is None for wish in found) > 1:
        raise ConfigError("--format: only one format can go to stdout; give the others a file with --output")
    for wish in found:
        if wish.path is not None:
            check_writable(wish.path)
    check_distinct([wish.path for wish in found if wish.path is not None])
    return tuple(found)


def check_distinct(paths: Sequence[Path]) -> None:
    """A file holds one format; what cannot be replaced, such as a pipe, may be written to twice."""
    regular = [path for path in paths if is_replaced(path)]
    files = [os.path.realpath(path) for path in regular]
    for path, file in zip(regular, files, strict=True):
        if files.count(file) > 1:
            raise ConfigError(f"--output: {path} is named more than once; give each format a file of its own")


def check_writable(path: Path, option: str = "--output") -> None:
    try:
        refuse_unwritable(path)
    except WriteError as error:
        raise ConfigError(f"{option}: {error}") from None


def files_first(wanted: Sequence[OutputWish]) -> tuple[list[OutputWish], list[OutputWish]]:
    """What goes to files, and what goes to the screen."""
    return [wish for wish in wanted if wish.path is not None], [wish for wish in wanted if wish.path is None]


def write(report: Report, wanted: Sequence[OutputWish], screen: Options) -> bool:
    """All of them; a file that fails does not keep the others, or the screen, from getting theirs. False if one did.

    The screen comes last: OSError where it fails.
    """
    written = True
    for wish in sorted(wanted, key=lambda wish: wish.path is None):
        written = put(wish, _content(wish.name, report, screen if wish.path is None else for_file(screen))) and written
    return written


def _content(name: str, report: Report, options: Options) -> Content:
    if name in IN_PIECES:
        return IN_PIECES[name](report, options)
    text = FORMATS[name](report, options)
    return text if text.endswith("\n") or not text else text + "\n"


def put(wish: OutputWish, text: Content) -> bool:
    """One text to its place; a file that cannot be written is a line, and False. Bytes go to files alone."""
    if wish.path is None:
        if isinstance(text, bytes):
            raise ConfigError(
                f"{wish.name} is no text for a terminal or a pipe; give it a file (-o request.{wish.name})"
            )
        show(text if isinstance(text, str) else gathered(text), for_programs=wish.name != TABLE)
        return True
    try:
        put_file(wish.path, text)
    except WriteError as error:
        say(str(error))
        return False
    return True


def put_file(path: Path, content: Content) -> None:
    """To its end, whoever tells the program to end meanwhile: nothing half is left. A stream may have no reader, and is
    not waited for. Raises WriteError."""
    with ENDING.keeping if is_replaced(path) else nullcontext():
        write_whole(path, content)


def for_file(screen: Options) -> Options:
    return Options(verbose=screen.verbose, accessible=screen.accessible)


def screen_options(*, no_color: bool, verbose: int, quiet: bool, accessible: bool) -> Options:
    if sys.stdout is not None and is_terminal(sys.stdout) and not console.obeys_escapes(sys.stdout):
        no_color = True
    return for_stream(
        sys.stdout, color=False if no_color else None, verbose=verbose, quiet=quiet, accessible=accessible
    )
