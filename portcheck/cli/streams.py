"""What a command says on its two streams."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from io import TextIOBase, TextIOWrapper

PATIENCE_S = 5.0
"""An stderr that takes no more for so long, a pipe that nobody reads or a terminal that is held, is left alone."""
STDERR = 2
AT_ONCE = 4096  # bytes that what can be written to takes without waiting: PIPE_BUF, see pipe(7)


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
    """A line on stderr, whatever the name of a file in it holds. Where stderr takes nothing, nobody can be told, and
    nothing waits for it."""
    try:
        import typer  # late, both: most commands have nothing to say

        from portcheck.render.shared.text import printable
    except (MemoryError, ImportError, OSError, SystemError):  # nothing left to load it with
        with suppress(OSError):
            os.write(STDERR, f"portcheck: {words}\n".encode("ascii", "backslashreplace"))
        return

    def told() -> None:
        with suppress(OSError):
            typer.echo(f"portcheck: {printable(words)}", err=True)

    if _takes():
        told()
    elif not _in_time(told):
        leave_stderr()


def _in_time(write: Callable[[], None]) -> bool:
    """Beside the main thread, which has more to do than to wait for a reader."""
    writing = threading.Thread(target=write, name="saying", daemon=True)
    try:
        writing.start()
    except (RuntimeError, MemoryError):  # no thread is left
        write()
        return True
    writing.join(PATIENCE_S)
    return not writing.is_alive()


def leave_stderr() -> None:
    """Somebody still writes to it, and holds it: what is said from now on is said if it is taken at once."""
    sys.stderr = _AtOnce(sys.stderr.encoding)


class _AtOnce(TextIOBase):
    """stderr without waiting, neither for a reader nor for whoever waits for one: what is not taken is lost."""

    def __init__(self, encoding: str | None) -> None:
        self._encoding = encoding or "ascii"

    def write(self, text: str) -> int:
        if _takes():
            with suppress(OSError):
                os.write(STDERR, text.encode(self._encoding, "replace")[:AT_ONCE])
        return len(text)


if sys.platform == "win32":

    def _takes() -> bool:
        """Windows does not tell beforehand."""
        return False

else:
    import select

    def _takes() -> bool:
        ready = select.poll()
        ready.register(STDERR, select.POLLOUT)
        return bool(ready.poll(0))


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
