"""Ctrl-C, Ctrl-Break and a closed window on Windows: what was found is printed, the exit code is 130.

Wine has no console where there is no screen, so the event itself is not sent: from CPython's own note of it on, all is
as it is on Windows; of a closed window, from the handler that Windows calls.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

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
CLOSED = "from portcheck.net.platform import console; console._on_event(console.CLOSE)"
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
