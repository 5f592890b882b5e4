"""A program whose input is a terminal has a console on Windows: Ctrl-C itself can be sent to it there."""

from __future__ import annotations

import os
import pty
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.wine.windows import Windows

DRIVER = """
import ctypes, socket, sys, threading

def when_told():
    with socket.create_connection(("127.0.0.1", {port})) as told:
        told.recv(1)
    ctypes.WinDLL("kernel32").GenerateConsoleCtrlEvent({event}, 0)

threading.Thread(target=when_told, daemon=True).start()
sys.argv[0] = "portcheck"
from portcheck.__main__ import main
main()
"""
CTRL_C = 0  # CTRL_C_EVENT


@contextmanager
def terminal() -> Iterator[int]:
    """One's descriptor, for a program's input."""
    ours, theirs = pty.openpty()
    try:
        yield theirs
    finally:
        os.close(ours)
        os.close(theirs)


@contextmanager
def in_console(windows: Windows, *words: str) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[], None]]]:
    """portcheck with these words, and what presses Ctrl-C. It is killed where it has not ended by itself."""
    with socket.create_server(("127.0.0.1", 0)) as teller, terminal() as console:
        teller.settimeout(600)
        code = DRIVER.format(port=teller.getsockname()[1], event=CTRL_C)
        with windows.start(windows.python, "-c", code, *words, stdin=console) as program:
            try:
                with teller.accept()[0] as told:
                    yield program, lambda: told.sendall(b"!")
            finally:
                program.kill()
