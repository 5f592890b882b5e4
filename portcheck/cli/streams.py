"""What a command says on its two streams."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from io import TextIOWrapper


def show(text: str | Iterable[str], *, for_programs: bool = False) -> bool:
    """All of it, now, a text or its pieces. A reader who leaves early (`| head`) changes nothing in what the command
    found, or exits with: False, for whom it concerns.

    `for_programs`: in UTF-8 and with the line ends it has, whatever the system's habits are. OSError where it cannot be
    written: a full disk.
    """
    if for_programs and isinstance(sys.stdout, TextIOWrapper) and not sys.stdout.isatty():
        sys.stdout.reconfigure(encoding="utf-8", errors=sys.stdout.errors, newline="\n")
    try:
        pieces = (text,) if isinstance(text, str) else text
        sys.stdout.writelines(pieces if for_programs else map(_in_any_code_page, pieces))
        sys.stdout.flush()
    except BrokenPipeError:
        abandon()
        return False
    return True


def say(words: str) -> None:
    """A line on stderr, whatever the name of a file in it holds. Where stderr takes nothing, nobody can be told."""
    try:
        import typer  # late, both: most commands have nothing to say

        from portcheck.render.shared.text import printable
    except (MemoryError, ImportError, OSError, SystemError):  # nothing left to load it with
        with suppress(OSError):
            os.write(2, f"portcheck: {words}\n".encode("ascii", "backslashreplace"))
        return
    with suppress(OSError):
        typer.echo(f"portcheck: {printable(words)}", err=True)


def _in_any_code_page(text: str) -> str:
    """What Windows redirects, one program reads by the code page of windows (ANSI) and another by that of consoles
    (OEM): of dashes, quotes and dots it gets those that both have."""
    if sys.platform != "win32" or not isinstance(sys.stdout, TextIOWrapper) or sys.stdout.isatty():
        return text
    if sys.stdout.encoding.replace("-", "").lower() == "utf8":  # PYTHONUTF8, or for programs
        return text
    from portcheck.render.shared.text import ASCII

    return text.translate(ASCII)


def abandon() -> None:
    """Keep the interpreter from writing what is left, and from complaining, when it closes stdout."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
