"""The unit tests that are about the program and not about Linux, run by Windows' Python in one go."""

from __future__ import annotations

import re

from tests.wine.windows import Windows

PORTABLE = (
    "files/test_text.py",
    "files/test_private.py",
    "config/test_durations.py",
    "config/test_target_list.py",
    "net/test_errors.py",
    "net/test_errors_table.py",
    "net/test_dns_servers.py",
    "net/test_winsock.py",
    "engine/test_naming.py",
    "cli/test_passwords.py",
    "schedule/test_units.py",
    "render/test_marks.py",
    "render/test_listening.py",
)
"""Left out: what signals, terminals and modes of files are about, what starts the program often, what takes time."""
RAN = re.compile(r"(\d+) passed")


def test_the_units_hold_on_windows(windows: Windows) -> None:
    asked = ("-q", "-p", "no:cacheprovider", "-m", "not lab and not wine", "-rfE", "--durations=5")
    done = windows.run(windows.python, "-m", "pytest", *asked, *(f"tests/{each}" for each in PORTABLE), timeout=600)
    said = done.out.decode("utf-8", "replace")
    assert done.code == 0, said[-12000:] + done.err.decode("utf-8", "replace")[-2000:]
    passed = RAN.search(said)
    assert passed is not None
    assert int(passed[1]) > 200, said[-500:]
