"""Ctrl-C, Ctrl-Break and a closed window on Windows: what was found is printed, the exit code is 130.

A program whose input is a terminal has a console: to that one Ctrl-C itself is sent. Wine's GenerateConsoleCtrlEvent
knows no Ctrl-Break (it fails with 6), and its C library hears none: from CPython's own note of it on all is as it is on
Windows. Of a window that is closed the system calls CtrlRoutine in a thread of the process; so does the test.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wine.in_console import in_console, terminal
from tests.wine.windows import Windows, windows_path

DRIVER = """
import _thread, signal, sys, threading

def when_told():
    sys.stdin.buffer.read(1)
    {how}

threading.Thread(target=when_told, daemon=True).start()
sys.argv[0] = "portcheck"
from portcheck.__main__ import main
main()
"""
CLOSED = "import ctypes; ctypes.WinDLL('kernelbase').CtrlRoutine(ctypes.c_void_p(2))"  # CTRL_CLOSE_EVENT
HOW = {
    "Ctrl-C": "_thread.interrupt_main(signal.SIGINT)",
    "Ctrl-Break": "_thread.interrupt_main(signal.SIGBREAK)",
    "a closed window": CLOSED,
}


@pytest.fixture
def mute(tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """The forests file of a controller that accepts and never answers, and its port."""
    with socket.create_server(("127.0.0.1", 0)) as port:
        port.settimeout(600)
        path = tmp_path / "forests.toml"
        path.write_text(
            '[[forest]]\nname = "mute.test"\ndomain_controllers = ["127.0.0.1"]\n'
            f"ports = {{ ldap = {port.getsockname()[1]} }}\n"
        )
        yield windows_path(path), port


@pytest.mark.parametrize("how", HOW)
def test_what_was_found_is_kept(windows: Windows, mute: tuple[str, socket.socket], how: str) -> None:
    forests, port = mute
    asked = ("check", "-c", forests, "--only", "ldap", "--timeout", "100s", "--no-trace", "-f", "json")
    with windows.start(windows.python, "-c", DRIVER.format(how=HOW[how]), *asked) as program, port.accept()[0]:
        out, err = program.communicate(b"!", timeout=600)
    report = json.loads(out.decode("utf-8"))
    assert (program.returncode, report["interrupted"], report["summary"]["exit_code"]) == (130, True, 130)
    assert [forest["name"] for forest in report["forests"]] == ["mute.test"]
    assert b"Traceback" not in err


def test_ctrl_c_in_a_console_keeps_what_was_found(windows: Windows, mute: tuple[str, socket.socket]) -> None:
    forests, port = mute
    asked = ("check", "-c", forests, "--only", "ldap", "--timeout", "100s", "--no-trace", "-f", "json")
    with in_console(windows, *asked) as (program, press_ctrl_c), port.accept()[0]:
        press_ctrl_c()
        out, err = program.communicate(timeout=600)
    report = json.loads(out.decode("utf-8"))
    assert (program.returncode, report["interrupted"]) == (130, True)
    assert b"Traceback" not in err


ESCAPES = """
import ctypes, msvcrt
from portcheck.net.platform.console import obeys_escapes
screen, mode = open("CONOUT$", "w"), ctypes.c_uint()
handle = ctypes.c_void_p(msvcrt.get_osfhandle(screen.fileno()))
for asked in (lambda: None, lambda: obeys_escapes(screen)):
    obeyed = asked()
    ctypes.WinDLL("kernel32").GetConsoleMode(handle, ctypes.byref(mode))
    print(mode.value & 4, obeyed)
"""


def test_a_console_is_told_to_obey_escape_codes(windows: Windows) -> None:
    with terminal() as console, windows.start(windows.python, "-c", ESCAPES, stdin=console) as program:
        out, err = program.communicate(timeout=600)
    assert out.split() == [b"0", b"None", b"4", b"True"], err
