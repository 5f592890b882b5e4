"""One fuzz target a command: its words, a line each. Nothing is sent, and no file but this process's own is written."""

from __future__ import annotations

import asyncio
import io
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any
from unittest.mock import patch

from fuzz.files import FOLDER

from portcheck.cli import output
from portcheck.cli.app import COMMANDS, GROUPS, run
from portcheck.commands import demo

DOCUMENTED = {0, 1, 2, 3, 130}
ENDLESS = ("/dev", "/proc", "/sys")
"""Words that name these are left out: what they give has no end, or is waited for."""


class NotSentError(BaseException):
    """The command line was good, and this is where packets would go out."""


def _not_sent(coroutine: Any = None, **_: Any) -> None:
    if coroutine is not None:
        coroutine.close()
    raise NotSentError


class _NoRunner:
    def __init__(self, **_: Any) -> None:
        raise NotSentError


@contextmanager
def _nobody() -> Iterator[tuple[list[Any], bool]]:
    yield [], True


def command(name: str) -> Callable[[bytes], None]:
    def one(data: bytes) -> None:
        words = data.decode("utf-8", "surrogateescape").split("\n")
        if any(endless in data.decode("latin-1") for endless in ENDLESS):
            return
        FOLDER.mkdir(mode=0o700, exist_ok=True)
        streams = io.TextIOWrapper(io.BytesIO(), errors="replace"), io.TextIOWrapper(io.BytesIO(), errors="replace")
        own = {"PORTCHECK_STATE_DIR": str(FOLDER / "state"), "HOME": str(FOLDER), "XDG_CONFIG_HOME": str(FOLDER)}
        before = os.getcwd()  # noqa: PTH109 - as it was
        os.chdir(FOLDER)
        try:
            with (
                patch.dict(os.environ, own),
                patch.object(asyncio, "run", _not_sent),
                patch.object(asyncio, "Runner", _NoRunner),
                patch.object(demo, "embedded", _nobody),
                patch.object(output, "write_whole", lambda *_: None),
                patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(b""))),
                redirect_stdout(streams[0]),
                redirect_stderr(streams[1]),
            ):
                code = run([name, *words])
        except NotSentError:
            return
        finally:
            os.chdir(before)
        assert code in DOCUMENTED, code

    return one


LINES: Mapping[str, Callable[[bytes], None]] = {f"command-{name}": command(name) for name in (*COMMANDS, *GROUPS)}
