"""Which unit tests Windows' Python runs, and why not the others."""

from __future__ import annotations

import re

from tests.wine.windows import Windows

LEFT_OUT = {
    "tests/cli/test_accessible.py": "starts the program for every test; what it says is no matter of the system",
    "tests/cli/test_demo.py": "starts the program for every test; the README's demo runs in test_system.py",
    "tests/cli/test_endings.py": "POSIX signals; what Windows has is in test_endings.py beside this file",
    "tests/cli/test_kills.py": "POSIX signals",
    "tests/cli/test_listen.py": "starts the program for every test; test_serving.py listens",
    "tests/cli/test_notify.py": "starts the program with apprise for every test; the event log is in test_system.py",
    "tests/cli/test_prompt.py": "pseudo-terminals are POSIX's",
    "tests/cli/test_starved.py": "limits of descriptors, memory and disks as POSIX has them",
    "tests/cli/test_stopped.py": "stops a process (SIGSTOP)",
    "tests/cli/test_streams.py": "a POSIX shell; what is redirected on Windows is in test_console.py",
    "tests/cli/test_stuck.py": "POSIX signals",
    "tests/cli/test_ui.py": "the board comes with an extra (textual)",
    "tests/cli/test_watch.py": "POSIX signals and terminals",
    "tests/cli/test_workers.py": "several processes of its own, each of which takes seconds to start under Wine",
    "tests/history/test_trouble.py": "starts the program up to ten times for a test",
    "tests/investigate/test_proxy_idle.py": "needs tinyproxy",
    "tests/render/request": "text alone, and two thousand of it",
    "tests/render/test_explain.py": "text alone",
    "tests/render/test_formats.py": "text alone; test_console.py writes every format there is",
    "tests/render/test_hostile.py": "text alone",
    "tests/render/test_html.py": "text alone",
    "tests/render/test_page.py": "needs Chromium",
    "tests/render/test_prometheus.py": "needs promtool",
    "tests/render/test_spreadsheet.py": "text alone",
    "tests/render/test_ui.py": "the board comes with an extra (textual)",
    "tests/server/test_limits.py": "sends nothing",
    "tests/server/test_listening.py": "a listener for every test takes minutes; test_serving.py has one",
    "tests/server/test_manners.py": "the answers of the demo's controllers; test_system.py has the demo",
    "tests/server/test_responder.py": "as the listener",
}
"""Files and folders. Single tests that are about another system say so by their marks, and pytest lists them."""
LONG = (
    "tests/config/test_bad.py::test_a_damaged_example_is_read_or_complained_about",
    "tests/config/test_bad.py::test_any_text_is_read_or_complained_about",
    "tests/engine/test_engine.py::test_ten_thousand_checks_stay_within_the_bound_and_all_land",
    "tests/engine/test_engine_ends.py::test_ten_thousand_checks_hold_little_memory_while_they_wait",
    "tests/history/test_runs.py::test_any_run_is_kept_and_comes_back",
    "tests/report/test_compare.py",
    "tests/report/test_linear.py",
)
"""Made-up examples and large numbers, which find on Linux what they would find here."""
LONGEST_S = 2400  # on a busy machine
RAN = re.compile(r"(\d+) passed")


def hold(windows: Windows, least: int, *folders: str) -> None:
    """So many of the tests in these folders pass, and none fails."""
    away = [word for path in LEFT_OUT if path.startswith(folders) for word in ("--ignore", path)]
    away += [word for test in LONG if test.startswith(folders) for word in ("--deselect", test)]
    asked = ("-q", "-p", "no:cacheprovider", "-m", "not lab and not wine", "-rfEs", "--durations=12")
    done = windows.run(windows.python, "-m", "pytest", *asked, *away, *folders, timeout=LONGEST_S)
    said = done.out.decode("utf-8", "replace")
    assert done.code == 0, said[-12000:] + done.err.decode("utf-8", "replace")[-2000:]
    passed = RAN.search(said)
    assert passed is not None
    assert int(passed[1]) >= least, said[-500:]
