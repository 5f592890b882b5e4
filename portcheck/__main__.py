"""The two entry points. `--version` answers before anything heavy is imported."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

INTERRUPTED = 130


def main() -> None:
    """`portcheck`."""
    try:
        _prepare_streams()
        if sys.argv[1:] == ["--version"]:
            _show_version()
            return
        _end_as_interrupted()
        code = _answer_at_once(sys.argv[1:])
        if code is None:
            from portcheck.cli.app import run

            code = run(sys.argv[1:])
    except KeyboardInterrupt:
        _leave(INTERRUPTED)
    _leave(code)


def check_portcheck() -> None:
    """`check_portcheck`: the same check as a monitoring plugin (exit 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN)."""
    try:
        _prepare_streams()
        _end_as_interrupted()
        from portcheck.cli.plugin import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        _leave(3)
    _leave(code)


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
    from portcheck import __version__

    try:
        print(f"portcheck {__version__}", flush=True)
    except OSError:  # nobody reads, or a full disk
        os._exit(3)


def _prepare_streams() -> None:
    """Streams may be closed, or know fewer letters than our texts: neither is worth a result."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - until the end
        elif stream.errors in {"strict", "surrogateescape"}:  # the latter in the C locale
            stream.reconfigure(errors="replace")


def _end_as_interrupted() -> None:
    """Whoever ends us politely, or closes the terminal, gets what Ctrl-C gets: what was found is kept and written."""
    import signal

    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        return  # started in the background of a shell, where the others mean what they always do
    for name in ("SIGTERM", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, lambda *_: signal.raise_signal(signal.SIGINT))


def _leave(code: int) -> NoReturn:
    """All is said: a Ctrl-C from here on has nothing left to interrupt."""
    try:
        import signal

        signal.signal(signal.SIGINT, signal.SIG_IGN)
    except KeyboardInterrupt:  # one more, just before
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    main()
