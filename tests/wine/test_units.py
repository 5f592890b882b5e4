"""The unit tests that are about the program and not about Linux, run by Windows' Python in one go."""

from __future__ import annotations

import re

from tests.wine.windows import Windows

PORTABLE = (
    "files",
    "cli/test_event_log.py",
    "cli/test_passwords.py",
    "config/test_config.py",
    "config/test_target.py",
    "engine/test_attending.py",
    "engine/test_own_fault.py",
    "history/test_plans.py",
    "history/test_runs.py",
    "investigate/test_case.py",
    "investigate/test_confirm.py",
    "investigate/test_confirm_table.py",
    "investigate/test_own_rules.py",
    "model/test_typed.py",
    "net/test_bounds.py",
    "net/test_dns_servers.py",
    "net/test_errors.py",
    "net/test_outbound_rules.py",
    "net/test_port_owners.py",
    "net/test_select_thread.py",
    "net/test_winsock.py",
    "report/test_round_trip.py",
    "schedule",
    "server/test_serving_loop.py",
)
"""Left out: what signals, terminals and modes of files are about, what starts the program often, what takes time."""
LONG = "tests/history/test_runs.py::test_any_run_is_kept_and_comes_back"
RAN = re.compile(r"(\d+) passed")


def test_the_units_hold_on_windows(windows: Windows) -> None:
    asked = ("-q", "-p", "no:cacheprovider", "-m", "not lab and not wine", "-rfE", "--durations=12", "--deselect", LONG)
    done = windows.run(windows.python, "-m", "pytest", *asked, *(f"tests/{each}" for each in PORTABLE), timeout=1800)
    said = done.out.decode("utf-8", "replace")
    assert done.code == 0, said[-12000:] + done.err.decode("utf-8", "replace")[-2000:]
    passed = RAN.search(said)
    assert passed is not None
    assert int(passed[1]) > 350, said[-500:]
