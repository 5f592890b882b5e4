"""The two entry points. `--version` answers before anything heavy is imported."""

from __future__ import annotations

import gc
import io
import os
import sys

from portcheck import __version__
from portcheck.exitcodes import CLOCK_BEYOND, INTERRUPTED, NOT_DONE, OK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from portcheck.run.ending import Ending

UNKNOWN = 3
COLLECTING = (50_000, 20, 50)
"""When Python looks for circles to throw away. By its own thresholds a quarter of a large run's work is that search."""


def main() -> None:
    """`portcheck`."""
    if sys.argv[1:] == ["--version"]:
        _prepare_streams()
        _show_version()
        return
    _ending().begin()
    gc.set_threshold(*COLLECTING)
    _prepare_streams()
    _leave(_guarded(_command))


def check_portcheck() -> None:
    """`check_portcheck`: the same check as a monitoring plugin (exit 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN)."""
    ending = _ending()
    ending.code, ending.words = UNKNOWN, b"PORTCHECK UNKNOWN - interrupted\n"
    ending.begin()
    gc.set_threshold(*COLLECTING)
    _prepare_streams()
    _leave(_guarded(_plugin))


def _ending() -> Ending:
    """How signals end it; loading that is half of what `--version` would wait for."""
    from portcheck.run.ending import ENDING

    return ENDING


def _command() -> int:
    code = _answer_at_once(sys.argv[1:])
    if code is not None:
        return code
    from portcheck.cli.app import run

    return run(sys.argv[1:])


def _plugin() -> int:
    from portcheck.commands.check_portcheck import run

    return run(sys.argv[1:])


def _guarded(work: Callable[[], int]) -> int:
    """A machine that cannot even load the program: no memory, no descriptors, a clock beyond what Python can tell."""
    try:
        return work()
    except KeyboardInterrupt:  # a prompt was interrupted
        return _ending().code
    except OverflowError:
        words = f"portcheck: {CLOCK_BEYOND}\n"
    except (MemoryError, SystemError, ImportError, OSError) as error:
        why = (
            "not enough memory"
            if isinstance(error, MemoryError | SystemError)
            else getattr(error, "strerror", None) or str(error)
        )
        words = f"portcheck: this machine cannot run it: {why}\n"
    os.write(2, words.encode("ascii", "backslashreplace"))
    return NOT_DONE


def _answer_at_once(arguments: list[str]) -> int | None:
    """`explain` with nothing but words: the catalogue answers before the command line is built."""
    if arguments[:1] != ["explain"]:
        return None
    from portcheck.cli.explaining import at_once

    try:
        return at_once(arguments[1:])
    except OSError:  # a full disk behind stdout: the command line has the words for it
        return None


def _show_version() -> None:
    try:
        print(f"portcheck {__version__}", flush=True)
        if code := _lost_as_well(0):
            os._exit(code)
    except BrokenPipeError:  # nobody reads
        os._exit(OK)
    except OSError:  # a full disk
        os._exit(NOT_DONE)
    except KeyboardInterrupt:
        os._exit(INTERRUPTED)


class _Closed(io.TextIOWrapper):
    """A stream that whoever started us closed. Its number is taken, so that no file gets it: by something that is there
    for reading only, so that who names it as a file is told."""

    lost = False  # whether anything was written

    def __init__(self) -> None:
        super().__init__(open(os.open(os.devnull, os.O_RDONLY), "wb"), "utf-8")  # noqa: PTH123, SIM115 - until the end

    def write(self, text: str) -> int:
        self.lost = self.lost or bool(text)
        return len(text)


def _prepare_streams() -> None:
    """Streams may be closed, or know fewer letters than our texts: neither is worth a result."""
    sys.unraisablehook = lambda _: None  # what Python only complains of, such as a loop that could not be made
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115 - until the end
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, _Closed())
        elif stream.errors in {"strict", "surrogateescape"}:  # the latter in the C locale
            stream.reconfigure(errors="replace")


def _leave(code: int) -> NoReturn:
    """All is said. The interpreter's own end would take a while, in which no signal is heard, and wait for threads."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # what could not be shown was said, and is in the code
            continue
    os._exit(_ending().close(_lost_as_well(code)))


def _lost_as_well(code: int) -> int:
    """The exit code, where a closed stdout took what was to be shown: a fault that was found is still told by it."""
    if not isinstance(sys.stdout, _Closed) or not sys.stdout.lost:
        return code
    code = code or NOT_DONE
    try:
        os.write(2, b"portcheck: the output cannot be written: standard output is closed\n")
    except OSError:
        return code  # and nobody can be told
    return code


if __name__ == "__main__":
    main()
